"""What a node quotes before it pulls, and what then crosses the line.

A hundred seeded schools, each with a line that keeps its rate: real hub, real node, real sockets.
Each node has measured its line by a first pull. Then packs are published for it, of another kind
each: a film, sheets, a shelf of packs, an update by deltas, lessons in three renditions, their
sound alone, or some of all. It pulls; the quote is that of its own plan, at two moments:

    listed   when it is known what is in the packs, which takes some seconds of a pull
    polled   just after the poll, when bytes of lists and packs are known by the releases alone

Bytes are those of frames: content, TLS, HTTP, and the headers of TCP, IP and Ethernet both ways,
acknowledgements too. The quote is of what is outstanding and of statements that wait: neither of
the poll that comes before it, nor of the report that follows the pull. Only when it is listed is
it known what is wanted of a pack of which not all is; so the gates are for ``listed``, and the
other moment is printed beside it.

Scenarios take seconds, and what the node itself has to do between two packs counts: the machine
should have nothing else to do.
"""

import statistics
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import pytest

from core.assignment import Rule
from core.line.settings import FULL, LineSettings
from tests.support.flaky_line import Flaws
from tests.support.packs import slight_rendition
from tests.support.quote_world import PLACE, Kept, Lot, QuoteWorld
from tests.support.quoted_pull import Moment

SCENARIOS = 100
BYTES_WITHIN = 0.02
TIME_WITHIN = 0.15
AT_ONCE = 7
KBIT = 125
# Kilobits a second, and seconds.
SLOWEST, FASTEST = 500, 8000
NEAREST, FARTHEST = 0.02, 0.3
SHORTEST, LONGEST = 12.0, 22.0
MEASURE_SECONDS = 14.0
SHARES = (FULL, FULL, 70, 50, 30)
# Where less is free than this, KiB a second, what is measured would be the node's own work.
THINNEST_SHARE = 50

pytestmark = [pytest.mark.bench, pytest.mark.timeout(3600)]


@dataclass(frozen=True)
class Scenario:
    """A school, its line, and what is published for it.

    Attributes:
        first: what it has before, by which it measures its line.
        then: what is published then.
        rules: what of it is assigned.
        statements: that wait then.
    """

    name: str
    kind: str
    encrypted: bool
    flaws: Flaws
    share: int
    first: list[Lot] = field(default_factory=list)
    then: list[Lot] = field(default_factory=list)
    renditions: list[str] = field(default_factory=list)
    statements: int = 0

    @property
    def rule(self) -> Rule:
        """What is assigned to it."""
        return Rule(self.name, f"{PLACE}/{self.name}-*", renditions=self.renditions)

    def __str__(self) -> str:
        """Say it in a line."""
        tls = "TLS" if self.encrypted else "plain"
        return (
            f"{self.name} {self.kind:8} {self.flaws.rate / KBIT:5.0f} kbit/s"
            f" {1000 * self.flaws.latency:3.0f} ms {self.share:3} % {tls:5}"
        )


