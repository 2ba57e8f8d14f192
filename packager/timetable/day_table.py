"""Tables of days: holidays, make-up days, the term, and the times of periods.

    date,until,day
    2026-09-01,,term start
    2026-10-01,2026-10-07,holiday
    2026-10-10,,Wednesday
    2027-01-15,,term end

and, beside it or alone, ``period,start,end``.
"""

from datetime import date
from typing import Final

from packager.timetable.columns import DAYS, Table, find_heading
from packager.timetable.days import MOST_DAYS, Days, days_between
from packager.timetable.findings import Findings
from packager.timetable.sheets import Sheet
from packager.timetable.times import parse_date, parse_span, parse_time, parse_weekday, plain

_OFF: Final = {
    "holiday", "off", "no lessons", "free", "放假", "假期", "休息", "休", "节假日", "停课", "假",
}  # fmt: skip
_START: Final = {"term start", "start of term", "开学", "学期开始", "开学日"}
_END: Final = {"term end", "end of term", "放寒假", "放暑假", "学期结束", "散学"}
_AS: Final = ("taught as", "as", "按", "补", "上", "调")
_TAIL: Final = ("的课", "课表", "上课", "课", "上")
_LESSONS: Final = {
    "lesson", "pack", "weekday", "课题", "课程", "课程包", "课", "课程名称", "星期",
}  # fmt: skip


def is_day_word(text: str) -> bool:
    """Say whether a text says of a day that it has no lessons, or begins or ends the term."""
    return plain(text) in _OFF | _START | _END


def is_day_table(sheet: Sheet) -> bool:
    """Say whether a sheet is about days or periods and not about lessons."""
    heading = find_heading(sheet, DAYS)
    if heading is None:
        return False
    columns = heading[1].keys()
    others = {plain(cell) for cell in sheet.rows[heading[0]][1]}
    return ("day" in columns or {"period", "start"} <= columns) and not others & _LESSONS


class DayReader:
    """Takes what tables say of days.

    Args:
        days: takes it.
        findings: takes what is wrong.
        near: dates without a year are near it.
    """

    def __init__(self, days: Days, findings: Findings, near: date) -> None:
        self._days = days
        self._findings = findings
        self._near = near

    def read(self, sheet: Sheet) -> None:
        """Take a table of days."""
        heading = find_heading(sheet, DAYS)
        if heading is None:
            self._findings.fault(
                sheet.name,
                "Its first row must name the columns: date, until and day, or period, start and"
                " end.",
            )
            return
        for where, cells in Table(sheet, heading, self._findings).rows():
            if cells["period"]:
                self._take_period(where, cells)
            elif cells["date"] or cells["day"]:
                self.take(where, cells["date"], cells["until"], cells["day"])

    def take(self, where: str, first: str, until: str, word: str) -> None:
        """Take one row about days."""
        start = parse_date(first, self._near)
        end = parse_date(until, self._near) if until else start
        if start is None or end is None:
            wrong = first if start is None else until
            self._findings.fault(where, f"{wrong!r} is not a date. Write it like 2026-09-01.")
        elif not 0 <= (end - start).days <= MOST_DAYS:
            self._findings.fault(where, f"From {start} until {end} are no days, or too many.")
        elif plain(word) in _START:
            self._days.term = start
        elif plain(word) in _END:
            self._days.last = start
        elif plain(word) in _OFF:
            self._days.taught |= dict.fromkeys(days_between(start, end))
        else:
            self._take_other(where, start, end, word)

    def _take_other(self, where: str, start: date, end: date, word: str) -> None:
        other = _stripped(plain(word))
        taught: date | int | None = parse_weekday(other) or parse_date(other, self._near)
        if taught is None or start != end:
            self._findings.fault(
                where,
                f"{word!r} does not say what happens that day: write holiday, a weekday such as"
                " Wednesday, a date, term start or term end.",
            )
            return
        self._days.taught[start] = taught

    def _take_period(self, where: str, cells: dict[str, str]) -> None:
        span = parse_span(cells["start"])
        end = parse_time(cells["end"]) if cells["end"] else span[1] if span else None
        if span is None or end is None or end <= span[0]:
            name = cells["period"]
            self._findings.fault(where, f"{name!r} has no times: write when it starts and ends.")
            return
        self._days.periods[period_name(cells["period"])] = (span[0], end)


def _stripped(word: str) -> str:
    for head in _AS:
        if word.startswith(head) and parse_weekday(word) is None:
            word = word.removeprefix(head).strip()
    for tail in _TAIL:
        word = word.removesuffix(tail).strip()
    return word


def period_name(text: str) -> str:
    """Give a period's name without words around its number: ``第3节`` is ``3``."""
    folded = plain(text).removeprefix("period").removeprefix("lesson").strip()
    folded = folded.removeprefix("第").removesuffix("节课").removesuffix("节").strip()
    digits = {name: str(number) for number, name in enumerate("一二三四五六七八九", 1)}
    return digits.get(folded, folded)
