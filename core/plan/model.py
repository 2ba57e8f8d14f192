"""The plan, as agent, screens and worker pass it on.

Moments are seconds since 1970, sizes bytes.
"""

from typing import Literal

import msgspec

from core.manifest import Titles
from core.plan.situation import SourceKind

ActionKind = Literal["upload", "list", "fetch", "remove"]
Why = Literal[
    "statements", "list", "update", "wish", "lesson", "late", "assigned", "better", "room"
]
"""Why something is done, most urgent first.

``list``: to know what is in a pack; ``update``: it is small; ``late``: a lesson that does not make
it; ``better``: a better rendition of what is here or comes; ``room``: another needs the space.
"""
Hold = Literal[
    "", "paused", "never", "hours", "class", "budget", "metered", "line", "disk", "peer", "done"
]
"""Why nothing travels by line just now; ``never``: no hour of the week allows it."""
State = Literal["ready", "risk", "missing"]
Reason = Literal[
    "", "withdrawn", "unassigned", "unpublished", "unknown", "paused", "line",
    "budget", "hours", "metered", "disk", "thin", "lower",
]  # fmt: skip
"""Why a lesson is not ready, or comes in a lower rendition than wanted (``lower``).

``unknown``: what is in its pack is not known yet; ``thin``: the line is too slow for it.
"""
Remedy = Literal[
    "resume", "daytime", "budget", "unmeter", "lower", "wish", "room", "stick", "assign"
]
"""What a person can do about it."""


class Action(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing to do.

    Attributes:
        item: empty for what is of a pack as a whole.
        rendition: which step of the item; empty where it has none.
        line: bytes on the wire, headers included; 0 where it does not come by line.
        size: bytes that it takes on the disk; of a removal, those that it gives back.
        source: where it comes from.
        name: that source's name; empty for the hub.
        begins: when it is begun, as expected; None for never.
        finish: when it is done, as expected; None for never.
        deadline: when it is needed; None where nothing needs it at a time.
        hold: why it does not begin now; empty when it does.
    """

    kind: ActionKind
    why: Why
    pack: str = ""
    version: int = 0
    item: str = ""
    rendition: str = ""
    line: int = 0
    size: int = 0
    source: SourceKind = "hub"
    name: str = ""
    begins: float | None = None
    finish: float | None = None
    deadline: float | None = None
    hold: Hold = ""


class LessonForecast(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one lesson of the timetable can count on.

    Attributes:
        start: minutes since 1970.
        state: ``ready`` also when it surely comes in time.
        is_here: whether it can be taught now.
        rendition: the best one that will be here at its minute; empty where it has none.
        sound_alone: whether that is only sound.
        is_best: whether that is the best one that is wanted.
        expected: when the first step of it is here; None when it is, or never comes.
        reason: why it is not ready, or comes lower.
        remedies: what a person can do about it, best first.
    """

    channel: str
    start: int
    minutes: int
    pack: str
    item: str
    title: Titles = {}
    state: State = "ready"
    is_here: bool = False
    rendition: str = ""
    sound_alone: bool = False
    is_best: bool = True
    expected: float | None = None
    reason: Reason = ""
    remedies: list[Remedy] = []


class Quote(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What carrying out the whole plan costs.

    Attributes:
        line: bytes on the wire, both ways, headers included.
        by_source: bytes by the source's kind: of the hub those on the wire, of others those of
            files.
        finish: when all of it is here, as expected; None for never.
        seconds: how long the line is busy with it, at the measured rate.
        disk_after: bytes of the disk that may still be filled then.
        removed: packs that make room.
        budget_left: bytes of this month's budget that are left afterwards, or now where none of
            it comes this month; None without a budget.
    """

    line: int = 0
    by_source: dict[SourceKind, int] = {}
    finish: float | None = None
    seconds: float = 0.0
    disk_after: int = 0
    removed: list[str] = []
    budget_left: int | None = None


class Plan(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is to be done.

    Attributes:
        made: when the plan was made; 0 where there is not even a guess of the time: moments are
            seconds from then on.
        is_time_known: whether that is sure; where it is not, the order goes by the best guess, and
            nothing has a deadline.
        actions: in order; the first one whose ``hold`` is empty is the head.
        lessons: forecasts for what is left of today, and for the next school day.
        day: the next school day after today, ``2026-11-27``; empty for none.
        quote: what all of it costs.
        hold: why nothing travels by line now; empty when something does or could.
        until: when that changes by itself; None when it does not, or nobody knows.
        more: how many actions follow those that are told.
    """

    made: float = 0.0
    is_time_known: bool = True
    actions: list[Action] = []
    lessons: list[LessonForecast] = []
    day: str = ""
    quote: Quote = Quote()
    hold: Hold = ""
    until: float | None = None
    more: int = 0

    @property
    def head(self) -> Action | None:
        """What to do now; None for nothing."""
        return next((one for one in self.actions if not one.hold), None)