class Draft:
    """Draws content of a size.

    Args:
        name: of the school.
        chance: draws.
        total: bytes of all of it, about.
    """

    def __init__(self, name: str, chance: Random, total: int) -> None:
        self.name, self.chance, self.total = name, chance, total

    def text(self, size: int) -> bytes:
        """Draw text, of which half remains when it is compressed."""
        return self.chance.randbytes(size // 2).hex().encode()

    def sizes(self, count: int, total: int) -> list[int]:
        """Draw sizes that differ by ten times."""
        weights = [self.chance.uniform(1, 10) for _ in range(count)]
        return [int(total * one / sum(weights)) for one in weights]

    def lot(self, what: str, files: dict[str, bytes], version: int = 1) -> Lot:
        """Make a pack whose files are items."""
        return Lot(f"{PLACE}/{self.name}-{what}", version, files)

    def film(self, what: str = "film") -> list[Lot]:
        """Draw one large file."""
        return [self.lot(what, {"film.mp4": self.chance.randbytes(self.total)})]

    def sheets(self) -> list[Lot]:
        """Draw many small ones."""
        count = self.chance.randrange(40, 300)
        sizes = self.sizes(count, 2 * self.total)
        return [self.lot("sheets", {f"{n:03}.txt": self.text(one) for n, one in enumerate(sizes)})]

    def shelf(self) -> list[Lot]:
        """Draw several packs of some files each."""
        lots: list[Lot] = []
        for number, part in enumerate(self.sizes(self.chance.randrange(3, 8), self.total)):
            sizes = self.sizes(self.chance.randrange(1, 12), part)
            files = {f"{n}.mp4": self.chance.randbytes(one) for n, one in enumerate(sizes)}
            lots.append(self.lot(f"shelf-{number}", files))
        return lots

    def update(self) -> tuple[list[Lot], list[Lot]]:
        """Draw a pack of texts and films, and its next version, which has much of it."""
        sizes = self.sizes(self.chance.randrange(20, 80), 2 * self.total)
        old = {f"{n:02}.txt": self.text(one) for n, one in enumerate(sizes)}
        new = {path: self._edited(data) for path, data in old.items()}
        more = self.sizes(self.chance.randrange(1, 5), self.total // 2)
        new |= {f"film-{n}.mp4": self.chance.randbytes(one) for n, one in enumerate(more)}
        return [self.lot("course", old)], [self.lot("course", new, 2)]

    def _edited(self, data: bytes) -> bytes:
        """Leave a text, change some of it, or replace most of it."""
        size = len(data)
        fresh = int(size * self.chance.choice((0.0, 0.02, 0.9)))
        start = self.chance.randrange(max(1, size - fresh))
        return data[:start] + self.text(fresh) + data[start + fresh :] if fresh else data

    def lessons(self) -> list[Lot]:
        """Draw lessons, each with sound and pictures, a small film and a large one."""
        files: dict[str, bytes] = {}
        items: dict[str, list[str]] = {}
        renditions = {}
        parts = self.sizes(self.chance.randrange(2, 12), self.total)
        for number, part in enumerate(parts):
            name = f"lesson-{number:02}"
            shares = {"720p.mp4": 0.6, "240p.mp4": 0.25, "audio.mp4": 0.12, "audio/1.jpg": 0.03}
            paths = {one: f"{name}.{one}" for one in shares}
            for one, path in paths.items():
                files[path] = self.chance.randbytes(max(1000, int(part * shares[one])))
            files[f"{name}.vtt"] = self.text(2000)
            items[name] = sorted([*paths.values(), f"{name}.vtt"])
            renditions[name] = [
                slight_rendition("720p", paths["720p.mp4"], files),
                slight_rendition("240p", paths["240p.mp4"], files),
                slight_rendition("audio", paths["audio.mp4"], files, [paths["audio/1.jpg"]]),
            ]
        files["pack.css"] = self.text(3000)
        return [Lot(f"{PLACE}/{self.name}-lessons", 1, files, items, renditions)]


def draw(number: int) -> Scenario:
    """Draw a scenario."""
    name = f"s{number:03}"
    chance = Random(f"packhorse quote on a real line {number}")
    rate = KBIT * SLOWEST * (FASTEST / SLOWEST) ** chance.random()
    latency = NEAREST * (FARTHEST / NEAREST) ** chance.random()
    share = chance.choice([one for one in SHARES if rate * one >= THINNEST_SHARE * 1024 * FULL])
    seconds = chance.uniform(SHORTEST, LONGEST)
    total = int(rate * share / FULL * seconds)
    first = Draft(name, chance, int(rate * MEASURE_SECONDS)).film("first")
    draft = Draft(name, chance, total)
    kind = ("film", "sheets", "shelf", "update", "lessons", "sound", "all")[number % 7]
    renditions: list[str] = []
    match kind:
        case "film" | "sheets" | "shelf" | "lessons":
            then: list[Lot] = getattr(draft, kind)()
        case "update":
            old, then = draft.update()
            first += old
        case "sound":
            renditions = chance.choice((["audio"], ["240p", "audio"], ["240p"]))
            then = Draft(name, chance, 3 * total).lessons()
        case _:
            part = Draft(name, chance, total // 4)
            old, new = part.update()
            first += old
            then = [*new, *part.film(), *part.sheets(), *part.shelf(), *part.lessons()]
    return Scenario(
        name=name,
        kind=kind,
        encrypted=chance.random() < 0.5,
        flaws=Flaws(rate=rate, latency=latency, seed=number),
        share=share,
        first=first,
        then=then,
        renditions=renditions,
        statements=chance.choice((0, 0, 500, 5000)),
    )


@dataclass(frozen=True)
class Outcome:
    """A scenario, and what came of its quote."""

    scenario: Scenario
    kept: Kept

    def bytes_off(self, since: Moment) -> float:
        """Give by which share more was quoted than crossed the line."""
        return self.kept.quote(since).line / self.kept.frames(since) - 1

    def time_off(self, since: Moment) -> float:
        """Give by which share longer was quoted than it took."""
        return self.kept.quoted_seconds(since) / self.kept.seconds(since) - 1

    @property
    def is_kept(self) -> bool:
        """Whether all came, and as was quoted."""
        is_right = self.kept.summary.exit_code == 0 and self.kept.summary.hold == "done"
        return (
            is_right
            and abs(self.bytes_off("listed")) <= BYTES_WITHIN
            and abs(self.time_off("listed")) <= TIME_WITHIN
        )

    def __str__(self) -> str:
        """Say it in a line."""
        kept = self.kept
        here, listed = kept.told["here"], kept.told["listed"]
        flaws = self.scenario.flaws
        return (
            f"{self.scenario} {kept.frames() / 1e6:6.2f} MB {kept.seconds():5.1f} s:"
            f" bytes {self.bytes_off('listed'):+6.2%}, finish {self.time_off('listed'):+6.1%}"
            f" (polled {self.bytes_off('polled'):+7.2%} {self.time_off('polled'):+7.1%};"
            f" rate {listed.stage.rate / flaws.rate:5.3f};"
            f" IP {kept.quote().line / kept.packets() - 1:+6.2%};"
            f" connections {here.connections}-{listed.connections})"
            f"{'' if self.is_kept else ' NOT KEPT'}"
        )


def keep(path: Path, numbers: Sequence[int]) -> Iterator[Outcome]:
    """Let scenarios take place, some at once."""
    scenarios = [draw(one) for one in numbers]
    with ExitStack() as stack:
        pool = stack.enter_context(ThreadPoolExecutor(AT_ONCE))
        worlds = {}
        for encrypted in (False, True):
            place = path / ("tls" if encrypted else "plain")
            place.mkdir()
            worlds[encrypted] = stack.enter_context(QuoteWorld(place, encrypted=encrypted))
            mine = [one for one in scenarios if one.encrypted == encrypted]
            worlds[encrypted].assign([one.name for one in mine], [one.rule for one in mine])
        states = {
            one.name: worlds[one.encrypted].school(
                one.name, LineSettings(week=(one.share,) * 7 * 24)
            )
            for one in scenarios
        }

        def pulled(one: Scenario) -> Kept:
            return worlds[one.encrypted].pull(states[one.name], one.flaws)

        for step in (lambda one: one.first, lambda one: one.then):
            _publish(worlds, scenarios, step)
            found = list(pool.map(pulled, scenarios))
            for one, kept in zip(scenarios, found, strict=True):
                assert kept.summary.exit_code == 0, (str(one), kept.summary)
                worlds[one.encrypted].say(states[one.name], one.statements)
        for one, kept in zip(scenarios, found, strict=True):
            yield Outcome(one, kept)


def _publish(
    worlds: dict[bool, QuoteWorld],
    scenarios: Sequence[Scenario],
    of: Callable[[Scenario], list[Lot]],
) -> None:
    for encrypted, world in worlds.items():
        world.publish([lot for one in scenarios if one.encrypted == encrypted for lot in of(one)])


def summary(outcomes: Sequence[Outcome], since: Moment) -> str:
    """Say how far quotes were off."""
    lines = [abs(one.bytes_off(since)) for one in outcomes]
    times = [abs(one.time_off(since)) for one in outcomes]
    return (
        f"{len(outcomes)} quotes, {since}:"
        f" bytes off by {statistics.median(lines):.2%} (worst {max(lines):.2%}),"
        f" finish by {statistics.median(times):.1%} (worst {max(times):.1%})"
    )


def check(outcomes: Sequence[Outcome]) -> None:
    """Print what came of quotes, and hold them to the gates."""
    print()
    for one in outcomes:
        print(one)
    print(summary(outcomes, "polled"))
    print(summary(outcomes, "listed"))
    assert [str(one) for one in outcomes if not one.is_kept] == []


def test_a_hundred_quotes_come_true_on_a_real_line(tmp_path: Path) -> None:
    check(list(keep(tmp_path, range(SCENARIOS))))
