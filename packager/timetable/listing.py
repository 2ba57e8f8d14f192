"""Tables with a lesson in each row: when, which, and for whom."""

from dataclasses import dataclass, field
from datetime import date
from typing import Final

from packager.timetable.columns import LESSONS, Table, find_heading
from packager.timetable.day_table import DayReader, is_day_word, period_name
from packager.timetable.days import Days
from packager.timetable.entries import Pattern, name_lesson
from packager.timetable.findings import Findings
from packager.timetable.sheets import Sheet
from packager.timetable.times import (
    Weeks,
    parse_date,
    parse_span,
    parse_time,
    parse_weekday,
    parse_weeks,
    plain,
)

LONGEST: Final = 12 * 60
_NEEDED = (("date", "weekday"), ("start", "period"), ("lesson", "pack", "address"))


@dataclass
class Reading:
    """What reading a file needs to know, and what it found.

    Attributes:
        channel: names and titles of the channel, whose rows are taken.
        minutes: how long a lesson is of which no end is written.
        near: dates without a year are near it.
        days: the school's days.
        findings: what is wrong.
        others: how many rows were another channel's.
    """

    channel: frozenset[str]
    minutes: int
    near: date
    days: Days
    findings: Findings
    others: int = 0
    patterns: list[Pattern] = field(default_factory=list)


def is_list(sheet: Sheet) -> bool:
    """Say whether a sheet has the headings of a list of lessons."""
    heading = find_heading(sheet, LESSONS)
    return heading is not None and all(heading[1].keys() & set(names) for names in _NEEDED)


def read_list(sheet: Sheet, reading: Reading) -> None:
    """Take the rows of a list."""
    heading = find_heading(sheet, LESSONS)
    if heading is None:
        return
    days = DayReader(reading.days, reading.findings, reading.near)
    for where, cells in Table(sheet, heading, reading.findings).rows():
        if cells["day"] or (is_day_word(cells["lesson"]) and cells["date"]):
            word = cells["day"] or cells["lesson"]
            days.take(where, cells["date"], "", word)
        elif cells["channel"] and plain(cells["channel"]) not in reading.channel:
            reading.others += 1
        else:
            _take(where, cells, reading)


def _take(where: str, cells: dict[str, str], reading: Reading) -> None:
    naming = name_lesson(cells["pack"], cells["lesson"], cells["address"])
    on = _on(where, cells, reading)
    weeks = _weeks(where, cells["weeks"], reading)
    times = _times(where, cells, reading)
    if not (naming.pack or naming.lesson or naming.address):
        reading.findings.fault(where, "It names no lesson.")
    elif on is not None and weeks is not None and times is not None:
        reading.patterns.append(Pattern(on, *times, naming, where, cells["title"], weeks))


def _on(where: str, cells: dict[str, str], reading: Reading) -> date | int | None:
    day = parse_date(cells["date"], reading.near)
    weekday = parse_weekday(cells["weekday"] or cells["date"])
    if cells["date"] and day is None and weekday is None:
        reading.findings.fault(where, f"{cells['date']!r} is not a date. Write it like 2026-09-01.")
        return None
    if cells["weekday"] and weekday is None:
        reading.findings.fault(where, f"{cells['weekday']!r} is not a weekday.")
        return None
    if day is None:
        if weekday is None:
            reading.findings.fault(where, "It has neither a date nor a weekday.")
        return weekday
    if cells["weekday"] and weekday != day.isoweekday():
        reading.findings.fault(
            where, f"{day} is a {day:%A}, not {cells['weekday']}: perhaps the cells are shifted."
        )
        return None
    return day


def _weeks(where: str, text: str, reading: Reading) -> Weeks | None:
    weeks = parse_weeks(text)
    if weeks is None:
        reading.findings.fault(
            where, f"{text!r} does not say which weeks. Write odd, even, or numbers such as 1-8."
        )
    return weeks


def _times(where: str, cells: dict[str, str], reading: Reading) -> tuple[int, int] | None:
    """Give start and length, minutes."""
    span = parse_span(cells["start"]) or parse_span(cells["period"])
    if span is None and cells["start"]:
        reading.findings.fault(where, f"{cells['start']!r} is not a time. Write it like 08:30.")
        return None
    if span is None:
        span = find_period(where, cells["period"], reading)
        if span is None:
            return None
    start, end = span
    if cells["end"]:
        end = parse_time(cells["end"])
        if end is None:
            reading.findings.fault(where, f"{cells['end']!r} is not a time. Write it like 09:10.")
            return None
    minutes = _minutes(where, cells["minutes"], reading) if cells["minutes"] else None
    if cells["minutes"] and minutes is None:
        return None
    if minutes is None:
        minutes = end - start if end is not None else reading.minutes
    return checked(where, start, minutes, reading)


def find_period(where: str, name: str, reading: Reading) -> tuple[int, int] | None:
    """Give a period's times, as the file or the days say them."""
    found = reading.days.periods.get(period_name(name))
    if found is None:
        reading.findings.fault(
            where,
            "It has no time."
            if not name
            else f"Nobody says when the period {name!r} is: write a time such as 8:30-9:10 beside"
            " it, or rows with period, start and end among the days.",
        )
    return found


def checked(where: str, start: int, minutes: int, reading: Reading) -> tuple[int, int] | None:
    """Give start and length, if a lesson can be so long."""
    if not 1 <= minutes <= LONGEST:
        reading.findings.fault(where, "It ends before it begins, or lasts longer than 12 hours.")
        return None
    return start, minutes


def _minutes(where: str, text: str, reading: Reading) -> int | None:
    folded = plain(text).removesuffix("minutes").removesuffix("min").removesuffix("分钟").strip()
    if folded.isdecimal() and len(folded) <= len("9999"):
        return int(folded)
    reading.findings.fault(where, f"{text!r} is not a number of minutes.")
    return None
