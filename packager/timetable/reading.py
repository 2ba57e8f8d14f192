"""A timetable's file, whichever it is, and the days beside it, as lessons of single days."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from core.text import counted
from packager.timetable.day_table import DayReader, is_day_table
from packager.timetable.days import MOST_DAYS, Days, entries_of, moved_entries
from packager.timetable.entries import Entry, Pattern
from packager.timetable.findings import Findings
from packager.timetable.grid import find_days, read_grid
from packager.timetable.listing import Reading, is_list, read_list
from packager.timetable.sheets import Sheet, read_file, read_sheets


@dataclass(frozen=True)
class Request:
    """What is asked of a file.

    Attributes:
        names: of the channel, folded: rows of others are left out.
        zone: the channel's.
        first: the first day whose lessons are taken.
        last: the last one; None for what the days say.
        term: a day of the term's first week, if the person said so.
        minutes: how long lessons are of which no end is written.
        days: another file, with holidays and so on.
    """

    names: frozenset[str]
    zone: ZoneInfo
    first: date
    last: date | None = None
    term: date | None = None
    minutes: int = 40
    days: Path | None = None


@dataclass(frozen=True)
class Lessons:
    """What a file gave: the lessons from the first day to the last."""

    entries: list[Entry]
    first: date
    last: date


def read_lessons(
    path: Path, request: Request, findings: Findings, clock: Callable[[], float]
) -> Lessons:
    """Read a file.

    Args:
        path: the file.
        request: what is asked of it.
        findings: takes what is wrong with single rows or events.
        clock: gives monotonic seconds.

    Raises:
        PackhorseError: the file, or the one with the days, cannot be read at all.
    """
    data = read_file(path)
    days = Days()
    if request.days is not None:
        reader = DayReader(days, findings, request.first)
        for sheet in read_sheets(read_file(request.days), request.days.name):
            reader.read(sheet)
    found = _from_calendar(data, path.name, request, days, findings, clock)
    if found is None:
        found = _from_sheets(read_sheets(data, path.name), request, days, findings)
    if not found.entries and not findings.faults:
        findings.fault("", f"There is no lesson from {found.first} until {found.last}.")
    return found


def _range(request: Request, days: Days) -> tuple[date, date]:
    if request.term is not None:
        days.term = request.term
    furthest = request.first + timedelta(days=MOST_DAYS)
    last = request.last or days.last or furthest
    return request.first, min(last, furthest)


def _from_calendar(  # noqa: PLR0913, PLR0917 - all that reading needs
    data: bytes,
    what: str,
    request: Request,
    days: Days,
    findings: Findings,
    clock: Callable[[], float],
) -> Lessons | None:
    from packager.timetable.calendars import CalendarFile, is_calendar  # noqa: PLC0415 - heavy

    if not is_calendar(data):
        return None
    first, last = _range(request, days)
    calendar = CalendarFile(data, what, request.zone, findings, clock)
    # A make-up day is taught as a day that may lie outside.
    others = [one for one in days.taught.values() if isinstance(one, date)]
    week = timedelta(days=7)
    begin, end = min([first - week, *others]), max([last + week, *others])
    if (end - begin).days > 2 * MOST_DAYS:
        findings.fault("", "The days that others are taught as lie too far away.")
        return Lessons([], first, last)
    entries = calendar.entries(begin, end)
    return Lessons(moved_entries(entries, days, first, last), first, last)


def _from_sheets(sheets: list[Sheet], request: Request, days: Days, findings: Findings) -> Lessons:
    reading = Reading(request.names, request.minutes, request.first, days, findings)
    filled = [one for one in sheets if one.rows]
    tables = [one for one in filled if is_day_table(one)]
    for sheet in tables:
        DayReader(days, findings, request.first).read(sheet)
    known = len(tables)
    for sheet in (one for one in filled if one not in tables):
        if is_list(sheet):
            read_list(sheet, reading)
        elif find_days(sheet, request.first) is not None:
            read_grid(sheet, reading)
        else:
            findings.warn(sheet.name, "This is no timetable, and is left out.")
            continue
        known += 1
    if known == len(tables):
        findings.fault(
            "",
            "There is no timetable in it: neither a list whose first row names date or weekday,"
            " start, and lesson, nor a grid with weekdays above and periods at the left."
            " `packhorse pack timetable --template` prints one to fill in.",
        )
    if reading.others:
        findings.warn("", f"Left out: {counted(reading.others, 'row')} of other channels.")
    first, last = _range(request, days)
    _check_end(reading.patterns, request, days, findings)
    entries = entries_of(reading.patterns, days, first, last, findings)
    return Lessons(entries, first, last)


def _check_end(patterns: list[Pattern], request: Request, days: Days, findings: Findings) -> None:
    """Ask for the end of lessons that would be repeated for ever."""
    weekly = any(not isinstance(one.on, date) for one in patterns)
    if weekly and request.last is None and days.last is None:
        findings.fault(
            "", "Say until when the weekly lessons are given: add --until, or the term's end."
        )
