"""The quote comes true: bytes within 2 %, the finish within 15 %, where the line keeps its rate.

A hundred seeded schools: packs, sizes, hours, latencies and budgets differ. Requests are as large
as on a node, and each byte of their headers is counted.
"""

from dataclasses import dataclass
from random import Random

import pytest

from core.line.estimate import Estimate
from core.line.settings import FULL, USUAL_WEEK, LineSettings
from core.plan.model import Quote
from core.plan.planner import plan
from sync.pull.drive import drive
from sync.pull.retry import Persistence
from tests.simulation.content import MemoryContent
from tests.simulation.draw import draw
from tests.simulation.hands import SimulatedHands
from tests.simulation.node import Node
from tests.simulation.scenario import DAY, Event, Scenario, VersionFacts
from tests.simulation.statements import MemoryOutbox
from tests.simulation.world import World

SCENARIOS = 100
BYTES_WITHIN = 0.02
TIME_WITHIN = 0.15


@dataclass(frozen=True)
class Kept:
    """A quote, and what came of it."""

    quote: Quote
    seconds: float
    line: int

    @property
    def bytes_off(self) -> float:
        """How much the bytes differ, as a share."""
        return abs(self.line - self.quote.line) / self.quote.line

    @property
    def time_off(self) -> float:
        """How much the time differs, as a share."""
        assert self.quote.finish is not None
        return abs(self.seconds - self.quote.finish) / self.quote.finish


def calm(seed: int) -> Scenario:
    """Draw a school whose line keeps its rate and whose packs come in some days."""
    chance = Random(f"packhorse quote {seed}")
    found = draw(seed)
    rate = chance.choice((8_000.0, 16_000.0, 32_000.0, 250_000.0))
    published = [one for one in found.events if one.kind == "publish"]
    packs = [one.what[0] for one in published if isinstance(one.what[0], VersionFacts)]
    whole = sum(step.line for pack in packs for item in pack.items for step in item.steps)
    share = min(1.0, rate * DAY * chance.uniform(0.02, 0.3) / max(1, whole))
    week = chance.choice((USUAL_WEEK, (FULL,) * len(USUAL_WEEK)))
    budget = chance.choice((None, 1 << 50))
    return found.without(
        stop=found.start + 60 * DAY,
        rates=((found.start, rate),),
        outages=(),
        captive=(),
        cuts=(),
        powers=(),
        held=(),
        events=tuple(Event(found.start - 1, "publish", (_smaller(pack, share),)) for pack in packs),
        settings=LineSettings(week=week, budget=budget),
        disk=1 << 50,
        latency=chance.choice((0.05, 0.3, 0.6)),
        has_clock=True,
    )


def _smaller(pack: VersionFacts, share: float) -> VersionFacts:
    items = tuple(
        item._replace(
            steps=tuple(
                step._replace(
                    size=max(1000, int(step.size * share)),
                    line=max(1000, int(step.line * share)),
                    delta=max(1000, int(step.delta * share)),
                )
                for step in item.steps
            )
        )
        for item in pack.items
    )
    return pack._replace(items=items)


def keep(scenario: Scenario) -> Kept:
    """Ask for a quote as soon as it is known what is in the packs, then do all of it."""
    world = World(scenario)
    node = Node(world, MemoryContent(), MemoryOutbox())
    rate = scenario.rates[0][1]
    node.books.estimate = Estimate(samples=(rate,) * 20, latency=scenario.latency)
    node.boot()
    node.channel.begin()
    hands = SimulatedHands(node, Persistence(lambda: 0.5, world.advance, lambda: None))
    world.advance(world.now)
    hands.poll()
    begun, before = world.now, node.watch.line_bytes
    quote = plan(node.situation()).quote
    made = drive(hands, node.make)
    assert made.hold == "done"
    node.channel.end()
    quote_from_now = Quote(line=quote.line, finish=(quote.finish or 0.0) - begun)
    return Kept(quote_from_now, world.now - begun, node.watch.line_bytes - before)


def check(seeds: range) -> str:
    """Keep quotes, and say how far they were off."""
    kept = [keep(calm(seed)) for seed in seeds]
    bytes_off = max(one.bytes_off for one in kept)
    time_off = max(one.time_off for one in kept)
    assert bytes_off <= BYTES_WITHIN
    assert time_off <= TIME_WITHIN
    return f"{len(kept)} quotes: bytes off by at most {bytes_off:.2%}, the finish by {time_off:.2%}"


def test_some_quotes_come_true() -> None:
    assert check(range(6)).startswith("6 quotes")


@pytest.mark.sim
@pytest.mark.timeout(1800)
def test_a_hundred_quotes_come_true() -> None:
    print(f"\n{check(range(SCENARIOS))}")
