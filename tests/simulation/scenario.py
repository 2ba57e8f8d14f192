"""What happens in a school's week, apart from what the node does: drawn from a seed, then fixed.

A scenario is plain data, so that a failing one can be made smaller by leaving things out. Moments
are true seconds since 1970, sizes bytes.
"""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Final, Literal, NamedTuple

from core.line.settings import LineSettings

DAY: Final = 86_400.0
HOUR: Final = 3600.0
WEEK: Final = 7 * DAY
_ZONE: Final = timezone(timedelta(hours=8))


def here(moment: datetime) -> datetime:
    """Put a moment into the school's time zone."""
    return moment.astimezone(_ZONE)


def local(seconds: float) -> datetime:
    """Give the school's time of a moment."""
    return here(datetime.fromtimestamp(seconds, UTC))


def monday(week: int) -> float:
    """Give the beginning of one of the weeks that scenarios take place in."""
    return datetime(2026, 8, 31, tzinfo=_ZONE).timestamp() + week * WEEK


class StepFacts(NamedTuple):
    """A rendition of an item.

    Attributes:
        size: bytes of its files.
        line: bytes of its blocks in a full bundle.
        delta: the same where the revision before is here.
    """

    rendition: str
    size: int
    line: int
    delta: int
    sound_alone: bool = False


class ItemFacts(NamedTuple):
    """An item of a version; one of the same revision has the same files."""

    item: str
    revision: int
    steps: tuple[StepFacts, ...]
    spare: StepFacts | None = None


class VersionFacts(NamedTuple):
    """A published version; ``head`` are bytes of its index and manifest."""

    pack: str
    version: int
    priority: int
    head: int
    items: tuple[ItemFacts, ...]


class Slot(NamedTuple):
    """A lesson of the timetable; ``start`` in minutes since 1970."""

    channel: str
    start: int
    minutes: int
    pack: str
    item: str


Kind = Literal[
    "publish",
    "withdraw",
    "unassign",
    "timetable",
    "shift",
    "cancel",
    "wish",
    "settings",
    "used",
    "fill",
    "jump",
]


class Event(NamedTuple):
    """Something that others do.

    Attributes:
        what: ``publish``: a VersionFacts; ``withdraw``: pack and item; ``unassign``: pack;
            ``timetable``: slots; ``shift``: a slot and minutes; ``cancel``: a slot; ``wish``:
            pack, item and by when; ``settings``: names and values; ``used``: how many
            statements; ``fill``: bytes; ``jump``: what the machine's clock shows from then on.
    """

    at: float
    kind: Kind
    what: tuple[object, ...]


class Span(NamedTuple):
    """A time."""

    start: float
    stop: float


@dataclass(frozen=True)
class Scenario:
    """A week.

    Attributes:
        rates: from when on the line carries how many bytes a second, in order.
        outages: when it is not there.
        captive: when a login page answers instead of the hub.
        cuts: when connections break.
        powers: when the node has no power.
        held: versions that are whole here from the beginning.
        has_clock: whether the machine has a clock of its own that runs on without power.
        hears_time: whether it hears the time from the network when the line is up.
        has_people: whether a teacher tells it the time in the morning when it does not know.
        used_before: bytes that had travelled in the month when the week begins.
    """

    seed: int
    start: float
    stop: float
    rates: tuple[tuple[float, float], ...]
    outages: tuple[Span, ...] = ()
    captive: tuple[Span, ...] = ()
    cuts: tuple[float, ...] = ()
    powers: tuple[Span, ...] = ()
    held: tuple[VersionFacts, ...] = ()
    events: tuple[Event, ...] = ()
    settings: LineSettings = field(default_factory=LineSettings)
    disk: int = 1 << 40
    poll_seconds: float = 900.0
    latency: float = 0.3
    has_clock: bool = True
    hears_time: bool = True
    has_people: bool = True
    used_before: int = 0

    def without(self, **changes: object) -> "Scenario":
        """Give one that differs in this."""
        return replace(self, **changes)  # type: ignore[arg-type]
