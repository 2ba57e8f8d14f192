"""Texts from outside on a terminal: one line, harmless, and of a known width in cells."""

import unicodedata
from collections.abc import Mapping
from typing import Final

_ELLIPSIS: Final = "…"
# Needed to write Persian script, emoji and Mongolian; they move nothing.
_JOINERS: Final = {"\u200c", "\u200d", "\u180e"}
_MOST_MARKS: Final = 4
_LONGEST_TITLE: Final = 120


def one_line(text: str, limit: int = 300) -> str:
    """Make a text harmless: no control or direction characters, no line ends, bounded.

    Args:
        text: any text.
        limit: most characters kept.
    """
    kept: list[str] = []
    marks = 0
    for character in text[: 4 * limit]:
        category = unicodedata.category(character)
        marks = marks + 1 if category.startswith("M") else 0
        if category.startswith("Z") or category == "Cc":
            kept.append(" ")
        elif (not category.startswith("C") or character in _JOINERS) and marks <= _MOST_MARKS:
            kept.append(character)
    line = " ".join("".join(kept).split())
    return line if len(line) <= limit else line[: limit - 1] + _ELLIPSIS


def title_in(titles: Mapping[str, str], language: str, otherwise: str) -> str:
    """Choose a title, harmless: in the language, else in English or Chinese, else any.

    Args:
        titles: texts by language tag.
        language: primary language wanted, such as ``zh``.
        otherwise: what to call a thing without a title.
    """
    for wanted in (language, "en", "zh"):
        for tag, title in titles.items():
            if tag.partition("-")[0].lower() == wanted and (line := one_line(title)):
                return line
    lines = (one_line(title) for title in titles.values())
    return next((line for line in lines if line), otherwise)


def few_titles(titles: Mapping[str, str], most: int = 3) -> dict[str, str]:
    """Give those titles that a screen may need, short and harmless: publishers may write any.

    Args:
        titles: texts by language tag.
        most: how many at most; those in Chinese and English come first.
    """
    order = sorted(titles, key=lambda tag: tag.partition("-")[0].lower() not in {"zh", "en", ""})
    return {tag: one_line(titles[tag], _LONGEST_TITLE) for tag in order[:most]}


def cells(text: str) -> int:
    """Count the cells that a text takes in a terminal: Chinese two, marks none."""
    return sum(map(_cells, text))


def fit(text: str, width: int) -> str:
    """Cut or fill a text to exactly ``width`` cells."""
    if cells(text) > width:
        kept, taken = [], 1
        for character in text:
            taken += _cells(character)
            if taken > width:
                break
            kept.append(character)
        text = "".join(kept) + (_ELLIPSIS if width else "")
    return text + " " * (width - cells(text))


def _cells(character: str) -> int:
    if unicodedata.category(character) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1
