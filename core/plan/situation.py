"""All that the planner looks at, and nothing else."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from core.line.estimate import Estimate
from core.line.ledger import Ledger
from core.line.settings import LineSettings
from core.line.week import Here
from core.line.wire import Wire
from core.manifest import Titles
from core.plan.outstanding import Outstanding

SourceKind = Literal["stick", "peer", "parent", "hub"]
Absence = Literal["", "withdrawn", "unassigned", "unpublished"]
"""Why a lesson is not to come: its item was withdrawn, is assigned to others, or is nowhere."""


@dataclass(frozen=True, slots=True)
class Occurrence:
    """A lesson of the timetable, as it takes place here.

    Attributes:
        channel: its channel.
        start: minutes since 1970.
        minutes: how long it is.
        rendition: the best one that is here; empty for none, or for an item without any.
        is_here: whether it can be taught now.
        sound_alone: whether only its sound is here.
        absence: why it is not to come; empty when it is.
    """

    channel: str
    start: int
    minutes: int
    pack: str
    item: str
    title: Titles = field(default_factory=dict)
    rendition: str = ""
    is_here: bool = False
    sound_alone: bool = False
    absence: Absence = ""

    @property
    def begins(self) -> float:
        """Its beginning, seconds since 1970."""
        return self.start * 60.0


@dataclass(frozen=True, slots=True)
class Wished:
    """What a teacher wants here first.

    Attributes:
        wanted_by: seconds since 1970; None for as soon as possible.
    """

    pack: str
    item: str
    wanted_by: float | None = None


@dataclass(frozen=True, slots=True)
class Holding:
    """What another source has of a pack.

    Attributes:
        version: which version.
        items: which items of it are whole there; None for all.
        coming: when all of it will be there, since it is being fetched by line there, seconds
            since 1970; None when it is not.
    """

    version: int
    items: frozenset[str] | None = None
    coming: float | None = None


@dataclass(frozen=True, slots=True)
class Offer:
    """A source beside the hub, which costs nothing.

    Attributes:
        kind: what it is.
        name: what to call it to a person.
        rate: bytes a second.
        packs: what it has.
    """

    kind: SourceKind
    name: str
    rate: float = 4e6
    packs: Mapping[str, Holding] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Situation:
    """What is known at one moment.

    Attributes:
        now: school time, seconds since 1970, or the best guess; 0 where there is not even one.
        is_time_known: whether that is sure.
        here: the school's time zone.
        outstanding: what is wanted and not here.
        lessons: those of the timetable that are not over, in order.
        wishes: those that are not here, soonest first.
        estimate: what the line carries.
        is_up: whether the line was there when it was last tried.
        down_since: since when every try has failed, seconds since 1970; None while it is up.
        has_answered: whether anybody has ever answered by it.
        settings: what the technician has set.
        ledger: what has travelled in this month.
        wire: what requests cost.
        busy: times at which a class needs the line (``LineSettings.quiet``), start and stop, in
            order, without overlaps.
        offers: other sources.
        usable: bytes of the disk that may still be filled.
        backlog: bytes of statements that wait to be uploaded.
        cap: bytes a second that the operator lets travel at most; None for any number.
    """

    now: float
    is_time_known: bool
    here: Here
    outstanding: Outstanding = field(default_factory=Outstanding)
    lessons: Sequence[Occurrence] = ()
    wishes: Sequence[Wished] = ()
    estimate: Estimate = field(default_factory=Estimate)
    is_up: bool = True
    down_since: float | None = None
    has_answered: bool = True
    settings: LineSettings = field(default_factory=LineSettings)
    ledger: Ledger = field(default_factory=Ledger)
    wire: Wire = field(default_factory=Wire)
    busy: Sequence[tuple[float, float]] = ()
    offers: Sequence[Offer] = ()
    usable: int = 1 << 50
    backlog: int = 0
    cap: float | None = None

    @property
    def comes(self) -> Estimate:
        """What comes by line: what it carries, under the operator's cap."""
        return self.estimate.capped(self.cap)
