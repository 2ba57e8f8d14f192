"""All that a screen can show, as data: every screen is made of these parts, in this order."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from core.display import cells, fit
from tui.views.week import WeekSheet

Mood = Literal["good", "busy", "bad", "plain"]

# A column keeps this many cells, or others give way.
_LEAST_FLEXIBLE: Final = 10
_GAP: Final = 2


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    Attributes:
        label: its head; may be empty.
        width: cells; 0 for what the others leave.
        right: whether its texts stand at the right, as numbers do.
        rank: where there is no room for all, columns of higher rank are left out first.
    """

    label: str
    width: int = 0
    right: bool = False
    rank: int = 0


@dataclass(frozen=True, slots=True)
class Cell:
    """A text in a table, harmless already."""

    text: str
    mood: Mood = "plain"


@dataclass(frozen=True, slots=True)
class Row:
    """A row; ``key`` is what the screen calls it."""

    key: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A table; ``head`` says whether its columns' labels are shown."""

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    head: bool = True


@dataclass(frozen=True, slots=True)
class Progress:
    """What is going on: words, and how far it is; None where nobody knows."""

    text: str
    share: float | None = None


@dataclass(frozen=True, slots=True)
class Fact:
    """A label and its value; ``share`` draws a bar behind it."""

    label: str
    value: str
    mood: Mood = "plain"
    share: float | None = None


@dataclass(frozen=True, slots=True)
class Note:
    """A paragraph; ``code`` is drawn black on white as it is, and never wrapped."""

    text: str
    mood: Mood = "plain"
    indent: int = 0
    code: bool = False


@dataclass(frozen=True, slots=True)
class Sheet:
    """One screen at one moment.

    Attributes:
        headline: what matters most.
        detail: what to do about it, or why it is so; may be empty.
        week: the hours of the line, in the place of tables.
        weighty: whether the table comes before the notes, where there is no room for both.
        keys: what the footer offers, key and words.
    """

    headline: str
    detail: str = ""
    mood: Mood = "plain"
    table: Table | None = None
    second: Table | None = None
    progress: Progress | None = None
    notes: tuple[Note, ...] = ()
    facts: tuple[Fact, ...] = ()
    keys: tuple[tuple[str, str], ...] = ()
    week: WeekSheet | None = None
    weighty: bool = False


def layout(columns: Sequence[Column], width: int) -> list[tuple[int, int]]:
    """Choose the columns that fit into ``width`` cells: index and width of each."""
    chosen = list(range(len(columns)))
    while len(chosen) > 1 and _needed(columns, chosen) > width:
        chosen.remove(max(chosen, key=lambda index: (columns[index].rank, index)))
    fixed = sum(columns[index].width for index in chosen) + _GAP * (len(chosen) - 1)
    left = max(0, width - fixed)
    flexible = sum(1 for index in chosen if not columns[index].width)
    share = left // flexible if flexible else 0
    return [(index, min(columns[index].width or share, width)) for index in chosen]


def line(columns: Sequence[Column], row: Sequence[Cell], width: int) -> list[Cell]:
    """Lay a row out: texts of exact widths, gaps among them, ``width`` cells together."""
    parts: list[Cell] = []
    for index, room in layout(columns, width):
        if parts:
            parts.append(Cell(" " * _GAP))
        text = fit(row[index].text, min(room, max(cells(row[index].text), 0)))
        space = " " * (room - cells(text))
        shown = space + text if columns[index].right else text + space
        parts.append(Cell(shown, row[index].mood))
    rest = width - sum(cells(part.text) for part in parts)
    return [*parts, Cell(" " * rest)] if rest > 0 else parts


def _needed(columns: Sequence[Column], chosen: Sequence[int]) -> int:
    return sum(columns[index].width or _LEAST_FLEXIBLE for index in chosen) + _GAP * (
        len(chosen) - 1
    )
