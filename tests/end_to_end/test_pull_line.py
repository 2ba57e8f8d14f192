"""A pull keeps to hours, switches and budget, says which of them ended it, and goes on later."""

import random
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from cache.agent_db import AgentDatabase
from core.errors import ExitCode
from core.line.ledger import Ledger
from core.line.wire import Wire
from sync.events import Event, Fetching, Summary
from sync.pull import run_pull
from tests.support.http_repository import HttpRepository, Stall
from tests.support.line import ALWAYS, Line
from tests.support.node_state import Node, make_node
from tests.support.tiny_repository import TinyRepository, publish_files

ROOT = Path(__file__).parents[2]
PACK = "demo/county/fish"


def course() -> dict[str, bytes]:
    """Give four videos."""
    chance = random.Random(9)
    return {f"{name}/video.mp4": chance.randbytes(400_000) for name in "abcd"}


@pytest.fixture
def tiny(tmp_path: Path) -> TinyRepository:
    made = TinyRepository(tmp_path)
    publish_files(made, PACK, course(), 1)
    return made


@pytest.fixture
def line(tmp_path: Path) -> Line:
    return Line(tmp_path / "node")


def pull(
    node: Node, line: Line, url: str, told: Callable[[Event], None] = lambda _: None
) -> Summary:
    """Pull once, as a worker does."""
    # A cap, so that time passes while bytes come.
    with closing(line.use(limit=200_000)) as use:
        context = node.context(lambda: line.source(url, use))

        def emit(event: Event) -> None:
            node.events.append(event)
            told(event)

        return run_pull(replace(context, line=use, emit=emit))


def test_a_pull_ends_with_the_budget_and_goes_on_in_the_next_month(
    tiny: TinyRepository, line: Line
) -> None:
    node = make_node(line.state.root, tiny.root, line.clock)
    line.set(week=ALWAYS, budget=1_000_000)
    with HttpRepository(tiny.directory) as server:
        summary = pull(node, line, server.url)
        assert (summary.exit_code, summary.hold, node.problems()) == (0, "budget", [])
        assert 0.8e6 < line.ledger().used <= 1_000_000
        assert 0 < len(node.files(PACK)) < 4
        # What is left suffices for looking whether there is something new, at most.
        server.requests.clear()
        pull(node, line, server.url)
        assert not server.sent("bundles/")
        assert line.ledger().used <= 1_000_000
        with closing(AgentDatabase(line.state)) as agent:
            agent.settle_bytes(0, 1_000_000)
        server.requests.clear()
        summary = pull(node, line, server.url)
        assert (summary.exit_code, server.requests) == (ExitCode.EXHAUSTED, [])
        assert node.problems()[-1] == "This month's budget of the line is used up."
        line.clock.advance(7 * 24 * 3600)
        assert pull(node, line, server.url).exit_code == 0
    assert node.files(PACK) == course()
    assert line.ledger().month == "2026-12-01"


def test_a_pause_stops_a_pull_where_it_is(tiny: TinyRepository, line: Line) -> None:
    node = make_node(line.state.root, tiny.root, line.clock)

    def pause(event: Event) -> None:
        if isinstance(event, Fetching) and event.done:
            line.set(paused=True)
            line.clock.advance(5)

    with HttpRepository(tiny.directory) as server:
        summary = pull(node, line, server.url, pause)
        assert (summary.exit_code, summary.hold, node.problems()) == (0, "paused", [])
        sent = server.sent("bundles/")
        assert 0 < sent < 600_000
        line.set(week=ALWAYS)
        assert pull(node, line, server.url).exit_code == 0
        # What had come was kept, but for what was on its way.
        assert server.sent("bundles/") < 1_600_000 * 1.2
    assert node.files(PACK) == course()


def test_a_metered_line_brings_nothing_that_no_lesson_needs(
    tiny: TinyRepository, line: Line
) -> None:
    node = make_node(line.state.root, tiny.root, line.clock)
    line.set(week=ALWAYS, metered=True)
    with HttpRepository(tiny.directory) as server:
        summary = pull(node, line, server.url)
    assert (summary.exit_code, summary.hold) == (0, "metered")
    assert not node.files(PACK)
    assert line.ledger().used < 30_000


def test_a_worker_that_is_killed_has_counted_all_that_travelled(tmp_path: Path, line: Line) -> None:
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "file").write_bytes(bytes(3_000_000))
    with HttpRepository(tmp_path / "files") as server:
        server.fault = lambda _: Stall(200_000)
        program = (
            "from pathlib import Path; from tests.support.line import Line;"
            f"line = Line(Path({str(line.state.root)!r}));"
            f"line.fetch({server.url!r}, line.use(), 0, 3_000_000)"
        )
        with subprocess.Popen([sys.executable, "-c", program], cwd=ROOT) as process:
            while server.sent() < 200_000:
                assert process.poll() is None
                time.sleep(0.02)
            process.kill()
        sent = server.sent()
    # What was reserved stands: too much is counted then, never too little.
    kept = line.ledger()
    assert sent <= kept.used + kept.reserved < 600_000
    with closing(line.use(limit=200_000)) as use:
        use.largest(Wire())
    assert line.ledger() == Ledger(month="2026-11-01", used=kept.used + kept.reserved)
