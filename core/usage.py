"""A usage fact, and the record of it in the journal.

Its own module, for those that record usage and never encode a batch.
"""

from typing import Annotated, Final, Literal, get_args

import msgspec

from core.codec import decode_msgpack

MAX_RECORD_BYTES: Final = 4096
MAX_NUMBER: Final = 2**53

PlayerVerb = Literal[
    "opened", "initialized", "played", "paused", "seeked", "completed", "terminated", "failed"
]
Verb = Literal[PlayerVerb, "taught", "shifted", "cancelled", "swapped", "restored"]
PLAYER_VERBS: Final[tuple[PlayerVerb, ...]] = get_args(PlayerVerb)
"""What players may report; the other verbs are the portal's own."""
VERBS: Final[tuple[Verb, ...]] = get_args(Verb)

Text = Annotated[str, msgspec.Meta(max_length=300)]
Number = Annotated[int, msgspec.Meta(ge=-1, le=MAX_NUMBER)]


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """One usage fact. Times are in milliseconds; -1 stands for "does not apply".

    ``taught`` is one class: ``session`` names it, ``position`` is the furthest place that was
    played. ``shifted``, ``cancelled``, ``swapped`` and ``restored`` (to where it was published)
    are a teacher's changes of the timetable, one for each lesson that they touch: ``session`` is
    the channel, ``position`` the published start and ``start`` the new one.

    Attributes:
        verb: what happened.
        pack: the pack's id.
        version: version of the pack from which the item was served.
        item: the item's id in the pack.
        session: which opening of the page it belongs to.
        boot: which boot of the node; its wall clock is corrected by that later.
        offset: time since that boot, monotonic.
        at: wall clock then believed, since 1970 in UTC.
        position: place in the medium.
        start: for ``seeked`` the place left, for ``paused`` where that stretch began.
        length: the medium's duration.
        count: heads in the class, 1 for a single reader.
        duration: how long a class took.
        cues: how many cues a class reached.
    """

    verb: Verb
    pack: Text
    version: Number
    item: Text
    session: Annotated[str, msgspec.Meta(max_length=32)]
    boot: Annotated[str, msgspec.Meta(max_length=40)]
    offset: Number
    at: Number
    position: Number = -1
    start: Number = -1
    length: Number = -1
    count: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 1
    duration: Number = -1
    cues: Annotated[int, msgspec.Meta(ge=-1, le=10_000)] = -1


class Recorded(Statement, frozen=True, kw_only=True):
    """A statement as the journal keeps it.

    Attributes:
        number: the player's own number of it in its session, so that a statement that is sent
            again is known again; -1 when it has none. It does not travel to the hub.
    """

    number: Number = -1


def encode_record(recorded: Recorded) -> bytes:
    """Encode a statement for the journal."""
    return msgspec.msgpack.encode(recorded)


def decode_record(data: bytes) -> Recorded:
    """Decode a statement from the journal.

    Raises:
        RefusedError: it is not a statement.
    """
    return decode_msgpack(data, Recorded, what="The statement", limit=MAX_RECORD_BYTES)


def plain_statement(recorded: Recorded) -> Statement:
    """Give the part of a record that travels to the hub."""
    return Statement(**{name: getattr(recorded, name) for name in Statement.__struct_fields__})
