"""The evening before a school day, on a line that suffices for four of six lessons at full size."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable, Generator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from random import Random
from urllib.parse import urlsplit

import pytest

from cache.agent_db import AgentDatabase
from cache.forecast_file import read_forecast
from cache.line_settings import write_line_settings
from cache.state import StateDirectory
from core.assignment import Rule
from core.control import Status
from core.line.estimate import Estimate
from core.line.settings import LineSettings
from core.names import PackId
from core.plan.model import LessonForecast
from core.timetable import Channel, Slot
from sync.directory_source import DirectorySource
from sync.identity import Identity, save_identity
from sync.source import SourceError
from tests.support.agent_process import AgentProcess
from tests.support.clock import FixedClock
from tests.support.http_repository import HttpRepository
from tests.support.moved_clock import moved_clock
from tests.support.node_state import make_node
from tests.support.packs import make_manifest, slight_rendition
from tests.support.publishing import publish_assignment
from tests.support.running_node import command
from tests.support.slow_line import SlowLine
from tests.support.tiny_repository import TinyRepository, publish_manifest

ZONE = timezone(timedelta(hours=8))
PACK = "demo/county/math"
LESSONS = tuple(f"lesson-{number}" for number in range(6))
SIZES = {"720p": 4_800_000, "240p": 960_000, "audio": 160_000}
FULL = sum(SIZES.values())
# From five to six a fifth of the line is free, and all of it for an hour of the night.
WEEK = tuple({17: 20, 2: 100}.get(place % 24, 0) for place in range(168))
SECONDS = 3600 * 1.2


def five_o_clock(now: datetime) -> datetime:
    """Give the next five o'clock, a quarter of an hour late, before a school day."""
    local = now.astimezone(ZONE).replace(hour=17, minute=15, second=0)
    days = 1 + next(n for n in range(7) if (local + timedelta(days=1 + n)).weekday() < 4)
    return local + timedelta(days=days)


def publish(repository: TinyRepository) -> None:
    """Publish six lessons in three renditions, and when they are taught tomorrow."""
    files = {
        f"{lesson}.{name}.mp4": Random(f"{lesson} {name}").randbytes(size)
        for lesson in LESSONS
        for name, size in SIZES.items()
    }
    renditions = {
        lesson: [slight_rendition(name, f"{lesson}.{name}.mp4", files) for name in SIZES]
        for lesson in LESSONS
    }
    items = {one: [path for path in sorted(files) if path.startswith(one)] for one in LESSONS}
    manifest, _ = make_manifest(files, items, pack=PACK, renditions=renditions, kind="video")
    publish_manifest(repository, manifest, files)
    morning = repository.now.astimezone(ZONE).replace(hour=8, minute=30) + timedelta(days=1)
    slots = [
        Slot(start=int(morning.timestamp()) // 60 + 50 * number, minutes=40, pack=PackId(PACK),
             item=lesson)
        for number, lesson in enumerate(LESSONS)
    ]  # fmt: skip
    rule = Rule("*", PACK)
    channel = Channel(id="g5", slots=slots)
    publish_assignment(repository, {}, [rule], [channel])


class Head(DirectorySource):
    """Gives what tells what there is, and ends before any lesson has come."""

    left = 20_000

    def open_range(self, path: str, start: int, stop: int) -> Generator[bytes, None, None]:
        """Give the first bytes of bundles: an index and a manifest, and not much more."""
        for data in super().open_range(path, start, stop):
            if self.left <= 0:
                raise SourceError("the line is cut", fault="gone")
            part, self.left = data[: self.left], self.left - len(data)
            yield part


def polled(path: Path, repository: TinyRepository, url: str) -> StateDirectory:
    """Make a node that has polled once, and knows what the line carries."""
    clock = FixedClock()
    clock.set_wall(repository.now)
    node = make_node(path, repository.root, clock)
    state = node.state
    identity = Identity(
        url=url, hub="h", node="n", school="s-1", token="t", root_version=1, place="demo/county"
    )
    save_identity(state, identity)
    toml = (
        '[portal]\nlisten = "127.0.0.1:0"\n[disk]\nfloor_mb = 0\n[time]\nzone = "Asia/Shanghai"\n'
    )
    (state.root / "node.toml").write_text(toml)
    node.pull_from(Head(repository.directory))
    write_line_settings(state.line_settings, LineSettings(week=WEEK))
    with AgentDatabase(state) as agent:
        agent.remember_estimate(Estimate(samples=(4.3 * FULL / SECONDS,) * 20))
    return state


class School:
    """A school's node, and the line to its hub."""

    def __init__(self, state: StateDirectory, agent: AgentProcess, line: SlowLine) -> None:
        self.state, self.agent, self.line = state, agent, line

    async def until(self, true: Callable[[Status], bool], seconds: float = 60) -> Status:
        """Ask until the status is as wanted."""
        deadline = time.monotonic() + seconds
        while not true(status := await asyncio.to_thread(self.agent.status)):
            assert time.monotonic() < deadline, (status.plan, self.agent.log)
            await asyncio.sleep(0.1)
        return status


@pytest.fixture
async def school(tmp_path: Path) -> AsyncIterator[School]:
    with moved_clock(tmp_path) as clock:
        now = datetime.now(ZONE)
        evening = five_o_clock(now)
        clock.days = (evening - now).total_seconds() / 86400
        repository = TinyRepository(tmp_path, now=evening.astimezone(UTC))
        publish(repository)
        with HttpRepository(repository.directory) as server:
            async with SlowLine(urlsplit(server.url).port or 0, 0.01, 0.0) as line:
                state = polled(tmp_path / "node", repository, line.origin)
                days = os.environ["PACKHORSE_TEST_DAYS"]
                with AgentProcess(state.root, PACKHORSE_TEST_DAYS=days) as running:
                    yield School(state, running, line)


def lessons(status: Status) -> list[LessonForecast]:
    return status.plan.lessons if status.plan else []


@pytest.mark.slow
async def test_all_six_are_teachable_and_a_line_that_is_pulled_is_seen_within_a_minute(
    school: School,
) -> None:
    status = await school.until(
        lambda one: len(lessons(one)) == 6 and {each.state for each in lessons(one)} == {"ready"}
    )
    lower = [one for one in lessons(status) if not one.is_best]
    assert 0 < len(lower) < 6
    assert {one.reason for one in lower} == {"lower"}
    told = await asyncio.to_thread(command, "plan", "--state", str(school.state.root))
    assert told.stdout.count("ready") == 6, told.stderr
    assert told.stdout.count("lower than assigned") == len(lower)

    await school.until(lambda one: one.transfer is not None)
    pulled = time.monotonic()
    await school.line.pull()
    status = await school.until(lambda one: "ready" not in {each.state for each in lessons(one)})
    assert time.monotonic() - pulled < 60
    assert {one.reason for one in lessons(status)} == {"line"}
    assert all("stick" in one.remedies for one in lessons(status))
    assert status.line == "down"
    while "line" not in _holds(school):  # noqa: ASYNC110 - in a file
        await asyncio.sleep(0.1)


def _holds(school: School) -> set[str]:
    return {one.hold for one in read_forecast(school.state.forecast).arrivals}
