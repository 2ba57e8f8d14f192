"""Channels within a publisher's assignment: put one in, take one out, and what that changes."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from core.assignment import EVERYBODY, Assignment, encode_assignment
from core.display import one_line
from core.errors import UsageError
from core.timetable import Channel, Slot
from packager.timetable.placing import local_day, with_repeats

KEPT_DAYS: Final = 60
"""How long lessons that are over stay in the timetable."""
_NAMED: Final = 20
_NEAR: Final = 14 * 24 * 60
"""Minutes within which a lesson that goes and comes again has moved."""


@dataclass
class Week:
    """What changes in one week.

    Attributes:
        monday: its first day.
        added: lessons that come.
        removed: lessons that go.
        moved: lessons that stay and take place at another time: before, and from now on.
    """

    monday: date
    added: list[Slot] = field(default_factory=list)
    removed: list[Slot] = field(default_factory=list)
    moved: list[tuple[Slot, Slot]] = field(default_factory=list)


def staying(
    channel: Channel | None, first: date, last: date, zone: ZoneInfo
) -> tuple[list[Slot], list[Slot]]:
    """Give the published lessons before the first day and after the last, which stay."""
    begin, end = _minute(first, zone), _minute(last + timedelta(days=1), zone)
    slots = recent(channel, first, zone)
    return [one for one in slots if one.start < begin], [one for one in slots if one.start >= end]


def recent(channel: Channel | None, first: date, zone: ZoneInfo) -> list[Slot]:
    """Give the published lessons without those that were over long before the first day."""
    oldest = _minute(first - timedelta(days=KEPT_DAYS), zone)
    return [one for one in channel.slots if one.start >= oldest] if channel else []


def joined(before: Sequence[Slot], new: Sequence[Slot], after: Sequence[Slot]) -> list[Slot]:
    """Put lessons together; those at the edges that new ones reach into go."""
    end = new[-1].end if new else 0
    begin = new[0].start if new else 0
    kept = [one for one in before if not new or one.end <= begin]
    rest = [one for one in after if one.start >= end]
    return [*kept, *with_repeats(kept, [*new, *rest])]


def weeks_of(old: Sequence[Slot], new: Sequence[Slot], zone: ZoneInfo) -> list[Week]:
    """Say what changes, by the week in which a lesson was or is."""
    weeks: dict[date, Week] = {}

    def week(slot: Slot) -> Week:
        day = local_day(slot, zone)
        monday = day - timedelta(days=day.weekday())
        return weeks.setdefault(monday, Week(monday))

    keep = {_key(one) for one in old} & {_key(one) for one in new}
    gone = [one for one in old if _key(one) not in keep]
    come: dict[tuple[str, str], list[Slot]] = {}
    for one in (one for one in new if _key(one) not in keep):
        come.setdefault((one.pack, one.item), []).append(one)
    for one in gone:
        others = come.get((one.pack, one.item), [])
        near = next((other for other in others if abs(other.start - one.start) <= _NEAR), None)
        if near is None:
            week(one).removed.append(one)
        else:
            others.remove(near)
            week(one).moved.append((one, near))
    for others in come.values():
        for one in others:
            week(one).added.append(one)
    return [weeks[monday] for monday in sorted(weeks)]


def _key(slot: Slot) -> Slot:
    """Give what makes a lesson the same for people: all but whether it was on before."""
    return msgspec.structs.replace(slot, repeat=False)


def find_channel(assignment: Assignment | None, name: str) -> Channel | None:
    """Find a channel by its id."""
    channels = assignment.channels if assignment else []
    return next((one for one in channels if one.id == name), None)


def with_channel(
    assignment: Assignment | None, place: str, channel: Channel, published: str
) -> Assignment:
    """Give an assignment that has a channel, in the place of one of its name.

    Raises:
        UsageError: its group is not there.
    """
    old = assignment or Assignment(place=place)
    if channel.group != EVERYBODY and channel.group not in old.groups:
        raise UsageError(
            "There is no group {group} in the assignment of {place}.",
            hint="Its groups are: {groups}. * is every school. New ones are made with"
            " `packhorse pack assign`."
            if old.groups
            else "It has no groups yet: * is every school; others are made with"
            " `packhorse pack assign`.",
            group=repr(one_line(channel.group)[:60]),
            place=place,
            groups=", ".join(sorted(old.groups)[:_NAMED]),
        )
    others = [one for one in old.channels if one.id != channel.id]
    channels = sorted([*others, channel], key=lambda one: one.id)
    return msgspec.structs.replace(old, channels=channels, published=published)


def without_channel(assignment: Assignment, name: str, published: str) -> Assignment | None:
    """Give an assignment without a channel; None when nothing is left of it."""
    channels = [one for one in assignment.channels if one.id != name]
    if not (channels or assignment.rules or assignment.groups):
        return None
    return msgspec.structs.replace(assignment, channels=channels, published=published)


def keeping_channels(new: Assignment | None, old: Assignment | None) -> Assignment | None:
    """Give what ``pack assign`` publishes: the channels that are there stay.

    Args:
        new: groups and rules; None to take them away.
        old: what is published.

    Raises:
        UsageError: a group of which a channel is would go.
    """
    channels = old.channels if old else []
    if not channels or old is None:
        return new
    if new is None:
        used = {one.group for one in channels}
        groups = {name: schools for name, schools in old.groups.items() if name in used}
        return msgspec.structs.replace(old, groups=groups, rules=[])
    for one in channels:
        if one.group != EVERYBODY and one.group not in new.groups:
            raise UsageError(
                "The timetable {channel} is for the group {group}, which the table lacks.",
                hint="Keep the group, or give the timetable another one first, or take it away:"
                " `packhorse pack timetable --channel {channel} --remove`.",
                channel=one.id,
                group=one.group,
            )
    return msgspec.structs.replace(new, channels=channels)


def encoded_size(assignment: Assignment | None) -> int:
    """Give how many bytes a school fetches of an assignment."""
    return len(encode_assignment(assignment)) if assignment else 0


def _minute(day: date, zone: ZoneInfo) -> int:
    return int(datetime.combine(day, time(), zone).timestamp()) // 60
