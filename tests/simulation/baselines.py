"""What others would make of the same week: whoever knows all beforehand, and two simple ways.

All of them use the same line, hours, power and budget. Time is counted in bytes that the line can
have brought until then.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise, product
from typing import Final, cast

from core.line.wire import Wire, wire_bytes
from tests.simulation.line import Capacity, capacity_of
from tests.simulation.scenario import Scenario, Slot, VersionFacts

_WIRE: Final = Wire()
_MOST_REPEATED: Final = 6
_MOST_TRIES: Final = 3
Place = tuple[str, str]


@dataclass(frozen=True)
class _Job:
    """An item that somebody teaches: bytes, from when on, and until when for which lessons."""

    place: Place
    size: float
    release: float
    dues: tuple[float, ...]


def optimum(scenario: Scenario, slots: Sequence[Slot]) -> int:
    """Give a number of lessons that nobody can exceed, whatever they know."""
    known = _Known(scenario)
    capacity = capacity_of(scenario)
    here = sum(known.is_held(slot) for slot in slots)
    jobs = [
        one
        for one in _jobs(known, capacity, slots)
        if any(one.release + one.size <= due for due in one.dues)
    ]
    releases = {one.release for one in jobs}
    bounds = [_most(jobs, 0.0)]
    for moment in releases - {0.0}:
        early = [one for one in jobs if one.release < moment]
        late = [one for one in jobs if one.release >= moment]
        bounds.append(_most(early, 0.0) + _most(late, moment))
    return here + min(bounds)


class _Known:
    """What is published when, and gone when."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.held = {one.pack: one for one in scenario.held}
        self.published: dict[str, tuple[float, VersionFacts]] = {}
        self.gone: dict[Place, float] = {}
        self.unassigned: dict[str, float] = {}
        for event in scenario.events:
            if event.kind == "publish":
                version = cast("VersionFacts", event.what[0])
                self.published.setdefault(version.pack, (event.at, version))
            elif event.kind == "withdraw":
                self.gone.setdefault(cast("Place", event.what), event.at)
            elif event.kind == "unassign":
                self.unassigned.setdefault(cast("str", event.what[0]), event.at)

    def is_held(self, slot: Slot) -> bool:
        """Say whether a lesson can be taught without anything."""
        return slot.pack in self.held and not self.is_gone(slot)

    def is_gone(self, slot: Slot) -> bool:
        """Say whether a lesson's item is withdrawn by then."""
        return self.gone.get((slot.pack, slot.item), self.scenario.stop) <= slot.start * 60.0

    def order(self) -> Iterator[tuple[float, VersionFacts]]:
        """Give what is to be fetched, as it was published, packs in their order."""
        yield from sorted(
            self.published.values(), key=lambda one: (one[0], one[1].priority, one[1].pack)
        )


def _jobs(known: _Known, capacity: Capacity, slots: Sequence[Slot]) -> Iterator[_Job]:
    dues: dict[Place, list[float]] = {}
    for slot in slots:
        if slot.pack in known.published and slot.pack not in known.held and not known.is_gone(slot):
            dues.setdefault((slot.pack, slot.item), []).append(slot.start * 60.0)
    for place, moments in dues.items():
        at, version = known.published[place[0]]
        item = next(one for one in version.items if one.item == place[1])
        size = float(wire_bytes(item.steps[0].line, _WIRE))
        if known.scenario.settings.lower or _lowers(known.scenario):
            size = min(size, wire_bytes(item.spare.line, _WIRE) if item.spare else size)
        times = tuple(capacity.by(moment) for moment in sorted(moments))
        yield _Job(place, size, capacity.by(at), times)


def _lowers(scenario: Scenario) -> bool:
    return any(e.kind == "settings" and ("lower", True) in e.what for e in scenario.events)


def _most(jobs: Sequence[_Job], begin: float) -> int:
    """Give the most lessons that can be in time when everything is there from the beginning."""
    repeated = [one for one in jobs if len(one.dues) > 1][:_MOST_REPEATED]
    others = [one for one in jobs if one not in repeated]
    fixed = [(one.dues[-1], one.size, len(one.dues)) for one in others]
    best = 0
    for choice in product(*(range(len(one.dues)) for one in repeated)):
        chosen = [
            (one.dues[place], one.size, len(one.dues) - place)
            for one, place in zip(repeated, choice, strict=True)
        ]
        best = max(best, _most_of(sorted([*fixed, *chosen]), begin))
    return best


def _most_of(jobs: Sequence[tuple[float, float, int]], begin: float) -> int:
    """Give the most value of jobs (due, size, value) by what is due first."""
    least = {0: begin}
    for due, size, value in jobs:
        for count, used in sorted(least.items(), reverse=True):
            total = used + size
            if total <= due and total < least.get(count + value, due + 1):
                least[count + value] = total
    return max(least)


def first_in_first_out(scenario: Scenario, slots: Sequence[Slot]) -> int:
    """Give how many lessons are in time with all of each pack in its order, one by one."""
    known, capacity = _Known(scenario), capacity_of(scenario)
    done: dict[Place, float] = {}
    position = 0.0
    for at, version in known.order():
        if version.pack in known.held:
            continue
        position = max(position, capacity.by(at))
        for item in version.items:
            for number, step in enumerate(item.steps):
                position += wire_bytes(step.line, _WIRE)
                if not number:
                    done[version.pack, item.item] = capacity.when(position)
    return _in_time(known, done, slots)


def whole_files(scenario: Scenario, slots: Sequence[Slot]) -> int:
    """Give how many are in time with the best file of each item, from the beginning each time."""
    known, capacity = _Known(scenario), capacity_of(scenario)
    stretches = list(_whole_stretches(scenario, capacity))
    left = [
        (capacity.by(at), (version.pack, item.item), float(item.steps[-1].size))
        for at, version in known.order()
        if version.pack not in known.held
        for item in version.items
    ]
    done: dict[Place, float] = {}
    tries = 0
    for begin, end in stretches:
        position = begin
        while left and position < end:
            release, place, size = left[0]
            start = max(position, release)
            if start + size <= end:
                position = start + size
                done[place] = capacity.when(position)
                left.pop(0)
                tries = 0
                continue
            tries += 1
            if tries >= _MOST_TRIES:
                left.append(left.pop(0))
                tries = 0
            break
    return _in_time(known, done, slots)


def _whole_stretches(scenario: Scenario, capacity: Capacity) -> Iterator[tuple[float, float]]:
    """Give what comes between two interruptions, in bytes from where to where."""
    spans = (*scenario.outages, *scenario.powers, *scenario.captive)
    marks = {scenario.start, scenario.stop, *scenario.cuts, *(one.start for one in spans)}
    for start, stop in pairwise(sorted(marks)):
        yield capacity.by(start), capacity.by(stop)


def _in_time(known: _Known, done: Mapping[Place, float], slots: Sequence[Slot]) -> int:
    late = known.scenario.stop + 1
    return sum(
        known.is_held(slot)
        or (not known.is_gone(slot) and done.get((slot.pack, slot.item), late) <= slot.start * 60.0)
        for slot in slots
    )
