"""Lines of a known width: words stay whole, Chinese breaks between characters."""

import re
from typing import Final

from core.display import cells, fit

# A Chinese character with the punctuation that must not begin a line; a word; spaces.
_PIECES: Final = re.compile(
    r"[（《“‘]*[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef][，。；：！？、）》”’…]*"
    r"|[^\s\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef]+[，。；：！？、）》”’…]*|\s+"
)


def wrap(text: str, width: int, indent: int = 0) -> list[str]:
    """Break a text into lines of at most ``width`` cells; what follows the first is indented.

    Args:
        text: one line, harmless.
        width: cells.
        indent: cells before each line.
    """
    margin = " " * min(indent, max(0, width - 2))
    lines, line = [], margin
    for piece in _PIECES.findall(text):
        if cells(line) + cells(piece.rstrip()) > width and line.strip():
            lines.append(line.rstrip())
            line = margin
        if not line.strip() and piece.isspace():
            continue
        while cells(line) + cells(piece) > width and not piece.isspace():
            part = _head(piece, width - cells(line))
            lines.append(line + part)
            line, piece = margin, piece[len(part) :]  # noqa: PLW2901 - the rest of it
        line += piece
    return [*lines, line.rstrip()] if line.strip() or not lines else lines


def _head(piece: str, width: int) -> str:
    """Give what fits of a word, one character at least."""
    length = 1
    while length < len(piece) and cells(piece[: length + 1]) <= width:
        length += 1
    return piece[:length]


def clipped(text: str, width: int, most: int) -> list[str]:
    """Break a text into at most ``most`` lines; the last ends in an ellipsis if more would come."""
    lines = wrap(text, width) if text else []
    if len(lines) <= most:
        return lines
    last = fit(f"{lines[most - 1]} {lines[most]}", width).rstrip()
    return [*lines[: most - 1], last]
