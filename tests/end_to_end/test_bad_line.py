"""A node brings a pack home over every kind of bad line, and nothing that it has comes twice."""

import random
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.errors import ExitCode
from sync.events import Problem
from sync.http_client import HttpClient
from sync.http_source import HttpSource
from sync.patience import Patience, Timing
from sync.pull import run_pull
from sync.tls import unused, verified
from tests.support.encryption import encryption
from tests.support.flaky_line import Flaws
from tests.support.flaky_proxy import FlakyProxy
from tests.support.http_repository import HttpRepository
from tests.support.node_state import Node, make_node
from tests.support.tiny_repository import TinyRepository, publish_files

# Python does not close what was reset between its connection and its handshake.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed <ssl.SSLSocket:ResourceWarning")

PACK = "demo/county/films"
FILMS = {f"{name}.mp4": random.Random(name).randbytes(400_000) for name in "abc"}
SIZE = sum(map(len, FILMS.values()))
IMPATIENT = Patience(connect=5, gap=0.5, stretch=5, least_rate=1000)
RUNS = 12


@dataclass
class School:
    """A node, and the server that it pulls from."""

    node: Node
    server: HttpRepository
    authority: str

    @property
    def port(self) -> int:
        """Where the server listens."""
        return int(self.server.url.rpartition(":")[2])

    def pull(self, line: FlakyProxy) -> int:
        """Pull once; give the exit code."""
        timing = Timing(self.node.clock.monotonic, lambda _: None, IMPATIENT)
        scheme, tls = "http", unused()
        if self.authority:
            now = datetime.now(UTC)
            scheme, tls = "https", verified(self.authority, "the hub", now, clock_verified=True)
        url = f"{scheme}://127.0.0.1:{line.port}"
        context = self.node.context(lambda: HttpSource(HttpClient(url, tls, timing)))
        return run_pull(context).exit_code

    def pull_until_done(self, line: FlakyProxy) -> int:
        """Pull as the agent does, until all is here; give how many runs it took."""
        for number in range(1, RUNS):
            if self.pull(line) == ExitCode.DONE:
                return number
        return RUNS


@pytest.fixture(params=[False, True], ids=["plain", "encrypted"])
def school(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[School]:
    tiny = TinyRepository(tmp_path)
    publish_files(tiny, PACK, FILMS, 1)
    server = HttpRepository(tiny.directory)
    authority = ""
    if request.param:
        ends = encryption(tmp_path)
        server.wrap(lambda one: ends.server.wrap_socket(one, server_side=True))
        authority = ends.authority
    with server:
        yield School(make_node(tmp_path / "node", tiny.root), server, authority)


@pytest.mark.parametrize(
    "flaws",
    [
        Flaws(cut_bytes=150_000),
        Flaws(cut_bytes=150_000, ending="close"),
        Flaws(cut_bytes=400_000, ending="silence"),
        Flaws(rate=1e6, latency=0.02, cut_seconds=0.4),
        Flaws(refusals=0.3, cut_bytes=300_000, seed=2),
    ],
    ids=["reset", "close", "silence", "time", "refusals"],
)
def test_what_a_line_does_to_connections_costs_no_run(school: School, flaws: Flaws) -> None:
    with FlakyProxy(school.port, flaws) as line:
        assert school.pull(line) == ExitCode.DONE
        assert line.count().cuts >= 2
    assert school.node.files(PACK) == FILMS
    # Each request goes on where the last one ended, or later.
    starts = [one.start for one in school.server.requests if one.start is not None]
    assert starts == sorted(starts)


def test_a_login_page_now_and_then_ends_a_run_and_loses_nothing(school: School) -> None:
    flaws = Flaws(portals=0.3, cut_bytes=200_000, seed=37)
    with FlakyProxy(school.port, flaws) as line:
        assert 1 < school.pull_until_done(line) < RUNS
    assert school.node.files(PACK) == FILMS
    starts = [one.start for one in school.server.requests if one.start is not None]
    assert starts == sorted(starts)
    expected = "does not encrypt" if school.authority else "login page"
    assert all(expected in one for one in school.node.problems())


def test_flipped_bytes_are_noticed_and_cost_what_they_were_in(school: School) -> None:
    flaws = Flaws(flips=2e-6, seed=1)
    with FlakyProxy(school.port, flaws) as line:
        assert school.pull_until_done(line) < RUNS
        count = line.count()
    assert count.flips >= 1
    assert school.node.files(PACK) == FILMS
    # A block at most for each, and under TLS a record.
    assert count.down < SIZE + (count.flips + 1) * 450_000


def test_a_mirror_that_lags_takes_nothing_away_and_catches_up(tmp_path: Path) -> None:
    tiny = TinyRepository(tmp_path / "hub")
    publish_files(tiny, PACK, FILMS, 1)
    mirror = tmp_path / "mirror"
    shutil.copytree(tiny.directory, mirror)
    new = {**FILMS, "d.mp4": b"d" * 1000}
    publish_files(tiny, PACK, new, 2)
    node = make_node(tmp_path / "node", tiny.root)
    with HttpRepository(tiny.directory) as hub:
        assert node.pull(hub.url).exit_code == ExitCode.DONE
    with HttpRepository(mirror) as lagging:
        assert node.pull(lagging.url).exit_code == ExitCode.REFUSED
        (problem,) = [one for one in node.events if isinstance(one, Problem)]
        assert "catches up by itself" in problem.hint
        assert node.files(PACK) == new
        lagging.directory = tiny.directory
        assert node.pull(lagging.url).exit_code == ExitCode.DONE
    assert node.files(PACK) == new


def test_a_mirror_that_has_not_all_files_yet_gives_what_it_has(tmp_path: Path) -> None:
    tiny = TinyRepository(tmp_path / "hub")
    publish_files(tiny, PACK, FILMS, 1)
    publish_files(tiny, "demo/county/songs", {"song.mp3": b"la" * 1000}, 1)
    node = make_node(tmp_path / "node", tiny.root)
    with HttpRepository(tiny.directory) as mirror:
        large = max(tiny.directory.rglob("bundles/*/*"), key=lambda one: one.stat().st_size)
        path = str(large.relative_to(tiny.directory))
        mirror.overlay[path] = None
        assert node.pull(mirror.url).exit_code == ExitCode.PARTIAL
        assert "has no file bundles/" in node.problems()[0]
        assert set(node.files("demo/county/songs")) == {"song.mp3"}
        del mirror.overlay[path]
        assert node.pull(mirror.url).exit_code == ExitCode.DONE
    assert node.files(PACK) == FILMS
