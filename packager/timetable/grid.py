"""The usual weekly grid: a row for each period, a column for each weekday, a lesson in each cell.

A cell may hold several lessons on lines of their own, each for odd or even weeks: ``分数（单周）``.
"""

import re
from datetime import date
from typing import Final

from core.display import one_line
from packager.timetable.entries import Pattern, name_lesson
from packager.timetable.listing import Reading, checked, find_period
from packager.timetable.sheets import Sheet
from packager.timetable.times import (
    EVERY_WEEK,
    Weeks,
    parse_date,
    parse_span,
    parse_weekday,
    parse_weeks,
    plain,
)

_LOOKED_AT: Final = 15
_ENOUGH: Final = 2
_LINES = re.compile(r"[\n;；]+")
_SPAN = re.compile(r"\d{1,2}\s*[:：]\s*\d{2}(?:\s*[-–—~～至到]\s*\d{1,2}\s*[:：]\s*\d{2})?")
_WEEKS = re.compile(r"[(（\[]\s*([^()（）\[\]]{1,20})\s*[)）\]]\s*\Z")
_ONE_PARITY: Final = {"单": "odd", "双": "even"}
_NOTHING: Final = {"", "-", "--", "/", "无", "空", "none", "x"}


def find_days(sheet: Sheet, near: date) -> tuple[int, dict[int, date | int]] | None:
    """Find the row that names weekdays or dates; give its place, and the day of each column."""
    for place, (_, cells) in enumerate(sheet.rows[:_LOOKED_AT]):
        found: dict[int, date | int] = {}
        for column, cell in enumerate(cells):
            day = parse_date(cell, near) or parse_weekday(cell)
            if day is not None:
                found[column] = day
        # A title over merged cells, or a list's first lesson, is no heading.
        if len(set(found.values())) >= _ENOUGH and len(set(found.values())) == len(found):
            return place, found
    return None


def weeks_of_name(name: str) -> Weeks:
    """Give the weeks that a sheet's name says it is for: one may be for odd, one for even."""
    folded = plain(name)
    for word in ("单周", "双周", "odd", "even"):
        if word in folded:
            return parse_weeks(word) or EVERY_WEEK
    return EVERY_WEEK


def read_grid(sheet: Sheet, reading: Reading) -> None:
    """Take the cells of a grid."""
    heading = find_days(sheet, reading.near)
    if heading is not None:
        _Grid(sheet, heading, reading).read()


class _Grid:
    def __init__(
        self, sheet: Sheet, heading: tuple[int, dict[int, date | int]], reading: Reading
    ) -> None:
        place, self._columns = heading
        self._sheet = sheet
        self._reading = reading
        self._first, self._last = min(self._columns), max(self._columns)
        self._rows = sheet.rows[place + 1 :]
        self._times = [_row_times(cells[: self._first]) for _, cells in self._rows]
        self._weeks = weeks_of_name(sheet.name)

    def read(self) -> None:
        for index, (number, cells) in enumerate(self._rows):
            if any(cells[self._last + 1 :]):
                where = self._sheet.where(number)
                text = "What stands right of the last weekday is left out."
                self._reading.findings.warn(where, text)
            filled = [column for column in self._columns if self._has_lesson(number, column, cells)]
            span = self._span(index) if filled else None
            if span is not None:
                for column in filled:
                    self._take(index, column, span)

    def _has_lesson(self, number: int, column: int, cells: list[str]) -> bool:
        if column >= len(cells) or (number, column) in self._sheet.covered:
            return False
        return plain(cells[column]) not in _NOTHING

    def _span(self, index: int) -> tuple[int, int] | None:
        """Give when a row's lessons begin and end."""
        start, end = self._times[index]
        if start is not None:
            return start, end if end is not None else start + self._reading.minutes
        number, cells = self._rows[index]
        names = [cell for cell in cells[: self._first] if cell]
        return find_period(self._sheet.where(number), names[-1] if names else "", self._reading)

    def _take(self, index: int, column: int, span: tuple[int, int]) -> None:
        number, cells = self._rows[index]
        where = self._sheet.where(number, column)
        rows = self._sheet.merged.get((number, column), 1)
        below = self._span(min(index + rows, len(self._rows)) - 1) if rows > 1 else None
        slot = checked(where, span[0], (below or span)[1] - span[0], self._reading)
        if slot is None:
            return
        for line in _LINES.split(cells[column]):
            name, weeks = _without_weeks(one_line(line, 1000))
            if name:
                pattern = Pattern(
                    self._columns[column], *slot, name_lesson("", name), where,
                    weeks=weeks or self._weeks,
                )  # fmt: skip
                self._reading.patterns.append(pattern)


def _without_weeks(text: str) -> tuple[str, Weeks | None]:
    found = _WEEKS.search(text)
    if found:
        word = plain(found[1])
        weeks = parse_weeks(_ONE_PARITY.get(word, word))
        if weeks is not None:
            return text[: found.start()].strip(), weeks
    return text, None


def _row_times(heads: list[str]) -> tuple[int | None, int | None]:
    """Find the times that stand left of a row's lessons, in one cell or in two."""
    spans = [span for head in heads for one in _SPAN.findall(head) if (span := parse_span(one))]
    if not spans:
        return None, None
    start, end = spans[0]
    if end is None and len(spans) > 1:
        end = spans[1][0]
    return start, end
