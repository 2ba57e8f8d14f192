"""What a worker tells while it works: one JSON line an event, ``"event"`` names its kind.

Rules: nothing heavy is imported here, since the resident agent decodes these lines. Sizes are
bytes, rates bytes a second. The last line of a run is always ``Done``.
"""

from collections.abc import Iterable
from typing import Final, Literal

import msgspec

from core.codec import json_decoder
from core.control_calls import Enrolled
from core.errors import ExhaustedError, PackhorseError, RefusedError, UnavailableError
from core.plan.model import Hold

# Those of the line, that of other nodes, those of a stick, and those of enrolment.
Task = Literal["pull", "peers", "upload", "import", "export", "enrol", "enrol-setup"]
ProblemKind = Literal["refused", "unavailable", "exhausted", "usage"]

MAX_EVENT_BYTES: Final = 1024 * 1024
Titles = dict[str, str]


class _Event(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag=str.lower):
    """Common form of all events."""


class Alive(_Event, frozen=True, kw_only=True):
    """The run goes on, slowly; said so that whoever watches does not take it for hanging."""


class Checking(_Event, frozen=True, kw_only=True):
    """The upstream is being asked whether there is something new."""

    source: str = ""


class Contact(_Event, frozen=True, kw_only=True):
    """The upstream answered; ``changed`` when there is something new."""

    changed: bool


class Trusted(_Event, frozen=True, kw_only=True):
    """The signed metadata were verified; expiry was judged against ``time`` (UTC)."""

    time: str
    clock_verified: bool


class Planned(_Event, frozen=True, kw_only=True):
    """A version will be fetched.

    Attributes:
        base: version whose files the bundle refers to, 0 for a full bundle.
        total: bytes that still travel for it.
        size: bytes that its files take on the disk.
    """

    pack: str
    title: Titles
    version: int
    base: int
    total: int
    size: int


class Fetching(_Event, frozen=True, kw_only=True):
    """Bytes of a version arrived. ``item`` is the id of the lesson they belong to, or empty."""

    pack: str
    title: Titles
    version: int
    done: int
    total: int
    rate: float = 0.0
    item: str = ""


class ItemReady(_Event, frozen=True, kw_only=True):
    """An item is now served at this version."""

    pack: str
    version: int
    item: str
    title: Titles


class PackReady(_Event, frozen=True, kw_only=True):
    """All of a version is here."""

    pack: str
    version: int
    title: Titles


class Uploading(_Event, frozen=True, kw_only=True):
    """Statements are on their way: how many are acknowledged, and how many wait."""

    acknowledged: int
    backlog: int


class Exporting(_Event, frozen=True, kw_only=True):
    """Statements are being written to a stick: how many are on it, and how many wait in all."""

    statements: int
    backlog: int


class Problem(_Event, frozen=True, kw_only=True):
    """Something failed; the run may go on with what is healthy.

    Attributes:
        text: the sentence in English.
        hint: what to do, in English; may be empty.
        template: the sentence before its ``fields`` were filled in, for translation.
    """

    kind: ProblemKind
    text: str
    hint: str = ""
    template: str = ""
    hint_template: str = ""
    fields: dict[str, str] = {}
    pack: str = ""
    exit_code: int = 1


class Transferred(msgspec.Struct, frozen=True, kw_only=True):
    """What one pack cost in this run.

    Attributes:
        base: version whose files the bundle referred to, 0 for a full bundle.
        bundle_bytes: bytes of index and blocks that arrived, bytes fetched twice included.
        content_size: bytes of all files of the version.
        items_ready: items that became ready in this run.
        complete: whether the whole version is here now.
    """

    pack: str
    version: int
    base: int
    bundle_bytes: int
    content_size: int
    items_ready: int
    complete: bool


