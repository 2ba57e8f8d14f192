"""What the plan means for the lessons of today and of the next school day; what would mend it."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Final

import msgspec

from core.plan.capacity import is_open_all_day
from core.plan.model import LessonForecast, Reason, Remedy, State
from core.plan.ordering import Order, order
from core.plan.outstanding import OutstandingItem
from core.plan.situation import Absence, Occurrence, Situation

_WORSE: Final[dict[State, int]] = {"ready": 0, "risk": 1, "missing": 2}
_ABSENT: Final[dict[Absence, list[Remedy]]] = {
    "withdrawn": ["assign"],
    "unassigned": ["wish", "assign"],
    "unpublished": ["assign"],
}
_BLAMED: Final[dict[Remedy, Reason]] = {
    "resume": "paused",
    "daytime": "hours",
    "budget": "budget",
    "unmeter": "metered",
}
_DAY: Final = 24 * 3600.0


@dataclass(frozen=True, slots=True)
class _Times:
    """When a step is here: as expected, and at the latest; None for never."""

    expected: float | None
    safe: float | None
    by_line: bool
    held: str


_Step = tuple[str, str, str]


def lessons_of(situation: Situation, found: Order) -> tuple[list[LessonForecast], str]:
    """Give the forecasts for the rest of today and for the next school day, and that day."""
    today, days = _local_day(situation, situation.now), _days(situation)
    day = next((one for one in days if one > today), None)
    near = [one for one in situation.lessons if _local_day(situation, one.begins) in {today, day}]
    if not situation.is_time_known:
        near = []
    forecasts = _Forecaster(situation, found, near).all()
    mended = _Mender(situation, near, forecasts).all()
    return mended, day.isoformat() if day and situation.is_time_known else ""


def _days(situation: Situation) -> Iterator[date]:
    for one in situation.lessons:
        yield _local_day(situation, one.begins)


def _local_day(situation: Situation, moment: float) -> date:
    return situation.here(datetime.fromtimestamp(moment, UTC)).date()


class _Forecaster:
    """Reads off an order what lessons can count on.

    Args:
        situation: all that is known.
        found: the order.
        lessons: which ones.
    """

    def __init__(self, situation: Situation, found: Order, lessons: Sequence[Occurrence]) -> None:
        places = {(one.pack, one.item) for one in lessons}
        taught = {one.pack for one in lessons}
        self._situation = situation
        self._lessons = lessons
        self._times = dict(_times(situation, found, places))
        self._expected = found.expected
        self._items = {
            (pack.pack, item.item): item
            for pack in situation.outstanding.packs
            if pack.pack in taught
            for item in pack.items
            if (pack.pack, item.item) in places
        }

    def all(self) -> list[LessonForecast]:
        """Give the forecasts."""
        return [self._one(lesson) for lesson in self._lessons]

    def _one(self, lesson: Occurrence) -> LessonForecast:
        blank = LessonForecast(
            channel=lesson.channel,
            start=lesson.start,
            minutes=lesson.minutes,
            pack=lesson.pack,
            item=lesson.item,
            title=lesson.title,
            is_here=lesson.is_here,
            rendition=lesson.rendition,
            sound_alone=lesson.sound_alone,
        )
        change = msgspec.structs.replace
        item = self._items.get((lesson.pack, lesson.item))
        if item is not None:
            return self._coming(blank, item, lesson)
        if lesson.is_here:
            return blank
        if lesson.absence:
            remedies = list(_ABSENT[lesson.absence])
            return change(blank, state="missing", reason=lesson.absence, remedies=remedies)
        # Its pack is not listed yet, or nobody has told this node of it.
        could = self._situation.is_up and self._expected.by(lesson.begins) > 0
        state: State = "risk" if could else "missing"
        return change(blank, state=state, reason="unknown", remedies=["stick"])

    def _coming(
        self, blank: LessonForecast, item: OutstandingItem, lesson: Occurrence
    ) -> LessonForecast:
        """Forecast a lesson of which something is to come."""
        steps = [item.spare, *item.steps] if item.spare else list(item.steps)
        change = msgspec.structs.replace
        best, sound, state = lesson.rendition, lesson.sound_alone, _state_of(lesson)
        first: _Times | None = None
        for step in steps:
            times = self._times.get((lesson.pack, lesson.item, step.rendition))
            if times is None or step.is_here:
                continue
            first = first or times
            reached = self._reached(times, lesson)
            if _WORSE[reached] < _WORSE[state]:
                state = reached
            if reached != "missing" and (reached == "ready" or not lesson.is_here):
                best, sound = step.rendition, step.sound_alone
        expected = first.expected if first and not lesson.is_here else None
        made = change(
            blank,
            state=state,
            rendition=best,
            sound_alone=sound,
            is_best=best == item.steps[-1].rendition,
            expected=expected,
        )
        return change(made, reason=self._reason(made, first))

    def _reached(self, times: _Times, lesson: Occurrence) -> State:
        """Say whether a step is here at a lesson's minute."""
        down = times.by_line and not self._situation.is_up
        if times.safe is not None and times.safe <= lesson.begins and not down:
            return "ready"
        if times.expected is not None and times.expected <= lesson.begins:
            return "risk"
        return "missing"

    def _reason(self, made: LessonForecast, first: _Times | None) -> Reason:
        """Say what is in the way; what a remedy proves to be is said later."""
        if made.state == "ready":
            return "" if made.is_best else "lower"
        if self._situation.settings.paused:
            return "paused"
        if first is not None and first.held == "disk":
            return "disk"
        if not self._situation.is_up:
            return "line"
        return "thin"


