"""What a class's screens and the portal say to each other over a WebSocket, JSON, one object each.

A screen connects to ``/class/socket?code=…&as=lead|screen|pupil``; ``lead`` needs a teacher's
cookie. Every moment is in milliseconds of the portal's monotonic clock: a screen measures the
difference to its own by ``ping`` and ``pong``, and shows ``position + (now - at) * rate``.

    screen to portal    Ping, Order (lead alone), Here
    portal to screen    Pong, View, Fault

The state machine is ``core.class_session``.
"""

from typing import Annotated, Final, Literal

import msgspec

from core.codec import json_decoder
from core.errors import RefusedError

MAX_MESSAGE_BYTES: Final = 1024
RATES: Final = (0.5, 0.75, 1.0, 1.25, 1.5, 2.0)

Role = Literal["lead", "screen", "pupil"]
Phase = Literal["waiting", "playing", "paused", "cue", "ended"]
Act = Literal[
    "play", "pause", "seek", "back", "next", "previous", "rate", "sound", "heads", "lead", "end"
]
_Milliseconds = Annotated[int, msgspec.Meta(ge=0, le=2**40)]


class Ping(msgspec.Struct, frozen=True, tag="ping", tag_field="type", forbid_unknown_fields=True):
    """Asks for the portal's clock; ``id`` comes back."""

    id: Annotated[int, msgspec.Meta(ge=0, le=2**31)]


class Order(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    tag="order",
    tag_field="type",
    forbid_unknown_fields=True,
):
    """What the leading teacher wants.

    Attributes:
        act: ``play``; ``pause``; ``seek`` to ``value`` ms; ``back`` by ``value`` ms (10,000);
            ``next`` or ``previous`` cue; ``rate`` of ``value`` percent; ``sound`` from the
            screen with number ``value``; ``heads`` counted as ``value``; ``lead``: take over;
            ``end`` the class.
        value: the act's number.
        revision: of the view that the teacher saw; 0 for none. ``play`` and ``pause`` that
            were pressed on an older view than the present one still count.
    """

    act: Act
    value: _Milliseconds = 0
    revision: Annotated[int, msgspec.Meta(ge=0, le=2**40)] = 0


class Here(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    tag="here",
    tag_field="type",
    forbid_unknown_fields=True,
):
    """How a screen is doing: its place in the lesson, and whether pictures move.

    Attributes:
        position: where it is, milliseconds.
        state: ``ready``; ``loading``; ``blocked``: the browser wants a tap before it plays;
            ``failed``: it cannot show this lesson.
        length: of the lesson as this browser found it, for a class that does not know it; only
            the leading page's counts. 0 for nothing to say.
    """

    position: _Milliseconds
    state: Literal["ready", "loading", "blocked", "failed"]
    length: _Milliseconds = 0


class Pong(msgspec.Struct, frozen=True, tag="pong", tag_field="type"):
    """The portal's clock, milliseconds, when it answered ping ``id``."""

    id: int
    now: float


class View(msgspec.Struct, frozen=True, kw_only=True, tag="view", tag_field="type"):
    """The class at one moment; sent at every change, and to whoever joins.

    Attributes:
        revision: rises with every change.
        phase: ``waiting``: not begun; ``cue``: stopped at a cue; ``ended``.
        position: place in the lesson at ``at``, milliseconds.
        at: moment of the portal's clock.
        rate: speed while playing.
        cue: index of the cue that it stopped at, or that was passed last; -1 for none.
        next_cue: index of the next one; -1 for none.
        stopped: since when it stands, portal's clock; 0 while it plays.
        length: the lesson's duration, milliseconds; 0 while nobody knows it.
        screens: how many big screens are connected.
        pupils: how many tablets.
        heads: pupils in the room as the teacher counted; 0 for not counted.
        lead: name of the leading teacher; empty when nobody leads now. To the lead alone.
        sound: number of the screen that plays sound; 0 for none.
        you: the receiver's own number.
        leads: whether the receiver leads.
        troubled: screens that cannot play, for the lead.
        big: numbers of the big screens that are connected, for the lead.
    """

    revision: int
    phase: Phase
    position: int
    at: float
    rate: float = 1.0
    cue: int = -1
    next_cue: int = -1
    stopped: float = 0
    length: int = 0
    screens: int = 0
    pupils: int = 0
    heads: int = 0
    lead: str = ""
    sound: int = 0
    you: int = 0
    leads: bool = False
    troubled: int = 0
    big: list[int] = []


class Fault(msgspec.Struct, frozen=True, tag="fault", tag_field="type"):
    """A sentence for the person at the screen, in their language; ``again``: trying helps."""

    text: str
    again: bool = False


FromScreen = Ping | Order | Here
FromPortal = Pong | View | Fault
_FROM_SCREEN: Final[msgspec.json.Decoder[FromScreen]] = json_decoder(FromScreen)


def decode_from_screen(data: bytes) -> FromScreen:
    """Decode what a screen sent.

    Raises:
        RefusedError: it is none of the messages.
    """
    if len(data) > MAX_MESSAGE_BYTES:
        raise RefusedError("The message is too large.")
    try:
        return _FROM_SCREEN.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RefusedError("The message cannot be read: {reason}.", reason=str(error)) from error


def encode_from_portal(message: FromPortal) -> bytes:
    """Encode what the portal sends."""
    return msgspec.json.encode(message)
