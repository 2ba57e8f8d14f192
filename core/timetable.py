"""The timetable: which item is taught when, on which channel.

Publishers send occurrences, not rules: recurrence, exceptions, odd and even weeks and holidays
were resolved by the packager, so that a node only compares numbers. A channel is one class or
grade with its day. Moments are minutes since 1970 in UTC; zones are for whoever shows them.

What a teacher changes at the school lies over it (``effective``) and names an occurrence by
channel and published start, so that it outlives the next publication.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Annotated, Final, Literal, NamedTuple

import msgspec

from core.display import one_line
from core.errors import RefusedError
from core.manifest import Titles
from core.names import PackId, parse_pack_id

MOST_CHANNELS: Final = 100
MOST_SLOTS: Final = 20_000
"""Of all channels of one publisher together."""
LONGEST_SLOT: Final = 12 * 60
# As long as a session's name in a statement, which names the channel.
_CHANNEL: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,31}\Z")

LATEST_MINUTE: Final = 4_200_000_000
"""Since 1970; calendars end some years later."""
Minute = Annotated[int, msgspec.Meta(ge=0, le=LATEST_MINUTE)]


class Slot(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One lesson's time.

    Attributes:
        start: when it begins, minutes since 1970.
        minutes: how long it is.
        pack: the pack's id.
        item: the item's id in it.
        title: what the timetable calls it; empty for the item's own title.
        repeat: whether it was shown before, rather than its first run.
    """

    start: Minute
    minutes: Annotated[int, msgspec.Meta(ge=1, le=LONGEST_SLOT)]
    pack: PackId
    item: Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,99}\Z")]
    title: Annotated[str, msgspec.Meta(max_length=300)] = ""
    repeat: bool = False

    @property
    def end(self) -> int:
        """When it ends, minutes since 1970."""
        return self.start + self.minutes


class Channel(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One channel's timetable.

    Attributes:
        id: its name in addresses, such as ``g5``.
        title: what people call it.
        group: whose schools have it; ``*`` for every school.
        form: the form of teaching, one of ``core.forms.FORMS``; any other counts as ``air``.
        zone: the zone in which it was written, such as ``Asia/Shanghai``.
        slots: sorted by start; none overlap.
    """

    id: str
    title: Titles = {}
    group: Annotated[str, msgspec.Meta(max_length=60)] = "*"
    form: Annotated[str, msgspec.Meta(max_length=40)] = "air"
    zone: Annotated[str, msgspec.Meta(max_length=60)] = "Asia/Shanghai"
    slots: Annotated[list[Slot], msgspec.Meta(max_length=MOST_SLOTS)] = []


ChangeKind = Literal["shift", "cancel", "swap"]


class Change(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a teacher changed about one slot at the school; the latest about a slot counts.

    Attributes:
        channel: the channel's id.
        start: the slot's published start.
        kind: ``shift`` to another time, ``cancel``, or ``swap`` times with another slot.
        to: the new start, or the other slot's published start; 0 for ``cancel``.
    """

    channel: Annotated[str, msgspec.Meta(max_length=40)]
    start: Minute
    kind: ChangeKind
    to: Minute = 0


class Placed(NamedTuple):
    """A slot as it takes place here.

    Attributes:
        slot: at its effective start.
        published: the start that the publisher gave it.
        changed: what a teacher did to it; None when nothing.
    """

    slot: Slot
    published: int
    changed: ChangeKind | None


def effective(channel: Channel, changes: Iterable[Change]) -> list[Placed]:
    """Give the slots as they take place, in order; cancelled ones are left out.

    A slot that was moved may overlap others: then it has its time, and the others what is left
    of theirs; who shows them decides.
    """
    latest = {one.start: one for one in changes if one.channel == channel.id}
    starts = {slot.start for slot in channel.slots}
    moved: dict[int, tuple[int, ChangeKind]] = {}
    for one in latest.values():
        if one.kind == "shift":
            moved[one.start] = one.to, "shift"
        elif one.kind == "swap" and {one.start, one.to} <= starts:
            moved[one.start] = one.to, "swap"
            moved[one.to] = one.start, "swap"
    gone = {one.start for one in latest.values() if one.kind == "cancel"}
    placed = [
        Placed(slot, slot.start, None)
        if slot.start not in moved
        else Placed(
            msgspec.structs.replace(slot, start=moved[slot.start][0]),
            slot.start,
            moved[slot.start][1],
        )
        for slot in channel.slots
        if slot.start not in gone
    ]
    return sorted(placed, key=lambda one: (one.slot.start, one.published))


def check_channels(channels: Sequence[Channel]) -> None:
    """Check what types cannot say.

    Raises:
        RefusedError: a channel's name is unusable or stands twice, its slots are unsorted or
            overlap, or there are too many.
    """
    if len(channels) > MOST_CHANNELS or sum(len(one.slots) for one in channels) > MOST_SLOTS:
        raise RefusedError(
            "The timetable is too large: at most {slots} lessons on {channels} channels.",
            hint="Publish one term at a time.",
            slots=MOST_SLOTS,
            channels=MOST_CHANNELS,
        )
    if len({one.id for one in channels}) != len(channels):
        raise RefusedError("Two channels of the timetable have the same name.")
    for channel in channels:
        check_channel_id(channel.id)
        end = 0
        for slot in channel.slots:
            parse_pack_id(slot.pack)
            if slot.start < end:
                raise RefusedError(
                    "Lessons of the channel {channel} overlap or are not in order.",
                    channel=channel.id,
                )
            end = slot.end


def check_channel_id(name: str) -> None:
    """Check a channel's name in addresses.

    Raises:
        RefusedError: it cannot be one.
    """
    if not _CHANNEL.match(name):
        raise RefusedError(
            "{channel} cannot be a channel's name.",
            hint="A name has up to 32 small letters, digits and hyphens, such as g5 or class-3-2.",
            channel=repr(one_line(name)[:80]),
        )


class NodeTimetable(msgspec.Struct, frozen=True, kw_only=True):
    """What a node keeps of the timetables.

    Attributes:
        channels: those that its school has, by name.
        places: whose assignment each is from, by the channel's name, such as ``gd/zhuhai``.
    """

    channels: Annotated[list[Channel], msgspec.Meta(max_length=10 * MOST_CHANNELS)] = []
    places: dict[str, str] = {}
