"""A channel's lessons day by day, with what teachers changed; and what may be changed. Pure."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Final

from cache.journal_changes import KeptChange
from core.timetable import Change, ChangeKind, Channel, Placed, Slot, effective
from edge_client.portal.errors import N_

DAYS: Final = 7
"""How many days are shown, today included."""
_DAY: Final = 24 * 60
_FARTHEST: Final = 60 * _DAY


@dataclass(frozen=True, slots=True)
class Row:
    """One lesson of a channel.

    Attributes:
        slot: as it takes place; a cancelled one as it was published.
        published: the start that the publisher gave it.
        changed: what a teacher did to it; None when nothing.
        key: published start of the lesson under which that change is kept.
        teacher: who changed it; empty when nobody did.
    """

    slot: Slot
    published: int
    changed: ChangeKind | None
    key: int
    teacher: str


@dataclass(frozen=True, slots=True)
class Day:
    """The lessons of one day."""

    date: date
    rows: list[Row]


def rows(channel: Channel, placed: Sequence[Placed], changes: Iterable[KeptChange]) -> list[Row]:
    """Give all lessons of a channel in order, cancelled ones among them."""
    made = {one.change.start: one for one in changes}
    by_partner = {one.change.to: one for one in made.values() if one.change.kind == "swap"}
    found = [_row(one, made, by_partner) for one in placed]
    found += [
        Row(slot, slot.start, "cancel", slot.start, made[slot.start].teacher)
        for slot in channel.slots
        if slot.start in made and made[slot.start].change.kind == "cancel"
    ]
    return sorted(found, key=lambda row: (row.slot.start, row.published))


def _row(one: Placed, made: dict[int, KeptChange], by_partner: dict[int, KeptChange]) -> Row:
    if one.changed is None:
        return Row(one.slot, one.published, None, one.published, "")
    kept = made.get(one.published) or by_partner.get(one.published)
    key, teacher = (kept.change.start, kept.teacher) if kept else (one.published, "")
    return Row(one.slot, one.published, one.changed, key, teacher)


def days(
    every: Iterable[Row], here: Callable[[int], datetime], now: int, count: int = DAYS
) -> list[Day]:
    """Give today and the days after it that have lessons.

    Args:
        every: a channel's lessons in order.
        here: gives the local moment of a minute.
        now: the present minute.
        count: how many days, today included.
    """
    today = here(now).date()
    last = today + timedelta(days=count - 1)
    # Turned into dates only where it may matter: a term has thousands of lessons.
    near = (row for row in every if -_DAY <= row.slot.start - now <= (count + 1) * _DAY)
    shown = [row for row in near if today <= here(row.slot.start).date() <= last]
    return [
        Day(date, list(some))
        for date, some in groupby(shown, key=lambda row: here(row.slot.start).date())
    ]


def fault_of(change: Change, row: Row, every: Sequence[Row], now: int) -> str:
    """Say why a change is not possible; empty when it is.

    Args:
        change: what is wanted.
        row: the lesson that it is about.
        every: all lessons of the channel.
        now: the present minute.
    """
    fault = _unchangeable(row, now)
    if fault:
        return fault
    if change.kind == "shift":
        return _unreachable(change.to, row, now)
    if change.kind == "swap":
        other = next((one for one in every if one.published == change.to), None)
        if other is None or other is row or not (can_swap(row, now) and can_swap(other, now)):
            return N_("The other lesson has begun or was changed, so they cannot be swapped.")
    return ""


def is_open(row: Row, now: int) -> bool:
    """Say whether a lesson may still be changed."""
    return not _unchangeable(row, now)


def can_swap(row: Row, now: int) -> bool:
    """Say whether a lesson may be swapped with another one: it is where it was published."""
    return not row.changed and is_open(row, now)


def can_undo(row: Row, every: Iterable[Row], now: int) -> bool:
    """Say whether a lesson's change may be undone: nothing of it has begun, on either side."""
    touched = [one for one in every if one.changed and one.key == row.key]
    return all(min(one.slot.start, one.published) > now for one in touched)


def overlapping(
    channel: Channel, change: Change, changes: Iterable[KeptChange]
) -> list[tuple[Slot, Slot]]:
    """Give the lessons that a change would move, each with one that it would overlap."""
    placed = effective(channel, [*(one.change for one in changes), change])
    moved = [one for one in placed if one.published in {change.start, change.to} and one.changed]
    return [
        (one.slot, other.slot)
        for one in moved
        for other in placed
        if other is not one and one.slot.start < other.slot.end and other.slot.start < one.slot.end
    ]


def _unchangeable(row: Row, now: int) -> str:
    if row.slot.start <= now:
        return N_("This lesson has begun, so it can no longer be changed.")
    if row.changed and row.published > now:
        return N_("This lesson was changed already. Undo that first.")
    if row.changed == "swap":
        # Moving it would move the other one back, which has begun.
        return N_("The other lesson has begun, so the swap stays.")
    return ""


def _unreachable(to: int, row: Row, now: int) -> str:
    if to <= now:
        return N_("That time has passed.")
    if to == row.slot.start:
        return N_("The lesson takes place then already.")
    if to - now > _FARTHEST:
        return N_("That is more than two months away.")
    return ""
