"""Draws a school's week from a seed.

The line carries 128 kbit/s, three hours in ten are lost, and the power fails twice a day. What the
timetable needs at least is between a tenth of what the line can bring and half as much again.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from random import Random
from typing import Final

from core.line.settings import FULL, USUAL_WEEK, LineSettings
from tests.simulation.line import capacity_of
from tests.simulation.scenario import (
    DAY,
    HOUR,
    WEEK,
    Event,
    ItemFacts,
    Scenario,
    Slot,
    Span,
    StepFacts,
    VersionFacts,
    monday,
)

RATE: Final = 16_000.0
LOST: Final = 0.3
_MEAN_OUTAGE: Final = 2.5
_FIRST_HOURS: Final = (8, 9, 10, 11, 14, 15, 16)
_SATURDAY: Final = 5
# What the lowest steps of the timetable take of what the line can bring.
_LOADS: Final = (0.1, 0.3, 0.5, 0.7, 0.9, 1.1, 1.4)
_MOST_FILES: Final = 1 << 33


def draw(seed: int) -> Scenario:
    """Draw a week."""
    chance = Random(f"packhorse week {seed}")
    start = monday(chance.randrange(40))
    world = _world(chance, seed, start)
    packs = _packs(chance)
    slots = list(_timetable(chance, packs, start))
    packs = _scaled(packs, slots, world, chance)
    held = tuple(one for one in packs if chance.random() < 0.15)
    late = {one.pack for one in packs if one not in held and chance.random() < 0.15}
    events = [
        *_publications(chance, packs, held, late, start),
        *_timetables(chance, slots, late, start),
        *_people(chance, packs, slots, start),
        *_mishaps(chance, packs, held, start),
    ]
    size, size_held = _size(packs), _size(held)
    share = 3.0 if chance.random() < 0.85 else chance.uniform(0.5, 1.2)
    return replace(
        world,
        held=held,
        events=tuple(sorted(events, key=lambda one: one.at)),
        disk=int(1.1 * size_held + share * (size - size_held)),
    )


def _size(packs: Iterable[VersionFacts]) -> int:
    return sum(step.size for one in packs for item in one.items for step in item.steps)


def _world(chance: Random, seed: int, start: float) -> Scenario:
    """Draw line, power, clocks and settings."""
    stop = start + WEEK
    rates = [
        (start + n * 6 * HOUR, RATE * chance.choice((0.7, 0.85, 1, 1, 1, 1.15, 1.3)))
        for n in range(28)
    ]
    settings = LineSettings(week=_week(chance))
    has_clock = chance.random() < 0.6
    world = Scenario(
        seed=seed,
        start=start,
        stop=stop,
        rates=tuple(rates),
        outages=tuple(_outages(chance, start, stop)),
        captive=tuple(_spans(chance, start, stop, chance.choice((0, 0, 0, 2)), 2 * HOUR)),
        cuts=tuple(_moments(chance, start, stop, chance.choice((0.2, 1, 2, 4)))),
        powers=tuple(_powers(chance, start, stop)),
        settings=settings,
        poll_seconds=chance.choice((900.0, 1800.0, 3600.0)),
        latency=chance.choice((0.05, 0.3, 0.6)),
        has_clock=has_clock,
        hears_time=has_clock or chance.random() < 0.7,
    )
    if chance.random() < 0.3:
        bytes_of_week = capacity_of(world).total
        budget = int(bytes_of_week * chance.uniform(0.2, 1.2)) + 1_000_000
        used = int(budget * chance.random() * 0.5)
        day = chance.randint(1, 28)
        settings = LineSettings(week=settings.week, budget=budget, budget_day=day)
        world = replace(world, settings=settings, used_before=used)
    return world


def _week(chance: Random) -> tuple[int, ...]:
    kind = chance.random()
    if kind < 0.6:
        return USUAL_WEEK
    if kind < 0.8:
        return (FULL,) * len(USUAL_WEEK)
    # Nights alone, and weekends.
    return tuple(0 if share < FULL else share for share in USUAL_WEEK)


def _outages(chance: Random, start: float, stop: float) -> Iterator[Span]:
    """Give outages that together take the share that is lost."""
    mean_up = _MEAN_OUTAGE * (1 - LOST) / LOST
    now = start
    while now < stop:
        now += chance.expovariate(1 / mean_up) * HOUR
        end = now + chance.expovariate(1 / _MEAN_OUTAGE) * HOUR
        if now < stop:
            yield Span(now, min(end, stop))
        now = end


def _powers(chance: Random, start: float, stop: float) -> Iterator[Span]:
    """Give two power cuts a day."""
    day = start
    while day < stop:
        moments = sorted(day + chance.random() * (DAY - HOUR) for _ in range(2))
        for moment, latest in zip(moments, (moments[1], day + DAY), strict=True):
            yield Span(moment, min(moment + chance.uniform(30, HOUR), latest))
        day += DAY


def _spans(chance: Random, start: float, stop: float, count: int, longest: float) -> Iterator[Span]:
    for moment in sorted(chance.uniform(start, stop) for _ in range(count)):
        yield Span(moment, moment + chance.uniform(0, longest))


def _moments(chance: Random, start: float, stop: float, an_hour: float) -> Iterator[float]:
    now = start
    while (now := now + chance.expovariate(an_hour) * HOUR) < stop:
        yield now


def _packs(chance: Random) -> list[VersionFacts]:
    return [
        VersionFacts(
            pack=f"gd/zhuhai/p{number}",
            version=1,
            priority=chance.choice((3, 5, 5, 5, 8)),
            head=chance.randint(4_000, 40_000),
            items=tuple(_item(chance, f"i{place}") for place in range(chance.randint(8, 16))),
        )
        for number in range(chance.randint(4, 6))
    ]


def _item(chance: Random, name: str) -> ItemFacts:
    """Draw an item, of a size that is scaled afterwards."""
    least = math.exp(chance.gauss(0, 0.6))
    kind = chance.random()
    if kind < 0.25:
        return ItemFacts(name, 1, (_step(chance, "", least / 5),))
    steps = [
        _step(chance, "240p", least),
        _step(chance, "360p", least * 1.5),
        _step(chance, "720p", least * 4),
    ]
    if kind < 0.5:
        return ItemFacts(name, 1, (_step(chance, "audio", least / 4, sound=True), *steps))
    spare = _step(chance, "audio", least / 4, sound=True) if kind < 0.7 else None
    return ItemFacts(name, 1, tuple(steps[: chance.randint(1, 3)]), spare)


def _step(chance: Random, name: str, relative: float, *, sound: bool = False) -> StepFacts:
    size = int(relative * 1_000_000)
    share = chance.uniform(0.02, 0.6)
    return StepFacts(name, size, int(size * 0.97), int(size * share), sound)


def _timetable(
    chance: Random, packs: Sequence[VersionFacts], start: float
) -> Iterator[tuple[Slot, int]]:
    """Give lessons, each with the day on which it is."""
    every = [(one.pack, item.item) for one in packs for item in one.items]
    chance.shuffle(every)
    taught: list[tuple[str, str]] = []
    for channel in range(chance.choice((1, 1, 2))):
        for day in range(chance.choice((5, 5, 6))):
            most = 3 if day == _SATURDAY else 6
            for hour in sorted(chance.sample(_FIRST_HOURS, chance.randint(3, most))):
                again = taught and (chance.random() < 0.06 or not every)
                pair = chance.choice(taught) if again else every.pop()
                taught.append(pair)
                begin = start + day * DAY + hour * HOUR + chance.choice((0, 10, 30)) * 60
                yield Slot(f"g{channel}", int(begin // 60), 40, *pair), day


def _scaled(
    packs: Sequence[VersionFacts],
    slots: Iterable[tuple[Slot, int]],
    world: Scenario,
    chance: Random,
) -> list[VersionFacts]:
    """Let the lowest steps of the timetable take a share of what the line can bring."""
    by_name = {(one.pack, item.item): item for one in packs for item in one.items}
    least = sum(by_name[pair].steps[0].line for pair in {(s.pack, s.item) for s, _ in slots})
    load = chance.choice(_LOADS) * chance.uniform(0.8, 1.2) * capacity_of(world).total / least
    return [
        one._replace(items=tuple(_item_scaled(item, load) for item in one.items)) for one in packs
    ]


def _item_scaled(item: ItemFacts, load: float) -> ItemFacts:
    steps = tuple(_step_scaled(step, load) for step in item.steps)
    return item._replace(steps=steps, spare=item.spare and _step_scaled(item.spare, load))


def _step_scaled(step: StepFacts, load: float) -> StepFacts:
    size, line, delta = (
        max(1000, min(_MOST_FILES, int(value * load)))
        for value in (step.size, step.line, step.delta)
    )
    return step._replace(size=size, line=min(size, line), delta=min(size, line, delta))


def _publications(
    chance: Random,
    packs: Sequence[VersionFacts],
    held: Sequence[VersionFacts],
    late: set[str],
    start: float,
) -> Iterator[Event]:
    """Publish what is not here, and new versions of it during the week."""
    for one in packs:
        at = start - HOUR
        if one.pack in late:
            at = start + chance.uniform(0, 3 * DAY)
        if one not in held:
            yield Event(at, "publish", (one,))
        if chance.random() < 0.35:
            changed = tuple(
                item._replace(revision=2) if chance.random() < 0.4 else item for item in one.items
            )
            again = one._replace(version=2, items=changed)
            yield Event(max(at, start) + chance.uniform(HOUR, 5 * DAY), "publish", (again,))
        if one in held and chance.random() < 0.3:
            yield Event(start + chance.uniform(HOUR, 6 * DAY), "unassign", (one.pack,))


def _timetables(
    chance: Random, slots: Sequence[tuple[Slot, int]], late: set[str], start: float
) -> Iterator[Event]:
    """Give the timetable with the week, but what is of late packs on the eve of its day."""
    early = tuple(slot for slot, _ in slots if slot.pack not in late)
    yield Event(start - HOUR, "timetable", early)
    for day in {day for slot, day in slots if slot.pack in late}:
        known = start + (day - 1) * DAY + chance.uniform(8, 20) * HOUR
        those = tuple(slot for slot, its in slots if its == day and slot.pack in late)
        yield Event(max(start - HOUR, known), "timetable", those)


def _people(
    chance: Random, packs: Sequence[VersionFacts], slots: Sequence[tuple[Slot, int]], start: float
) -> Iterator[Event]:
    """Let teachers change lessons, wish and teach, and technicians set."""
    for slot, _ in slots:
        begins = slot.start * 60.0
        yield Event(begins, "used", (chance.randint(1, 12),))
        kind = chance.random()
        before = begins - chance.uniform(2, 30) * HOUR
        if kind < 0.03 and before > start:
            yield Event(before, "shift", (slot, chance.choice((-60, 60, 1440))))
        elif kind < 0.06 and before > start:
            yield Event(before, "cancel", (slot,))
    for _ in range(chance.choice((0, 0, 1, 3))):
        at = start + chance.uniform(0, 5 * DAY)
        one = chance.choice(packs)
        by = None if chance.random() < 0.5 else at + chance.uniform(2, 48) * HOUR
        yield Event(at, "wish", (one.pack, chance.choice(one.items).item, by))
    yield from _settings(chance, start)


def _settings(chance: Random, start: float) -> Iterator[Event]:
    for _ in range(chance.choice((0, 0, 0, 1, 2))):
        at = start + chance.uniform(0, 6 * DAY)
        kind = chance.randrange(4)
        if kind == 0:
            yield Event(at, "settings", (("paused", True),))
            yield Event(at + chance.uniform(0.1, 6) * HOUR, "settings", (("paused", False),))
        elif kind == 1:
            yield Event(at, "settings", (("open_until", at + chance.uniform(0.5, 8) * HOUR),))
        elif kind == 2:
            yield Event(at, "settings", (("metered", True),))
        else:
            yield Event(at, "settings", (("lower", True),))


def _mishaps(
    chance: Random, packs: Sequence[VersionFacts], held: Sequence[VersionFacts], start: float
) -> Iterator[Event]:
    """Let publishers withdraw, disks fill and clocks jump."""
    for _ in range(chance.choice((0, 0, 1, 2))):
        one = chance.choice(packs)
        at = start + chance.uniform(0, 6 * DAY)
        yield Event(at, "withdraw", (one.pack, chance.choice(one.items).item))
    if chance.random() < 0.1:
        yield Event(start + chance.uniform(0, 6 * DAY), "fill", (chance.randrange(1 << 28),))
    if held and chance.random() < 0.2:
        at = start + chance.uniform(0, 6 * DAY)
        year = chance.choice((0.0, 4_070_908_800.0, at - 30 * DAY, at + 40 * DAY))
        yield Event(at, "jump", (year,))