class Traffic(msgspec.Struct, frozen=True, kw_only=True):
    """Bytes of this run.

    Attributes:
        received: bytes of the TCP streams from upstream, HTTP headers and TLS included.
        sent: the same to upstream.
        line_received: ``received`` with the TCP, IP and Ethernet headers of all segments.
        line_sent: the same to upstream.
        requests: HTTP requests.
        connections: TCP connections.
        measured: whether the system counted, rather than we estimated.
    """

    received: int = 0
    sent: int = 0
    line_received: int = 0
    line_sent: int = 0
    requests: int = 0
    connections: int = 0
    measured: bool = True


def added(some: Iterable[Traffic]) -> Traffic:
    """Give the sum of what several connections moved."""
    kept = list(some)
    names = ("received", "sent", "line_received", "line_sent", "requests", "connections")
    sums = {name: sum(getattr(one, name) for one in kept) for name in names}
    return Traffic(**sums, measured=all(one.measured for one in kept))


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """What a run did.

    Attributes:
        exit_code: ``core.errors.ExitCode``: 0, 3 when part of it failed, else the failure's.
        reached: whether the upstream answered at all.
        changed: whether the upstream had something new.
        seconds: how long it took.
        acknowledged: statements acknowledged in this run.
        rejected: statements that the hub will never accept, of those.
        backlog: statements still waiting.
        retry_after: seconds that the upstream asked to wait, or 0.
        hold: why nothing more travels by line now, ``done`` when nothing is left to do; empty
            when no plan was made or the run ended otherwise.
        until: when that ends by itself, seconds since 1970; None when it does not, or nobody
            knows.
        removed: packs that made room for others.
        statements: statements that lie on the stick now, for the hub.
        enrolment: whether an enrolment request lies on the stick now.
        bytes: bytes read from or written to the stick.
        by_peers: bytes that other nodes of the network gave; none of them came by line.
        last_day: last day (``2026-12-31``) on which what is on the stick can be installed, as
            it says itself; empty when it does not say.
        enrolled: who the node is now; None when it was not asked to enrol, or is not enrolled.
    """

    task: Task
    exit_code: int
    reached: bool = False
    changed: bool = False
    seconds: float = 0.0
    traffic: Traffic = Traffic()
    packs: list[Transferred] = []
    problems: list[Problem] = []
    acknowledged: int = 0
    rejected: int = 0
    backlog: int = 0
    retry_after: float = 0.0
    hold: Hold = ""
    until: float | None = None
    removed: list[str] = []
    statements: int = 0
    enrolment: bool = False
    bytes: int = 0
    by_peers: int = 0
    last_day: str = ""
    enrolled: Enrolled | None = None


class Done(_Event, frozen=True, kw_only=True):
    """The run has ended."""

    summary: Summary


Event = (
    Alive
    | Checking
    | Contact
    | Trusted
    | Planned
    | Fetching
    | ItemReady
    | PackReady
    | Uploading
    | Exporting
    | Problem
    | Done
)

_ENCODER: Final = msgspec.json.Encoder()
_DECODER: Final[msgspec.json.Decoder[Event]] = json_decoder(Event)


def encode_event(event: Event) -> bytes:
    """Encode one event with its line end."""
    return _ENCODER.encode(event) + b"\n"


def decode_event(line: bytes) -> Event:
    """Decode one line of a worker.

    Raises:
        RefusedError: not an event of this Packhorse.
    """
    if len(line) > MAX_EVENT_BYTES:
        raise RefusedError("The worker's line is too long.")
    try:
        return _DECODER.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RefusedError(
            "The worker's line cannot be read: {reason}.", reason=str(error)
        ) from error


def problem_of(error: PackhorseError, pack: str = "") -> Problem:
    """Tell an error as an event."""
    kind: ProblemKind = "usage"
    if isinstance(error, RefusedError):
        kind = "refused"
    elif isinstance(error, UnavailableError):
        kind = "unavailable"
    elif isinstance(error, ExhaustedError):
        kind = "exhausted"
    return Problem(
        kind=kind,
        text=str(error),
        hint=error.hint,
        template=error.template,
        hint_template=error.hint_template,
        fields={name: str(value) for name, value in error.fields.items()},
        pack=pack,
        exit_code=int(error.exit_code),
    )
