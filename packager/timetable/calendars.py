"""Calendars (iCalendar), as any calendar program writes them.

Repetitions are worked out by libraries, between two days and within a time; a rule that no
timetable has (every second, or from the year 1601 on) is refused before.
"""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import icalendar
import recurring_ical_events

from core.display import one_line
from core.errors import RefusedError
from packager.timetable.entries import Entry, name_lesson
from packager.timetable.findings import Findings
from packager.timetable.listing import LONGEST

MOST_EVENTS: Final = 20_000
_MOST_PARTS: Final = 60_000
_MOST_SECONDS: Final = 20
_OLDEST: Final = timedelta(days=20 * 366)
_RULES: Final = {"DAILY", "WEEKLY", "MONTHLY", "YEARLY"}
_TOO_FINE: Final = ("BYSECOND", "BYMINUTE", "BYHOUR")
_SPACES = re.compile(r"\s+")
# What the two libraries raise for calendars that are not as they should be.
_DAMAGED: Final = (
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    ArithmeticError,
    RecursionError,
    NotImplementedError,
    AssertionError,
    RuntimeError,
)


def is_calendar(data: bytes) -> bool:
    """Say whether a file is a calendar."""
    return data.lstrip(b"\xef\xbb\xbf \t\r\n")[:15].upper() == b"BEGIN:VCALENDAR"


class CalendarFile:
    """Reads the lessons of a calendar.

    Args:
        data: the file's bytes.
        what: names it in sentences.
        zone: the channel's; times without a zone are in it.
        findings: takes what is wrong with single events.
        clock: gives monotonic seconds.

    Raises:
        RefusedError: it is damaged, or has too many events.
    """

    def __init__(
        self,
        data: bytes,
        what: str,
        zone: ZoneInfo,
        findings: Findings,
        clock: Callable[[], float],
    ) -> None:
        self._what = what
        self._zone = zone
        self._findings = findings
        self._clock = clock
        upper = data.upper()
        if upper.count(b"BEGIN:VEVENT") > MOST_EVENTS or upper.count(b"BEGIN:") > _MOST_PARTS:
            raise RefusedError(
                "{what} has more than {most} events.",
                hint="Export the calendar of one class, for one term.",
                what=what,
                most=MOST_EVENTS,
            )
        try:
            self._events = self._read(data)
        except _DAMAGED as error:
            raise self._damaged() from error

    def entries(self, first: date, last: date) -> list[Entry]:
        """Give the lessons of the days from the first to the last.

        Raises:
            RefusedError: the repetitions cannot be worked out, or take too long.
        """
        begin = datetime.combine(first, time(), self._zone).astimezone(UTC)
        end = datetime.combine(last + timedelta(days=1), time(), self._zone).astimezone(UTC)
        kept = [one for one in self._events if self._is_usable(one, begin)]
        calendar = icalendar.Calendar()
        calendar.subcomponents = kept
        try:
            found = self._occurrences(calendar, begin, end)
        except _DAMAGED as error:
            raise self._damaged() from error
        entries = [entry for one in found if (entry := self._entry(one)) is not None]
        return [one for one in entries if first <= one.day <= last]

    def _read(self, data: bytes) -> list[Any]:
        calendars = icalendar.Calendar.from_ical(data, multiple=True)
        events = []
        for calendar in calendars:
            events += calendar.walk("VEVENT")
        return events

    def _occurrences(self, calendar: Any, begin: datetime, end: datetime) -> list[Any]:  # noqa: ANN401 - the library's
        started = self._clock()
        found = []
        for series in recurring_ical_events.of(calendar).series:
            found += [one.as_component(False) for one in series.between(begin, end)]  # noqa: FBT003 - the library's
            if self._clock() - started > _MOST_SECONDS or len(found) > MOST_EVENTS:
                raise RefusedError(
                    "{what} repeats its events in too many ways.",
                    hint="Export the calendar of one class, for one term.",
                    what=self._what,
                )
        return found

    def _is_usable(self, event: Any, begin: datetime) -> bool:  # noqa: ANN401 - the library's
        """Say whether an event can be a lesson's; note why not."""
        where = _where(event)
        start = _moment(event, "DTSTART")
        if str(event.get("STATUS", "")).upper() == "CANCELLED" and "RECURRENCE-ID" not in event:
            return False
        if start is None:
            self._findings.fault(where, "Nobody can read when it begins.")
        elif not isinstance(start, datetime):
            self._findings.warn(where, "It takes all day, so it is no lesson and is left out.")
        elif zone := _unknown_zone(event):
            self._findings.fault(
                where, f"There is no time zone {zone!r}. Set the event's zone and export it again."
            )
        elif fault := _rule_fault(event, start, begin):
            self._findings.fault(where, fault)
        else:
            return True
        return False

    def _entry(self, event: Any) -> Entry | None:  # noqa: ANN401 - the library's
        where = _where(event)
        start, end = _moment(event, "DTSTART"), _moment(event, "DTEND")
        if not isinstance(start, datetime) or not isinstance(end, datetime):
            self._findings.fault(where, "Nobody can read when it ends.")
            return None
        if str(event.get("STATUS", "")).upper() == "CANCELLED":
            return None
        here = self._local(start)
        minutes = round((self._local(end) - here).total_seconds() / 60)
        if not 1 <= minutes <= LONGEST:
            self._findings.fault(where, "It ends before it begins, or lasts longer than 12 hours.")
            return None
        title = _text(event, "SUMMARY")
        texts = [_text(event, name) for name in ("X-PACKHORSE-ITEM", "URL", "LOCATION",
                                                 "DESCRIPTION")]  # fmt: skip
        naming = name_lesson("", title, *texts)
        return Entry(
            here.date(), here.hour * 60 + here.minute, minutes, naming, where,
            title if naming.address else "",
        )  # fmt: skip

    def _local(self, moment: datetime) -> datetime:
        """Give a moment in the channel's zone."""
        if moment.tzinfo is None:
            return moment.replace(tzinfo=self._zone)
        return moment.astimezone(self._zone)

    def _damaged(self) -> RefusedError:
        return RefusedError(
            "{what} is damaged, or no calendar.",
            hint="Export it again from the calendar program, as iCalendar (.ics).",
            what=self._what,
        )


