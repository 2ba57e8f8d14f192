"""The control protocol: JSON-RPC 2.0, one message a line, over the node's Unix socket.

Requests: ``status`` gives a ``Status``; ``sync`` starts a poll and pull now; ``watch`` makes
the connection receive an ``event`` notification with a fresh ``Status`` at every change.
The codec is here; the socket is in the agent and in each client.
"""

from typing import Annotated, Any, Final, Literal

import msgspec

from core.codec import convert, decode_json
from core.errors import PackhorseError, kind_of
from core.line.ledger import Ledger
from core.line.settings import LineSettings
from core.manifest import Titles
from core.plan.model import Plan

MAX_LINE_BYTES: Final = 1024 * 1024
SOCKET_NAME: Final = "control.sock"
PROTOCOL: Final = 1

PARSE_ERROR: Final = -32700
INVALID_REQUEST: Final = -32600
UNKNOWN_METHOD: Final = -32601
FAILED: Final = -32000

LineState = Literal["unknown", "up", "down", "paused"]
Activity = Literal["idle", "checking", "fetching", "applying", "uploading", "waiting"]


class PackStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One pack on the node.

    Attributes:
        version: newest version known.
        items: items of that version, withdrawn ones included.
        here: items of it that are served at that version.
        sound_alone: of how many of those, videos, only the sound is here.
        missing_bytes: content bytes not here yet.
        withdrawn: items that their publisher withdrew.
        reason: why the whole pack was withdrawn; empty when it was not.
        assigned: whether the assignment wants it here.
        form: of teaching, one of ``core.forms.FORMS``, or empty.
    """

    id: str
    title: Titles
    version: int
    items: int
    here: int
    size: int
    missing_bytes: int
    withdrawn: int = 0
    reason: str = ""
    assigned: bool = True
    form: str = ""
    sound_alone: int = 0

    @property
    def wanted(self) -> int:
        """How many items are to be here: not those withdrawn; where not assigned, no more."""
        return max(0, self.items - self.withdrawn) if self.assigned else self.here


class LessonStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One lesson of the timetable, as it takes place at this school.

    Attributes:
        start: what the school's clock shows then, ``2026-11-26T08:30``.
        minutes: how long it is.
        here: whether its item is served.
        changed: whether a teacher moved it.
        sound_alone: whether it is a video of which only the sound is here.
    """

    start: str
    minutes: int
    pack: str
    item: str
    title: Titles
    here: bool
    changed: bool = False
    sound_alone: bool = False


class ChannelStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One channel of the timetable.

    Attributes:
        id: its name in addresses.
        next: what is left of today's lessons, else those of the next day that has some; empty
            when there are none, or the school's time is not sure.
    """

    id: str
    title: Titles
    next: list[LessonStatus] = []


WishState = Literal["waiting", "fetching", "here", "unpublished"]


class WishStatus(msgspec.Struct, frozen=True, kw_only=True):
    """An item that a teacher wants here before all others.

    Attributes:
        title: empty while the node does not know the item.
        state: ``unpublished`` where nobody publishes it, or no more.
        wanted_by: what the school's clock shows then, ``2026-11-26T08:30``; empty for as soon
            as possible.
    """

    pack: str
    item: str
    title: Titles
    state: WishState
    wanted_by: str = ""


class Transfer(msgspec.Struct, frozen=True, kw_only=True):
    """What is being fetched now; sizes in bytes on the line, rate in bytes a second."""

    pack: str
    title: Titles
    version: int
    done: int
    total: int
    rate: float
    seconds_left: float | None
    item: str = ""


class Wording(msgspec.Struct, frozen=True, kw_only=True):
    """A sentence as templates and fields, so that a screen can put it into its language."""

    template: str
    hint: str = ""
    fields: dict[str, str] = {}


def wording_of(error: PackhorseError) -> Wording:
    """Take an error's sentence and hint apart, for a screen in another language."""
    return Wording(
        template=error.template,
        hint=error.hint_template,
        fields={name: str(value) for name, value in error.fields.items()},
    )


