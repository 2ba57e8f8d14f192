"""The line of a scenario: what it carries when, and what it could carry in all."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

import msgspec

from core.line.ledger import month_after
from core.line.settings import LineSettings
from core.line.week import share_at
from tests.simulation.scenario import HOUR, Scenario, Span, here, local

_FOREVER: Final = float("inf")


class Stretch(NamedTuple):
    """A time in which the line stays as it is; ``rate`` 0 where it is not there."""

    stop: float
    rate: float
    is_captive: bool


class Line:
    """What the line carries at which moment."""

    def __init__(self, scenario: Scenario) -> None:
        marks = {scenario.start, *(at for at, _ in scenario.rates)}
        for span in (*scenario.outages, *scenario.captive):
            marks |= {span.start, span.stop}
        self._marks = sorted(marks)
        self._stretches = [
            self._stretch(scenario, at, stop) for at, stop in pairwise([*self._marks, _FOREVER])
        ]
        self._cuts = scenario.cuts

    @staticmethod
    def _stretch(scenario: Scenario, at: float, stop: float) -> Stretch:
        rate = [one for since, one in scenario.rates if since <= at] or [scenario.rates[0][1]]
        is_down = any(one.start <= at < one.stop for one in scenario.outages)
        is_captive = any(one.start <= at < one.stop for one in scenario.captive)
        return Stretch(stop, 0.0 if is_down else rate[-1], is_captive)

    def at(self, moment: float) -> Stretch:
        """Say how the line is at a moment, and until when."""
        return self._stretches[max(0, bisect_right(self._marks, moment) - 1)]

    def next_cut(self, after: float) -> float:
        """Say when a connection that is open breaks."""
        place = bisect_right(self._cuts, after)
        return self._cuts[place] if place < len(self._cuts) else _FOREVER

    def changes(self) -> Sequence[float]:
        """Give every moment at which the line changes."""
        return self._marks


class Capacity:
    """How many bytes can have come by when, by a line that is known beforehand."""

    def __init__(self, points: Sequence[tuple[float, float]]) -> None:
        self._times = [at for at, _ in points]
        self._bytes = [count for _, count in points]

    @property
    def total(self) -> float:
        """Bytes of all the time."""
        return self._bytes[-1]

    def by(self, moment: float) -> float:
        """Give bytes that can have come by a moment."""
        place = bisect_right(self._times, moment) - 1
        if place < 0:
            return 0.0
        if place + 1 >= len(self._times):
            return self._bytes[-1]
        first, last = self._times[place], self._times[place + 1]
        share = (moment - first) / (last - first)
        return self._bytes[place] + share * (self._bytes[place + 1] - self._bytes[place])

    def when(self, count: float) -> float:
        """Say when so many bytes have come; infinity for never."""
        place = bisect_left(self._bytes, count)
        if place >= len(self._bytes):
            return _FOREVER
        if not place:
            return self._times[0]
        low, high = self._bytes[place - 1], self._bytes[place]
        first, last = self._times[place - 1], self._times[place]
        return first + (count - low) / (high - low) * (last - first)


def capacity_of(scenario: Scenario) -> Capacity:
    """Give what whoever knows everything could bring home, within settings and budget."""
    line = Line(scenario)
    marks = {scenario.start, scenario.stop, *line.changes()}
    for span in scenario.powers:
        marks |= {span.start, span.stop}
    marks |= {at for at, _ in _settings(scenario)}
    marks |= {one.open_until for _, one in _settings(scenario)}
    hour = scenario.start
    while hour < scenario.stop:
        marks.add(hour)
        hour += HOUR
    turn = _turn_of_the_month(scenario)
    if turn is not None:
        marks.add(turn)
    moments = sorted(at for at in marks if scenario.start <= at <= scenario.stop)
    return Capacity(list(_points(scenario, line, moments, turn)))


def _points(
    scenario: Scenario, line: Line, moments: Sequence[float], turn: float | None
) -> Iterator[tuple[float, float]]:
    settings = list(_settings(scenario))
    left = _FOREVER
    if scenario.settings.budget is not None:
        left = float(scenario.settings.budget - scenario.used_before)
    total = 0.0
    yield scenario.start, 0.0
    for at, stop in pairwise(moments):
        if at == turn and scenario.settings.budget is not None:
            left = float(scenario.settings.budget)
        stretch = line.at(at)
        is_on = not _is_in(scenario.powers, at) and not stretch.is_captive
        share = share_at([one for since, one in settings if since <= at][-1], at, here)
        count = min(left, stretch.rate * share * (stop - at)) if is_on else 0.0
        left -= count
        total += count
        yield stop, total


def _settings(scenario: Scenario) -> Iterator[tuple[float, LineSettings]]:
    """Give what is set from when on."""
    now = scenario.settings
    yield scenario.start, now
    for event in scenario.events:
        if event.kind == "settings":
            now = msgspec.structs.replace(now, **dict(event.what))  # type: ignore[arg-type]
            yield event.at, now


def _turn_of_the_month(scenario: Scenario) -> float | None:
    """Say when a new month of the budget begins in the week."""
    day = month_after(local(scenario.start).date(), scenario.settings.budget_day)
    moment = local(scenario.start).replace(year=day.year, month=day.month, day=day.day).timestamp()
    return moment if moment < scenario.stop else None


def _is_in(spans: Sequence[Span], moment: float) -> bool:
    return any(one.start <= moment < one.stop for one in spans)
