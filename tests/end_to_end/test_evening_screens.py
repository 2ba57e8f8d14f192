"""The evening before six lessons, in a real terminal: a thin line, and then none."""

import re
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from urllib.request import ProxyHandler, Request, build_opener

import pytest

from cache.agent_db import AgentDatabase
from cache.line_settings import write_line_settings
from cache.outstanding_file import write_outstanding
from cache.state import StateDirectory
from core.names import PackId
from core.plan.outstanding import Outstanding
from core.timetable import Slot
from tests.support.evenings import MB, PACK, TITLES
from tests.support.planning import ALWAYS, pack, steady, video
from tests.support.running_node import RunningNode, command, enrolled
from tests.support.teaching import channel, write_timetable
from tests.support.terminal import Terminal
from tests.support.tiny_repository import TinyRepository

ZONE = timezone(timedelta(hours=8))
FULL = 60 * MB
_WITHIN_SECONDS = 60.0


@pytest.fixture
def hub() -> Iterator[socket.socket]:
    """Give a hub that takes calls and has not answered yet."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening


@pytest.fixture
def evening(tmp_path: Path, hub: socket.socket) -> Path:
    """Give the state of a node whose line carries four of tomorrow's six lessons in full."""
    now = datetime.now(ZONE)
    first = (now + timedelta(days=1)).replace(hour=12, minute=0, second=0, microsecond=0)
    starts = [first + timedelta(minutes=12 * number) for number in range(6)]
    repository = TinyRepository(tmp_path)
    state = enrolled(tmp_path / "node", repository.root, f"http://127.0.0.1:{hub.getsockname()[1]}")
    with (state / "node.toml").open("a") as file:
        file.write('[time]\nzone = "Asia/Shanghai"\n')
    where = StateDirectory(state)
    slots = [
        Slot(start=round(start.timestamp()) // 60, minutes=10, pack=PackId(PACK),
             item=f"lesson-{number}", title=TITLES[number]["en"])
        for number, start in enumerate(starts)
    ]  # fmt: skip
    write_timetable(where, channel("g5", slots))
    items = [video(f"lesson-{number}", FULL, FULL // 5, FULL // 20) for number in range(6)]
    write_outstanding(where.outstanding, Outstanding(packs=[pack(items, PACK)]))
    write_line_settings(where.line_settings, ALWAYS)
    rate = 4.2 * FULL / (first - now).total_seconds()
    with AgentDatabase(where) as database:
        database.remember_estimate(steady(rate))
        # A line that never was is not counted on.
        database.note_contact(now.astimezone(UTC))
    return state


def teachers_day(node: RunningNode) -> str:
    """Give the teacher's page."""
    asked = Request(f"{node.portal}/teacher", headers={"Accept-Language": "en"})  # noqa: S310 - ours
    with build_opener(ProxyHandler({})).open(asked, timeout=10) as answer:
        return str(answer.read().decode())


@pytest.mark.slow
def test_all_six_can_be_taught_and_pulling_the_line_is_told_within_a_minute(
    evening: Path, hub: socket.socket
) -> None:
    words = [sys.executable, "-m", "packhorse", "tui", "--language", "en", "--state"]
    with (
        RunningNode(evening) as node,
        tempfile.TemporaryDirectory() as place,
        Terminal(Path(place), [*words, str(evening)]) as screen,
    ):
        local = f"{datetime.now(ZONE):%Y-%m-%dT%H:%M}"
        done = command("time", local, "--state", str(evening))
        assert done.returncode == 0, done.stderr
        seen = screen.sees("Tomorrow: all 6 lessons are ready", "in a lower quality")
        lower = re.findall(r"ready: (?:240p|only sound)", seen)
        assert 0 < len(lower) < len(TITLES), seen
        assert "Rivers and plains" in seen
        assert "Tomorrow: all 6 lessons are here or come in time." in teachers_day(node)

        pulled = time.monotonic()
        hub.close()
        seen = screen.sees("6 at risk", "The line is down.", "a stick: 4")
        while "Tomorrow: 0 of 6 lessons are ready, 6 at risk." not in teachers_day(node):
            assert time.monotonic() - pulled < _WITHIN_SECONDS
            time.sleep(0.5)
        assert time.monotonic() - pulled < _WITHIN_SECONDS
        assert "Ask the technician: bring it on a stick." in teachers_day(node)
        assert "bring it on a stick from the hub: press 4" in seen
