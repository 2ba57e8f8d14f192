"""Fetching over a bad line: this node against wget, curl, aria2c and rsync, each unattended.

Everybody fetches the same bytes from the same hub, through a line of its own that is thin, far,
and cut again and again; the peers fetch the bundle as a plain file, whose address they are told,
and the node the pack, with all that proves it. Counted is what crosses the line, headers of IP and
TCP included, also what was on its way when the line was cut. Who is not done is started again.
Time runs from a program's first connection; how long it took to start is said beside it.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import product
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support.fetchers import PEERS, Fetcher, missing_programs
from tests.support.flaky_line import Ending, Flaws
from tests.support.line_world import LineWorld, Result

BYTES_GATE = 1.02
TIME_GATE = 1.05
KBIT = 125
LATENCY = 0.3
RATES = (256 * KBIT, 64 * KBIT)
CUTS = (10.0, 30.0)
ENDINGS: tuple[Ending, ...] = ("reset", "close")
# How long the content takes on the bare line, seconds, and how much longer anybody may take.
IDEAL = 300
PATIENCE = 3.0
AT_ONCE = 80
NODE: Fetcher = "packhorse"
FAULTS = {
    "silence after 600 kB": Flaws(rate=2e5, latency=0.1, cut_bytes=600_000, ending="silence"),
    "reset after 100 kB": Flaws(rate=2e5, latency=0.1, cut_bytes=100_000),
    "3 of 10 connections refused": Flaws(rate=2e5, latency=0.1, cut_seconds=2, refusals=0.3),
    "3 of 10 meet a login page": Flaws(rate=2e5, latency=0.1, cut_seconds=3, portals=0.3, seed=4),
    "a flipped bit in 500 kB": Flaws(rate=2e5, latency=0.1, flips=2e-6, seed=2),
}

pytestmark = [pytest.mark.bench, pytest.mark.timeout(3600)]


class Scenario(NamedTuple):
    """A line, and what is fetched over it."""

    encrypted: bool
    rate: int
    cut: float
    ending: Ending

    def __str__(self) -> str:
        """Say it as a heading."""
        tls = "TLS" if self.encrypted else "plain"
        return f"{self.rate // KBIT} kbit/s, {self.ending} every {self.cut:.0f} s, {tls}"

    @property
    def flaws(self) -> Flaws:
        """The line."""
        return Flaws(
            rate=self.rate, latency=LATENCY, cut_seconds=self.cut, ending=self.ending, seed=1
        )


SCENARIOS = [Scenario(*one) for one in product((False, True), RATES, CUTS, ENDINGS)]


@pytest.fixture(autouse=True)
def peers() -> None:
    missing = missing_programs()
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")


def fetchers(*, encrypted: bool) -> list[Fetcher]:
    # rsync's own daemon does not encrypt.
    return [NODE, *(one for one in PEERS if not (encrypted and one == "rsync"))]


def table(heading: str, results: Sequence[Result], rate: float) -> None:
    print(f"\n{heading}")
    for one in results:
        ideal = one.content / rate
        state = "complete" if one.is_complete else f"NOT COMPLETE {one.outcome.words}"
        print(
            f"  {one.fetcher:9} bytes {one.bytes_ratio:6.3f}  time {one.seconds / ideal:6.3f}"
            f"  {one.seconds:5.0f} s (+{one.start_seconds:4.1f})  connections"
            f" {one.count.connections:3}  starts {one.outcome.starts:3}  {state}"
        )


def within_gates(results: Sequence[Result]) -> bool:
    node, *others = results
    complete = [one for one in others if one.is_complete]
    if not node.is_complete:
        return False
    least = min((one.count.wire for one in complete), default=node.count.wire)
    soonest = min((one.seconds for one in complete), default=node.seconds)
    wire, seconds = node.count.wire / least, node.seconds / soonest
    print(
        f"  of the best peer: bytes {wire:.3f} (gate {BYTES_GATE}),"
        f" time {seconds:.3f} (gate {TIME_GATE})"
    )
    return wire <= BYTES_GATE and seconds <= TIME_GATE


def test_on_a_line_that_is_cut_the_node_is_as_good_as_the_best_peer(tmp_path: Path) -> None:
    ways = list(product((False, True), RATES))
    with ExitStack() as stack:
        hubs = {
            way: stack.enter_context(world_of(tmp_path, way[1], encrypted=way[0])) for way in ways
        }
        pool = stack.enter_context(ThreadPoolExecutor(AT_ONCE))
        jobs = {
            (one, who): pool.submit(
                hubs[one.encrypted, one.rate].fetch,
                *(who, one.flaws, f"{who}-{number}", PATIENCE * IDEAL),
            )
            for who in (NODE, *PEERS)
            for number, one in enumerate(SCENARIOS)
            if who in fetchers(encrypted=one.encrypted)
        }
        found = {
            one: [jobs[one, who].result() for who in fetchers(encrypted=one.encrypted)]
            for one in SCENARIOS
        }
    failed = []
    for one, results in found.items():
        table(str(one), results, one.rate)
        if not within_gates(results):
            failed.append(str(one))
    assert not failed


@pytest.mark.parametrize("encrypted", [False, True], ids=["plain", "encrypted"])
def test_the_node_completes_whatever_the_line_does(tmp_path: Path, *, encrypted: bool) -> None:
    rate = 200_000
    with (
        world_of(tmp_path, rate, 8, encrypted=encrypted) as hub,
        ThreadPoolExecutor(AT_ONCE) as pool,
    ):
        jobs = {
            name: [
                pool.submit(hub.fetch, who, flaws, f"{who}-{number}", 240)
                for who in fetchers(encrypted=encrypted)
            ]
            for number, (name, flaws) in enumerate(FAULTS.items())
        }
        found = {name: [job.result() for job in row] for name, row in jobs.items()}
    for name, results in found.items():
        table(f"{name}, {'TLS' if encrypted else 'plain'}", results, rate)
    assert [name for name, results in found.items() if not results[0].is_complete] == []


def world_of(path: Path, rate: int, seconds: float = IDEAL, *, encrypted: bool) -> LineWorld:
    """Give a hub with films that take so long on the bare line."""
    place = path / f"{encrypted}-{rate}"
    place.mkdir()
    return LineWorld(place, [int(seconds * rate / 3)] * 3, encrypted=encrypted)
