"""How many lines each part of a sheet gets, so that every terminal shows what matters most."""

from dataclasses import dataclass
from typing import Final

from tui.views.sheet import Note, Sheet, Table
from tui.views.wrap import clipped, wrap

# The bar of screens above and the footer below.
_FRAME: Final = 2
_AIRY: Final = 18
_MESSAGE_FROM: Final = 12
_LEAST_BODY: Final = 5
_LEAST_NOTES: Final = 3
# The hours, seven days, and what is said below.
_WEEK: Final = 9
_MOST_HEADLINE: Final = 2
_MOST_DETAIL: Final = 3
# One at each side, and one for a scroll bar.
_MARGINS: Final = 3


@dataclass(frozen=True, slots=True)
class Room:
    """Texts broken into lines, and the lines that each part gets; a part with none is hidden.

    ``air`` stands around the headline, ``gap`` above the facts; a table that is alone with them
    takes all that is left.
    """

    headline: tuple[str, ...]
    detail: tuple[str, ...]
    notes: tuple[tuple[str, Note], ...]
    air: int
    table: int
    second: int
    progress: int
    note_lines: int
    gap: int
    facts: int
    message: int
    week: int


def room_for(sheet: Sheet, width: int, height: int) -> Room:
    """Share the lines of a terminal among the parts of a sheet."""
    text = max(4, width - _MARGINS)
    small = height < _MESSAGE_FROM
    short = small and bool(sheet.table or sheet.notes or sheet.progress)
    headline = clipped(sheet.headline, text, 1 if short else _MOST_HEADLINE)
    detail = clipped(sheet.detail, text, 1 if short else _MOST_DETAIL)
    air = int(height >= _AIRY)
    message = int(not small)
    left = height - _FRAME - message - 2 * air - len(headline) - len(detail)
    progress = 0
    if sheet.progress is not None:
        progress = min(2 if sheet.progress.share is not None else 1, max(0, left))
    left -= progress
    week = min(_WEEK, max(0, left)) if sheet.week is not None else 0
    left -= week
    alone = sheet.table is not None and sheet.table.head and not (sheet.second or sheet.notes)
    gap = int(bool(sheet.facts) and bool(air) and not alone)
    facts = max(0, min(len(sheet.facts), left - gap - _least(sheet)))
    notes = tuple(_note_lines(sheet, text))
    wanted = [_lines(sheet.table), _lines(sheet.second), len(notes)]
    after_table = bool(sheet.table) and bool(notes) and air
    wanted[2] += after_table
    menu = sheet.table is not None and not sheet.table.head
    lines = left - gap - facts
    weighty = sheet.weighty and wanted[0] + min(_LEAST_NOTES, wanted[2]) <= lines
    table, second, noted = share_out(wanted, lines, first=menu or weighty)
    if alone:
        table = max(0, left - facts)
    return Room(
        headline=tuple(headline), detail=tuple(detail), notes=notes, air=air, table=table,
        second=second, progress=progress, note_lines=noted, gap=gap, facts=facts, message=message,
        week=week,
    )  # fmt: skip


def share_out(wanted: list[int], lines: int, *, first: bool = False) -> list[int]:
    """Give each what it wants; where there are too few lines, an equal share.

    Args:
        wanted: lines that each wants.
        lines: how many there are.
        first: whether the first gets what it wants before all others.
    """
    given = [0] * len(wanted)
    left = max(0, lines)
    if first:
        given[0] = min(left, wanted[0])
        left -= given[0]
    while left and any(want > got for want, got in zip(wanted, given, strict=True)):
        for index, want in enumerate(wanted):
            if left and want > given[index]:
                given[index] += 1
                left -= 1
    return given


def _least(sheet: Sheet) -> int:
    return _LEAST_BODY if sheet.table or sheet.notes else 0


def _lines(table: Table | None) -> int:
    return len(table.rows) + table.head if table else 0


def _note_lines(sheet: Sheet, width: int) -> list[tuple[str, Note]]:
    return [
        (line, note)
        for note in sheet.notes
        for line in ([note.text] if note.code else wrap(note.text, width, note.indent))
    ]
