"""Which days are taught, and as which: the term, holidays, make-up days, and the periods' times."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final

from core.text import counted
from packager.timetable.entries import Entry, Pattern
from packager.timetable.findings import Findings
from packager.timetable.times import EVERY_WEEK

MOST_DAYS: Final = 400
_WEEK: Final = timedelta(days=7)


@dataclass
class Days:
    """A school's days.

    Attributes:
        term: a day of the term's first week; None when nobody said so.
        last: the term's last day; None when nobody said so.
        taught: for single days: None when there are no lessons, else the weekday (1 to 7) or the
            date as which it is taught.
        periods: start and end of each period, minutes since midnight.
    """

    term: date | None = None
    last: date | None = None
    taught: dict[date, date | int | None] = field(default_factory=dict)
    periods: dict[str, tuple[int, int]] = field(default_factory=dict)

    def source(self, day: date) -> tuple[date, int] | None:
        """Give the date and the weekday as which a day is taught; None when it is not."""
        as_what = self.taught.get(day, day)
        if as_what is None:
            return None
        if isinstance(as_what, int):
            return day, as_what
        return as_what, as_what.isoweekday()

    def week(self, day: date) -> int | None:
        """Give the number of a day's week in the term; None when the term's start is not known."""
        if self.term is None:
            return None
        return (_monday(day) - _monday(self.term)) // _WEEK + 1


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def days_between(first: date, last: date) -> Iterator[date]:
    """Give the days from the first to the last."""
    for number in range((last - first).days + 1):
        yield first + timedelta(days=number)


def entries_of(
    patterns: Sequence[Pattern], days: Days, first: date, last: date, findings: Findings
) -> list[Entry]:
    """Give the lessons of all days from the first to the last.

    A lesson with a date of its own takes place on it, whatever the days say.
    """
    dated = _dated(patterns, days, findings)
    _tell_left_out(dated, first, last, findings)
    weekly = [one for one in patterns if not isinstance(one.on, date)]
    if days.term is None:
        for one in weekly:
            if one.weeks != EVERY_WEEK:
                findings.fault(
                    one.where,
                    "Weeks are counted from the term's start, which nobody said:"
                    " add --term-start, or a row of the days.",
                )
    found = [one for one in dated if first <= one.day <= last]
    for day in days_between(first, last):
        source = days.source(day)
        if source is not None:
            found += [_entry(one, day) for one in weekly if _is_on(one, source, days)]
    return found


def _dated(patterns: Sequence[Pattern], days: Days, findings: Findings) -> list[Entry]:
    """Give the lessons that have a date of their own."""
    found = []
    for one in patterns:
        if isinstance(one.on, date):
            found.append(_entry(one, one.on))
            if days.taught.get(one.on, one.on) is None:
                findings.warn(one.where, f"{one.on} is a day without lessons.")
    return found


def _tell_left_out(entries: Sequence[Entry], first: date, last: date, findings: Findings) -> None:
    early = [one for one in entries if one.day < first]
    late = [one for one in entries if one.day > last]
    for left, word in ((early, f"before {first}"), (late, f"after {last}")):
        if left:
            some = counted(len(left), "lesson")
            findings.warn("", f"Left out: {some} {word}, from {left[0].where} on.")


def _is_on(one: Pattern, source: tuple[date, int], days: Days) -> bool:
    day, weekday = source
    number = days.week(day)
    in_term = number is None or number >= 1
    return one.on == weekday and in_term and (number is None or one.weeks.has(number))


def _entry(one: Pattern, day: date) -> Entry:
    return Entry(day, one.start, one.minutes, one.naming, one.where, one.title)


def moved_entries(entries: Sequence[Entry], days: Days, first: date, last: date) -> list[Entry]:
    """Let holidays and make-up days count for lessons of a calendar."""
    on: dict[date, list[Entry]] = {}
    for one in entries:
        on.setdefault(one.day, []).append(one)
    found: list[Entry] = []
    for day in days_between(first, last):
        source = days.source(day)
        if source is None:
            continue
        date_of, weekday = source
        origin = date_of + timedelta(days=weekday - date_of.isoweekday())
        found += [one._replace(day=day) for one in on.get(origin, [])]
    return found