def _state_of(lesson: Occurrence) -> State:
    return "ready" if lesson.is_here else "missing"


def _times(
    situation: Situation, found: Order, places: Collection[tuple[str, str]]
) -> Iterator[tuple[_Step, _Times]]:
    """Give when each step of some items is here."""
    line = local = 0.0
    for one in found.pieces:
        comes = one.hold not in {"metered", "disk", "peer"}
        if comes:
            line += one.line
            local += one.size / one.rate if one.rate and not one.line else 0.0
        if one.kind != "fetch" or (one.pack, one.item) not in places:
            continue
        key = one.pack, one.item, one.rendition
        if one.hold == "peer":
            yield key, _Times(one.coming, one.coming, by_line=False, held=one.hold)
        elif not comes:
            yield key, _Times(None, None, by_line=True, held=one.hold)
        elif one.line:
            expected, safe = found.expected.when(line), found.safe.when(line)
            yield key, _Times(expected, safe, by_line=True, held=one.hold)
        else:
            done = situation.now + local
            yield key, _Times(done, done, by_line=False, held=one.hold)


class _Mender:
    """Finds what a person can do about lessons that are not ready."""

    def __init__(
        self,
        situation: Situation,
        lessons: Sequence[Occurrence],
        forecasts: Sequence[LessonForecast],
    ) -> None:
        self._situation = situation
        self._lessons = lessons
        self._forecasts = forecasts

    def all(self) -> list[LessonForecast]:
        """Give the forecasts with their remedies."""
        poor = [one for one in self._forecasts if _is_open(one)]
        if not poor:
            return list(self._forecasts)
        mended = {remedy: self._if(change) for remedy, change in self._changes()}
        return [
            _with_remedies(one, {name: ones[number] for name, ones in mended.items()})
            for number, one in enumerate(self._forecasts)
        ]

    def _if(self, situation: Situation) -> list[LessonForecast]:
        # What nothing needs at a time comes behind all lessons.
        found = order(situation, bulk=False)
        return _Forecaster(situation, found, self._lessons).all()

    def _changes(self) -> Iterator[tuple[Remedy, Situation]]:
        """Give the situations that there would be if a person did something."""
        now, settings = self._situation, self._situation.settings
        change = msgspec.structs.replace
        last = max(one.begins for one in self._lessons)
        if settings.paused:
            yield "resume", replace(now, settings=change(settings, paused=False))
        if not is_open_all_day(now, last):
            opened = change(settings, open_until=last, open_from=0.0)
            yield "daytime", replace(now, settings=opened)
        if settings.budget is not None:
            yield "budget", replace(now, settings=change(settings, budget=None))
        if settings.metered:
            yield "unmeter", replace(now, settings=change(settings, metered=False))
        if not settings.lower:
            yield "lower", replace(now, settings=change(settings, lower=True))


def _is_open(one: LessonForecast) -> bool:
    """Say whether anything could be done about a lesson that settings decide."""
    return one.reason not in {"", "withdrawn", "unassigned", "unpublished"}


def _with_remedies(one: LessonForecast, mended: Mapping[Remedy, LessonForecast]) -> LessonForecast:
    """Name what makes a lesson better; a stick always does, where it has to come by line."""
    if not _is_open(one):
        return one
    found = [remedy for remedy, other in mended.items() if _is_better(other, one)]
    reason = next((_BLAMED[name] for name in found if name in _BLAMED), one.reason)
    if one.reason in {"disk", "line", "paused", "unknown"} or one.state == "ready":
        reason = one.reason
    if one.reason == "disk":
        found.append("room")
    elif one.state != "ready":
        found.append("stick")
    return msgspec.structs.replace(one, reason=reason, remedies=found)


def _is_better(other: LessonForecast, one: LessonForecast) -> bool:
    if other.state != one.state:
        return _WORSE[other.state] < _WORSE[one.state]
    return one.state == "ready" and other.is_best and not one.is_best
