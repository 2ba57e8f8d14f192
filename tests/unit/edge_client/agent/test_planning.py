"""The agent's plan: made again when anything changes, told to screens, kept for the portal."""

import asyncio
import shutil
import threading
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest

from cache.agent_db import AgentDatabase
from cache.forecast_file import read_forecast
from cache.line_settings import write_line_settings
from cache.outstanding_file import write_outstanding
from cache.school_clock import SchoolClock
from cache.state import StateDirectory
from cache.timetable_file import write_timetable
from core.control import Status
from core.line.settings import LineSettings
from core.names import PackId
from core.plan.model import Plan
from core.plan.outstanding import Outstanding, OutstandingItem, OutstandingPack, Step
from core.plan.planner import plan
from core.plan.situation import Situation
from core.school_time import SchoolTime
from core.timetable import Channel, NodeTimetable, Slot
from edge_client.agent.board import Board
from edge_client.agent.planning import Planning
from edge_client.planned import Planned
from sync import events
from sync.events import Problem, Summary
from tests.support.clock import START, FixedClock
from tests.support.nodes import make_state

PACK = "gd/zhuhai/math"
NO_LINE = Problem(kind="unavailable", text="No line.", exit_code=14)
TOMORROW = int(START.timestamp() // 60) + 16 * 60


def left(*items: str, size: int = 1_000_000) -> Outstanding:
    made = [OutstandingItem(one, [Step("", size, size)]) for one in items]
    return Outstanding(packs=[OutstandingPack(pack=PACK, version=1, is_listed=True, items=made)])


class Agent:
    """A board and the loop that plans for it, over a node's files."""

    def __init__(self, state: StateDirectory, clock: FixedClock) -> None:
        self.state, self.clock = state, clock
        school = SchoolClock(state, clock)
        self.board = Board(clock)
        planned = Planned(state, clock, school, disk_floor=0)
        self.planning = Planning(
            planned, self.board, clock, forecast=state.forecast, offset=lambda: 480
        )
        self.seen = 0

    async def next(self) -> Status:
        """Wait for the next plan."""
        before = self.board.status().plan
        async with asyncio.timeout(30):
            while (found := self.board.status()).plan == before:
                self.seen = await self.board.changed(self.seen)
        return found

    async def plan(self) -> Plan:
        found = (await self.next()).plan
        assert found is not None
        return found

    def written(self) -> float:
        return self.state.forecast.stat().st_mtime_ns


@pytest.fixture(autouse=True)
def _still_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let others of this machine write as they like: more or less of the disk is another plan."""
    usage = shutil.disk_usage("/")
    monkeypatch.setattr("cache.space.shutil.disk_usage", lambda _: usage)


@pytest.fixture
def looking(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let it look all the time; by itself it does so every ten seconds, and when woken."""
    monkeypatch.setattr("edge_client.agent.planning.LOOK_SECONDS", 0.01)
    monkeypatch.setattr("edge_client.agent.planning._REST", 0.0)


@pytest.fixture
async def agent(tmp_path: Path) -> AsyncIterator[Agent]:
    state = make_state(tmp_path)
    slots = [Slot(start=TOMORROW, minutes=40, pack=PackId(PACK), item="fish")]
    write_timetable(state.timetable, NodeTimetable(channels=[Channel(id="g5", slots=slots)]))
    write_outstanding(state.outstanding, left("fish", "birds"))
    made = Agent(state, FixedClock())
    work = asyncio.create_task(made.planning.run())
    yield made
    work.cancel()
    with suppress(asyncio.CancelledError):
        await work


async def test_it_plans_at_its_start_and_tells_screens_and_portal(agent: Agent) -> None:
    plan = await agent.plan()

    assert [(one.item, one.why) for one in plan.actions] == [
        ("fish", "lesson"),
        ("birds", "assigned"),
    ]
    assert [(one.item, one.state) for one in plan.lessons] == [("fish", "ready")]
    await until_written(agent, 0)
    forecast = read_forecast(agent.state.forecast)
    assert (forecast.offset, forecast.made) == (480, START.timestamp())
    assert [one.item for one in forecast.arrivals] == ["fish", "birds"]


async def until_written(agent: Agent, before: float) -> None:
    async with asyncio.timeout(30):
        while not agent.state.forecast.exists() or agent.written() == before:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_a_line_that_goes_down_changes_the_forecast_at_once(agent: Agent) -> None:
    agent.board.take(events.Contact(changed=False))
    await agent.plan()
    await until_written(agent, 0)
    before = agent.written()
    agent.board.begin("pull")
    agent.board.take(NO_LINE)

    plan = await agent.plan()

    [lesson] = plan.lessons
    assert (lesson.state, lesson.reason, plan.hold) == ("risk", "line", "line")
    assert "stick" in lesson.remedies
    await until_written(agent, before)
    assert read_forecast(agent.state.forecast).lessons[0].reason == "line"


async def test_a_line_that_was_away_for_hours_is_not_counted_on(agent: Agent) -> None:
    # Nobody tried by day; that says nothing of the line.
    agent.board.take(events.Contact(changed=False))
    await agent.plan()
    agent.clock.advance(7 * 3600)
    agent.board.take(NO_LINE)
    assert [one.state for one in (await agent.plan()).lessons] == ["risk"]

    agent.clock.advance(7 * 3600)
    agent.board.take(NO_LINE)
    agent.planning.wake()
    plan = await agent.plan()
    assert [one.state for one in plan.lessons] == ["missing"]


async def test_a_line_that_never_was_is_not_counted_on(agent: Agent) -> None:
    await agent.plan()
    agent.board.take(NO_LINE)
    plan = await agent.plan()

    assert [(one.state, one.reason, one.expected) for one in plan.lessons] == [
        ("missing", "line", None)
    ]


async def test_when_a_worker_has_ended_what_it_left_is_planned_anew(agent: Agent) -> None:
    await agent.plan()
    agent.board.begin("pull")
    write_outstanding(agent.state.outstanding, left("birds"))
    agent.board.end(Summary(task="pull", exit_code=0, reached=True), next_try=900.0)
    plan = await agent.plan()
    assert [one.item for one in plan.actions] == ["birds"]


async def test_other_settings_are_planned_with_at_once_and_shown(agent: Agent) -> None:
    await agent.plan()
    settings = LineSettings(paused=True, budget=5_000_000)
    write_line_settings(agent.state.line_settings, settings)
    agent.planning.wake()

    status = await agent.next()

    assert status.plan is not None
    assert (status.plan.hold, status.line, status.line_settings) == ("paused", "paused", settings)
    assert "resume" in status.plan.lessons[0].remedies


async def test_what_holds_back_what_is_not_taught_is_told_at_once(agent: Agent) -> None:
    await agent.plan()
    await until_written(agent, 0)
    before = agent.written()
    write_timetable(agent.state.timetable, NodeTimetable())
    agent.planning.wake()
    await agent.plan()
    await until_written(agent, before)
    before = agent.written()
    write_line_settings(agent.state.line_settings, LineSettings(paused=True))
    agent.planning.wake()
    await agent.plan()
    await until_written(agent, before)
    forecast = read_forecast(agent.state.forecast)
    assert (forecast.lessons, {one.hold for one in forecast.arrivals}) == ([], {"paused"})


@pytest.mark.usefixtures("looking")
async def test_while_nothing_changes_the_same_plan_holds_for_a_minute(agent: Agent) -> None:
    first = await agent.plan()
    agent.clock.advance(30)
    await asyncio.sleep(0.3)
    status = agent.board.status()
    assert status.plan == first
    agent.clock.advance(40)
    assert (await agent.plan()).made == first.made + 70


@pytest.mark.usefixtures("looking")
async def test_a_plan_is_as_old_as_what_it_was_made_of(
    agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await agent.plan()
    look, has_waited = Planned.situation, threading.Event()

    def slowly(planned: Planned) -> Situation:
        found = look(planned)
        if found.now == first.made + 30 and not has_waited.is_set():
            agent.clock.advance(40)
            has_waited.set()
        return found

    monkeypatch.setattr(Planned, "situation", slowly)
    agent.clock.advance(30)
    assert (await agent.plan()).made == first.made + 70


@pytest.mark.usefixtures("looking")
async def test_the_forecast_is_renewed_while_it_is_still_believed_but_not_all_the_time(
    agent: Agent,
) -> None:
    await agent.plan()
    await until_written(agent, 0)
    before = agent.written()
    agent.clock.advance(299)
    await agent.plan()
    await asyncio.sleep(0.1)
    assert agent.written() == before
    agent.clock.advance(302)
    await until_written(agent, before)


async def test_a_damaged_catalogue_leaves_the_last_plan_until_it_is_rebuilt(
    agent: Agent,
) -> None:
    first = await agent.plan()
    agent.state.catalogue.write_bytes(b"no database" * 500)
    agent.planning.wake()
    await asyncio.sleep(0.3)
    assert agent.board.status().plan == first
    agent.state.catalogue.unlink()
    write_outstanding(agent.state.outstanding, left("birds"))
    agent.planning.wake()
    assert [one.item for one in (await agent.plan()).actions] == ["birds"]


async def test_a_plan_that_fails_by_a_fault_of_ours_is_not_the_last_one(
    agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    await agent.plan()

    def broken(_: Situation) -> Plan:
        raise ValueError("a plan that nobody foresaw")

    monkeypatch.setattr("edge_client.agent.planning.plan", broken)
    agent.planning.wake()
    await asyncio.sleep(0.1)
    monkeypatch.setattr("edge_client.agent.planning.plan", plan)
    write_outstanding(agent.state.outstanding, left("birds"))
    agent.planning.wake()
    assert [one.item for one in (await agent.plan()).actions] == ["birds"]


@pytest.mark.usefixtures("looking")
async def test_a_line_that_is_down_is_not_planned_with_at_every_look_where_nobody_knows_the_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state, clock = make_state(tmp_path), FixedClock()
    with AgentDatabase(state) as database:
        database.note_contact(clock.wall(), "no route")
    monkeypatch.setattr(SchoolClock, "now", lambda *_: SchoolTime(None, "none"))
    agent = Agent(state, clock)
    made: list[Situation] = []

    def noted(found: Situation) -> Plan:
        made.append(found)
        return plan(found)

    monkeypatch.setattr("edge_client.agent.planning.plan", noted)
    work = asyncio.create_task(agent.planning.run())
    await agent.plan()
    clock.advance(50)
    await asyncio.sleep(0.1)
    work.cancel()
    with suppress(asyncio.CancelledError):
        await work
    assert [one.down_since is None for one in made] == [False]


async def test_what_changes_while_a_plan_is_made_is_planned_with_right_afterwards(
    agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    await agent.plan()
    begun, go = threading.Event(), threading.Event()

    def slowly(situation: Situation) -> Plan:
        begun.set()
        assert go.wait(30)
        return plan(situation)

    monkeypatch.setattr("edge_client.agent.planning.plan", slowly)
    agent.planning.wake()
    assert await asyncio.to_thread(begun.wait, 30)
    agent.clock.advance(30)
    agent.planning.wake()
    go.set()
    async with asyncio.timeout(30):
        while (await agent.plan()).made != START.timestamp() + 30:
            pass
