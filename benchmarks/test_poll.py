"""What a poll costs a node in a repository of one nation, one province and 120 counties.

The node is the real one, against the real hub, and the system counts its bytes. "HTTP" are the
bytes of the TCP stream, headers included, which the gates are for; "line" adds the TCP, IP and
Ethernet headers of every segment, connection and end included. Lists are all that is not a
bundle: tip, roles, assignment, releases.
"""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import pytest

from cache.clock import Clock
from core.trust import roles
from sync.events import Summary, Traffic
from sync.http_client import HttpClient
from sync.http_source import HttpSource
from sync.patience import Timing
from sync.pull import run_pull
from sync.source import Document
from sync.tls import Tls, unused, verified
from tests.support.clock import FixedClock
from tests.support.nation import HOME, OTHER, make_nation, pack_names, update
from tests.support.node_state import Node, enrol_by_hand, make_node
from tests.support.province import Province

pytestmark = [pytest.mark.bench, pytest.mark.timeout(1800)]

T = TypeVar("T")
NOTHING_NEW = 400
ANOTHER_COUNTY = 1000


@dataclass
class Cost:
    """What a part of a run cost."""

    requests: int = 0
    http: int = 0
    line: int = 0

    def add(self, before: Traffic, after: Traffic) -> None:
        """Add what moved between two looks."""
        self.requests += after.requests - before.requests
        self.http += after.received + after.sent - before.received - before.sent
        self.line += after.line_received + after.line_sent
        self.line -= before.line_received + before.line_sent


class CountingSource(HttpSource):
    """Counts what lists cost, apart from bundles."""

    def __init__(self, client: HttpClient) -> None:
        super().__init__(client)
        self.lists = Cost()

    def read(self, path: str, limit: int) -> bytes:
        """Read a file, counted."""
        return self._counted(path, lambda: super(CountingSource, self).read(path, limit))

    def poll(self, path: str, limit: int, validator: str) -> Document | None:
        """Poll, counted."""
        return self._counted(path, lambda: super(CountingSource, self).poll(path, limit, validator))

    def _counted(self, path: str, work: Callable[[], T]) -> T:
        before = self.traffic()
        try:
            return work()
        finally:
            if not path.startswith("bundles/"):
                self.lists.add(before, self.traffic())


@dataclass
class School:
    """A node of the home county, and how it reaches the hub."""

    node: Node
    tls: Tls
    costs: dict[str, Cost] = field(default_factory=dict)

    def pull(self, url: str, what: str = "") -> Summary:
        """Pull; remember what the lists cost under a name."""
        sources: list[CountingSource] = []

        def opened() -> CountingSource:
            timing = Timing(Clock().monotonic, lambda _: None)
            sources.append(CountingSource(HttpClient(url, self.tls, timing)))
            return sources[-1]

        summary = run_pull(self.node.context(opened))
        assert (summary.exit_code, self.node.problems()) == (0, [])
        if what:
            self.costs[what] = sources[0].lists
        return summary


@pytest.fixture(scope="module")
def nation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Province]:
    made = make_nation(tmp_path_factory.mktemp("nation"))
    yield made
    made.close()


def school(path: Path, nation: Province, tls: Tls) -> School:
    node = make_node(path, nation.root, FixedClock())
    enrol_by_hand(node, HOME)
    return School(node, tls)


async def day(nation: Province, one: School, number: int, *, tls: bool) -> None:
    """Let a node live through the situations, and measure each."""
    async with nation.serving(tls=tls) as url:

        async def pull(what: str = "") -> None:
            await asyncio.to_thread(one.pull, url, what)

        await pull("first contact")
        await pull("the first poll after it")
        await pull("nothing new")
        update(nation, pack_names(OTHER, 20)[0], number)
        await pull("another county published")
        await pull()
        update(nation, next(p for p in pack_names("cn/-", 500) if "math-g5-" in p), number)
        await pull("one national pack updated")
        update(nation, pack_names(HOME, 20)[0], number)
        await pull("one pack of its county updated")


def resumed(url: str, tls: Tls, path: str) -> tuple[Cost, Cost]:
    """Give what a request with nothing new costs on a new connection, and on a resumed one."""
    timing = Timing(Clock().monotonic, lambda _: None)
    first = HttpSource(HttpClient(url, tls, timing))
    document = first.poll(path, 100_000, "")
    first.close()
    assert document is not None
    client = HttpClient(url, tls, timing)
    source = HttpSource(client)
    costs = []
    for _ in range(2):
        before, cost = source.traffic(), Cost()
        assert source.poll(path, 100_000, document.validator) is None
        cost.add(before, source.traffic())
        costs.append(cost)
        # The line is cut, and the same run connects again.
        client.meter.hang_up()
    source.close()
    return costs[0], costs[1]


async def test_what_polls_cost(nation: Province, tmp_path: Path) -> None:
    plain = school(tmp_path / "plain", nation, unused())
    await day(nation, plain, 2, tls=False)
    authority = (nation.hub_directory.root / "authority.pem").read_text()
    trusting = verified(authority, "hub", Clock().wall(), clock_verified=True)
    encrypted = school(tmp_path / "tls", nation, trusting)
    await day(nation, encrypted, 3, tls=True)
    newest = max(int(p.stem) for p in (nation.directory / roles.TIPS).iterdir())
    async with nation.serving(tls=True) as url:
        new, again = await asyncio.to_thread(resumed, url, trusting, roles.tip_path(newest))
    tell(nation, plain, encrypted)
    for what, cost in (("new connection", new), ("session resumed", again)):
        print(f"nothing new, TLS, {what}: {cost.http} B, {cost.line} B on the line")
    assert plain.costs["nothing new"].http < NOTHING_NEW
    assert plain.costs["another county published"].http < ANOTHER_COUNTY
    assert plain.costs["another county published"].requests == 1
    assert again.http < new.http


def tell(nation: Province, plain: School, encrypted: School) -> None:
    """Print the table."""
    head = ("requests", "HTTP", "line", "TLS", "TLS line")
    print(f"\n{'lists, bytes':32}", *(f"{word:>8}" for word in head))
    for what, cost in plain.costs.items():
        over_tls = encrypted.costs[what]
        figures = (cost.requests, cost.http, cost.line, over_tls.http, over_tls.line)
        print(f"{what:32}", *(f"{one:8}" for one in figures))
    tip = (nation.directory / roles.TIP_PATH).stat().st_size
    steps = nation.directory / roles.STEPS
    step = min(path.stat().st_size for path in steps.glob("cn.[1-9]*"))
    whole = next(steps.glob("cn.0-*")).stat().st_size
    role = len(nation.role_file("cn"))
    print(f"the tip {tip}; the nation's role file {role}, compressed {whole}, a step to it {step}")