def _moment(event: Any, name: str) -> Any:  # noqa: ANN401 - the library's
    """Give a property's date or time; None when it is not there, or broken."""
    found = _part(event.get(name), "dt", None)
    return found if isinstance(found, date) else None


def _part(value: Any, name: str, otherwise: Any) -> Any:  # noqa: ANN401 - the library's
    """Give a part of a property, which raises for one that is broken."""
    try:
        return getattr(value, name, otherwise)
    except _DAMAGED:
        return otherwise


def _unknown_zone(event: Any) -> str:  # noqa: ANN401 - the library's
    """Name a zone that neither the file nor this computer knows; empty when there is none."""
    for name in ("DTSTART", "DTEND", "RECURRENCE-ID"):
        value = event.get(name)
        zone = str(_part(value, "params", {}).get("TZID", ""))
        moment = _moment(event, name)
        if zone and isinstance(moment, datetime) and moment.tzinfo is None:
            return one_line(zone, 60)
    return ""


def _rule_fault(event: Any, start: datetime, begin: datetime) -> str:  # noqa: ANN401 - the library's
    """Say why an event's rule is none of a timetable."""
    rules = event.get("RRULE")
    if rules is None:
        return ""
    aware = start if start.tzinfo else start.replace(tzinfo=UTC)
    if begin - aware > _OLDEST:
        return "It has been repeated for more than twenty years. Begin it anew this term."
    for rule in rules if isinstance(rules, list) else [rules]:
        values = {str(name).upper(): value for name, value in _part(rule, "items", dict)()}
        frequency = {str(one).upper() for one in values.get("FREQ", [])}
        if not frequency <= _RULES or not frequency or any(one in values for one in _TOO_FINE):
            return "It is repeated in a way that no timetable has. Repeat it daily or weekly."
    return ""


def _where(event: Any) -> str:  # noqa: ANN401 - the library's
    title = _text(event, "SUMMARY")[:60]
    start = _moment(event, "DTSTART")
    when = f" of {start:%Y-%m-%d %H:%M}" if isinstance(start, datetime) else (
        f" of {start}" if start else "")  # fmt: skip
    return f"event {title!r}{when}" if title else f"an event without a title{when}"


def _text(event: Any, name: str) -> str:  # noqa: ANN401 - the library's
    value = event.get(name)
    if isinstance(value, list):
        value = value[0] if value else ""
    try:
        text = str(value) if value is not None else ""
    except _DAMAGED:
        return ""
    return one_line(_SPACES.sub(" ", text), 2000)