def error_of(wording: Wording, exit_code: int) -> PackhorseError:
    """Make the error again that another process told."""
    fields: dict[str, object] = dict(wording.fields)
    return kind_of(exit_code)(wording.template, hint=wording.hint, **fields)


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """All that a screen needs, at one moment.

    Attributes:
        line: state of the line to the hub, by the last contact.
        reason: why it is down or what is waited for, in plain words; empty when all is well.
        last_contact: seconds since the hub last answered, or None.
        next_try: seconds until the next poll, or None.
        backlog: statements not yet acknowledged.
        backlog_oldest: age of the oldest, seconds, or None.
        clock_verified: whether trusted time comes from a synchronised clock.
        trusted_time: moment in UTC against which expiry is judged.
        disk_floor: bytes that stay free.
        problems: sentences, most urgent first.
        reason_wording: ``reason`` for translation, if it came from an error.
        problem_wordings: ``problems`` for translation, in the same order.
        pending: the node is enrolled offline, and its request has not reached the hub yet.
        school_name: what people call the school; empty when nobody said.
        node_name: what people call this node.
        addresses: addresses under which the school's devices reach the portal, best first.
        school_time: what the school's clock shows, ``2026-11-25T08:28``; empty when unknown.
        school_time_known: whether that is sure: a synchronised clock, or confirmed since boot.
        school_offset: minutes by which the school's clock is ahead of UTC.
        software: Packhorse's version.
        sticks: how many sticks are plugged in.
        channels: the school's timetable, channel by channel.
        wishes: what teachers wish for, soonest first.
        plan: what will be fetched, and what the next lessons can count on: its first actions
            (``core.control_line``); None until it is made.
        line_settings: what may be done with the line.
        ledger: what has travelled in this month of the budget.
        line_rate: bytes a second that the line was measured to carry; 0 while it was not.
    """

    protocol: int = PROTOCOL
    node: str = ""
    school: str = ""
    hub: str = ""
    line: LineState = "unknown"
    activity: Activity = "idle"
    reason: str = ""
    last_contact: float | None = None
    next_try: float | None = None
    packs: list[PackStatus] = []
    transfer: Transfer | None = None
    disk_total: int = 0
    disk_free: int = 0
    disk_floor: int = 0
    backlog: int = 0
    backlog_oldest: float | None = None
    clock_verified: bool = False
    trusted_time: str = ""
    portal: str = ""
    problems: list[str] = []
    reason_wording: Wording | None = None
    problem_wordings: list[Wording] = []
    pending: bool = False
    school_name: str = ""
    node_name: str = ""
    addresses: list[str] = []
    school_time: str = ""
    school_time_known: bool = False
    school_offset: int = 0
    software: str = ""
    sticks: int = 0
    channels: list[ChannelStatus] = []
    wishes: list[WishStatus] = []
    plan: Plan | None = None
    line_settings: LineSettings = LineSettings()
    ledger: Ledger = Ledger()
    line_rate: float = 0.0


class Request(msgspec.Struct, omit_defaults=True, kw_only=True):
    """A call; without ``id`` a notification."""

    jsonrpc: Literal["2.0"]
    method: Annotated[str, msgspec.Meta(max_length=100)]
    params: dict[str, Any] = {}
    id: int | None = None


class Failure(msgspec.Struct, omit_defaults=True):
    """Why a call failed; ``hint`` says what to do, ``wording`` is both for translation."""

    code: int
    message: str
    hint: str = ""
    exit_code: int = 1
    wording: Wording | None = None


class Response(msgspec.Struct, omit_defaults=True, kw_only=True):
    """The answer to a call."""

    jsonrpc: Literal["2.0"]
    id: int | None
    result: Any = None
    error: Failure | None = None


def encode_line(message: Request | Response) -> bytes:
    """Encode one message with its line end."""
    if isinstance(message, Request) or message.error is not None:
        return msgspec.json.encode(message) + b"\n"
    body = {"jsonrpc": "2.0", "id": message.id, "result": message.result}
    return msgspec.json.encode(body) + b"\n"


def request(method: str, number: int | None = None, **params: object) -> Request:
    """Make a call, or a notification when ``number`` is None."""
    return Request(jsonrpc="2.0", method=method, params=dict(params), id=number)


def response(number: int | None, result: object) -> Response:
    """Make the answer to a call that succeeded."""
    return Response(jsonrpc="2.0", id=number, result=result)


def failure(number: int | None, error: Failure) -> Response:
    """Make the answer to a call that failed."""
    return Response(jsonrpc="2.0", id=number, error=error)


def decode_request(line: bytes) -> Request:
    """Decode a call.

    Raises:
        RefusedError: not a call.
    """
    return decode_json(line, Request, what="The request", limit=MAX_LINE_BYTES)


def decode_message(line: bytes) -> Request | Response:
    """Decode what a client may receive: a response, or a notification.

    Raises:
        RefusedError: neither.
    """
    probe = decode_json(line, _Probe, what="The message", limit=MAX_LINE_BYTES)
    if probe.method is not msgspec.UNSET:
        return decode_request(line)
    return decode_json(line, Response, what="The message", limit=MAX_LINE_BYTES)


class _Probe(msgspec.Struct):
    method: str | msgspec.UnsetType = msgspec.UNSET


def decode_status(value: object) -> Status:
    """Turn a response's result, or an event's ``status``, into a ``Status``.

    Raises:
        msgspec.ValidationError: the agent is of another protocol.
    """
    return convert(value, Status)
