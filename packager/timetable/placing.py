"""From entries to a channel's lessons: which item, when in UTC, and what is wrong with it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, Literal, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from core.display import one_line
from core.manifest import Item
from core.text import counted
from core.timetable import MOST_SLOTS, Slot
from packager.timetable.entries import Entry
from packager.timetable.findings import Findings
from packager.timetable.known import Pack, item_title, seconds_of
from packager.timetable.matching import Matcher, UnmatchedError
from packager.timetable.times import clock_text

Overlap = Literal["refuse", "first"]
_EARLY: Final = 7 * 60
_LATE: Final = 22 * 60
_MOST_TITLE: Final = 300
_TOLERATED: Final = 15
"""Seconds by which a lesson may be longer than its time."""


@dataclass(frozen=True)
class Placing:
    """How entries are placed.

    Attributes:
        zone: the channel's.
        overlap: what happens where two overlap.
        leave_out_unknown: whether lessons that no pack has are left out, rather than refused.
    """

    zone: ZoneInfo
    overlap: Overlap = "refuse"
    leave_out_unknown: bool = False


class _Found(NamedTuple):
    entry: Entry
    slot: Slot


def place(
    entries: Sequence[Entry],
    matcher: Matcher,
    placing: Placing,
    shown: Sequence[Slot],
    findings: Findings,
) -> list[Slot]:
    """Give the lessons in order; what is wrong is told in ``findings``.

    Args:
        entries: of the file.
        matcher: finds items.
        placing: how.
        shown: lessons of the channel that stay and come before, in order.
        findings: takes what is wrong.
    """
    ordered = sorted(entries, key=lambda one: (one.day, one.start))
    courses = _Courses(shown)
    found: list[_Found] = []
    left_out = 0
    if len(ordered) > MOST_SLOTS:
        findings.fault("", f"It has more than {MOST_SLOTS} lessons. Publish one term at a time.")
    for entry in ordered[:MOST_SLOTS]:
        try:
            match = matcher.find(entry.naming)
        except UnmatchedError as error:
            left_out += 1
            if not placing.leave_out_unknown:
                findings.fault(entry.where, str(error))
            continue
        item = match.item or courses.following(match.pack, entry.day)
        if item is None:
            findings.warn(
                entry.where, f"{match.pack.id} has no more lessons: nothing on {entry.day}."
            )
            continue
        courses.note(match.pack, item)
        _check(entry, match.pack, item, findings)
        found.append(_Found(entry, _slot(entry, match.pack, item, placing.zone)))
    if left_out and placing.leave_out_unknown:
        some = counted(left_out, "lesson")
        findings.warn("", f"Left out: {some} that no known pack has.")
    return with_repeats(shown, _without_overlaps(found, placing.overlap, findings))


class _Courses:
    """What of each pack has been on, for lessons that are simply its next one."""

    def __init__(self, shown: Sequence[Slot]) -> None:
        self._shown = {(one.pack, one.item) for one in shown}

    def note(self, pack: Pack, item: Item) -> None:
        """Note that an item is on."""
        self._shown.add((pack.id, item.id))

    def following(self, pack: Pack, day: date) -> Item | None:
        """Give the first item of a pack that was not on yet and can be shown on a day."""
        return next(
            (
                one
                for one in pack.course
                if (pack.id, one.id) not in self._shown and _can_be_shown(pack, one, day)
            ),
            None,
        )


def _can_be_shown(pack: Pack, item: Item, day: date) -> bool:
    return not pack.is_withdrawn(item.id) and not _is_over(item, day)


def _is_over(item: Item, day: date) -> bool:
    return bool(item.valid_until) and day.isoformat() > str(item.valid_until)


def _slot(entry: Entry, pack: Pack, item: Item, zone: ZoneInfo) -> Slot:
    local = datetime.combine(entry.day, time(), zone) + timedelta(minutes=entry.start)
    title = one_line(entry.title, _MOST_TITLE)
    return Slot(
        start=max(0, int(local.astimezone(UTC).timestamp()) // 60),
        minutes=entry.minutes,
        pack=pack.id,
        item=item.id,
        title="" if title == item_title(item) else title,
    )


def _check(entry: Entry, pack: Pack, item: Item, findings: Findings) -> None:
    """Look whether the item can be shown then."""
    if pack.is_withdrawn(item.id):
        text = f"{_called(pack, item)} is withdrawn: publish it anew, or take another."
        findings.fault(entry.where, text)
    if _is_over(item, entry.day):
        text = f"{_called(pack, item)} may be shown until {item.valid_until} only."
        findings.fault(entry.where, text)
    seconds = seconds_of(item)
    if seconds > entry.minutes * 60 + _TOLERATED:
        findings.warn(
            entry.where,
            f"{_called(pack, item)} is {seconds // 60}:{seconds % 60:02} long, its time only"
            f" {entry.minutes} minutes: its end is not shown.",
        )
    if entry.start < _EARLY or entry.end > _LATE:
        findings.warn(
            entry.where,
            f"From {clock_text(entry.start)} for {entry.minutes} minutes is outside school hours.",
        )


def _called(pack: Pack, item: Item) -> str:
    return f"{pack.id}/{item.id} ({item_title(item)})"


def _without_overlaps(found: Sequence[_Found], overlap: Overlap, findings: Findings) -> list[Slot]:
    kept: list[_Found] = []
    for one in sorted(found, key=lambda one: one.slot.start):
        last = kept[-1] if kept else None
        if last is None or one.slot.start >= last.slot.end:
            kept.append(one)
            continue
        text = (
            f"{_name(one)} begins on {one.entry.day} at {clock_text(one.entry.start)}, while"
            f" {_name(last)} lasts until {clock_text(last.entry.end % (24 * 60))}"
            f" ({last.entry.where})."
        )
        if overlap == "first":
            findings.warn(one.entry.where, f"{text} It is left out.")
        else:
            findings.fault(one.entry.where, text)
    return [one.slot for one in kept]


def _name(found: _Found) -> str:
    return found.slot.title or str(found.entry.naming) or found.slot.item


def with_repeats(shown: Sequence[Slot], slots: Sequence[Slot]) -> list[Slot]:
    """Mark lessons whose item was on before."""
    before = {(one.pack, one.item) for one in shown}
    marked = []
    for one in slots:
        key = one.pack, one.item
        marked.append(msgspec.structs.replace(one, repeat=key in before))
        before.add(key)
    return marked


def local_day(slot: Slot, zone: ZoneInfo) -> date:
    """Give the date of a lesson where the channel is."""
    return datetime.fromtimestamp(slot.start * 60, UTC).astimezone(zone).date()
