"""School time in the portal: wrong clocks, taps, and the agent that takes them in."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime, timedelta

import pytest

from cache.school_clock import SchoolClock
from cache.state import StateDirectory
from core.errors import UsageError
from edge_client.config import NodeConfig
from edge_client.floor import read_floor
from edge_client.portal.school_hours import SchoolHours
from edge_client.portal.usage_log import UsageLog
from tests.support.clock import START, FixedClock
from tests.support.nodes import make_state
from tests.support.portal import CONFIG, serving
from tests.support.teaching import TEACHER

SAID = "2026-11-25T08:28"


@pytest.fixture(autouse=True)
def node(state: StateDirectory) -> None:
    make_state(state.root)


@pytest.fixture
def clock() -> FixedClock:
    """A machine without a clock that anybody has set: 1970."""
    made = FixedClock()
    made.set_wall(datetime.fromtimestamp(60, UTC), synchronised=False)
    return made


@asynccontextmanager
async def hours(state: StateDirectory, clock: FixedClock) -> AsyncIterator[SchoolHours]:
    usage = UsageLog(state, clock)
    made = SchoolHours(state, clock, usage)
    usage.start()
    yield made
    await usage.close()


def shown(time: SchoolHours) -> tuple[str, bool]:
    now = time.now()
    return ("" if now.moment is None else f"{time.here(now.moment):%d %H:%M}", now.is_known)


async def test_one_tap_counts_at_once_and_over_a_restart_with_the_agent_stopped(
    state: StateDirectory, clock: FixedClock
) -> None:
    async with hours(state, clock) as time:
        assert shown(time) == ("", False)
        await time.confirm(SAID, TEACHER)
        assert shown(time) == ("25 08:28", True)
        clock.advance(3600)
        assert shown(time) == ("25 09:28", True)
    async with hours(state, clock) as time:
        assert shown(time) == ("25 09:28", True)


async def test_the_agent_takes_a_tap_in_and_a_reboot_leaves_a_guess(
    state: StateDirectory, clock: FixedClock
) -> None:
    agent = SchoolClock(state, clock)
    async with hours(state, clock) as time:
        await time.confirm(SAID, TEACHER)
        assert not agent.local(read_floor(state)).known
        assert agent.adopt()
        assert not agent.adopt()
        clock.advance(600)
        agent.save(read_floor(state))
        assert agent.local(read_floor(state)) == SchoolClock(state, clock).local(read_floor(state))
        assert agent.local(read_floor(state)).text == "2026-11-25T08:38"
    clock.reboot()
    async with hours(state, clock) as time:
        assert shown(time) == ("25 08:38", False)
        assert not SchoolClock(state, clock).local(read_floor(state)).known


async def test_the_later_of_both_confirmations_counts(
    state: StateDirectory, clock: FixedClock
) -> None:
    agent = SchoolClock(state, clock)
    async with hours(state, clock) as time:
        await time.confirm("2026-11-25T10:00", TEACHER)
        clock.advance(60)
        agent.confirm(SAID, read_floor(state))
        assert shown(time) == ("25 08:28", True)
        assert not agent.adopt()
        clock.advance(60)
        await time.confirm("2026-11-25T09:00", TEACHER)
        assert shown(time) == ("25 09:00", True)
        assert agent.adopt()
        assert agent.local(read_floor(state)).text == "2026-11-25T09:00"


async def test_a_confirmation_of_another_boot_is_none(
    state: StateDirectory, clock: FixedClock
) -> None:
    async with hours(state, clock) as time:
        await time.confirm(SAID, TEACHER)
        clock.reboot()
        assert not time.now().is_known
        assert not SchoolClock(state, clock).local(read_floor(state)).known


@pytest.mark.parametrize("confirmed", [1e300, -5.0, float("inf")])
async def test_what_a_damaged_journal_makes_of_a_tap_is_none(
    state: StateDirectory, clock: FixedClock, confirmed: float
) -> None:
    async with hours(state, clock) as time:
        await time.confirm(SAID, TEACHER)
    with closing(sqlite3.connect(state.journal)) as connection, connection:
        connection.execute("UPDATE said SET confirmed = ?", (confirmed,))
    agent = SchoolClock(state, clock)
    assert not agent.adopt()
    assert not agent.local(read_floor(state)).known
    async with hours(state, clock) as time:
        assert not time.now().is_known


async def test_a_clock_that_steps_back_an_hour_is_not_followed(
    state: StateDirectory, clock: FixedClock
) -> None:
    clock.set_wall(START, synchronised=True)
    async with hours(state, clock) as time:
        assert time.now().moment == START
        clock.set_wall(START - timedelta(hours=1))
        assert (time.now().moment, time.now().is_known) == (START, False)
        clock.set_wall(START - timedelta(minutes=5))
        assert (time.now().moment, time.now().is_known) == (START, True)
        clock.set_wall(START + timedelta(minutes=5))
        assert (time.now().moment, time.now().is_known) == (START + timedelta(minutes=5), True)


async def test_a_sure_clock_and_a_tap_may_not_differ_by_hours(
    state: StateDirectory, clock: FixedClock
) -> None:
    clock.set_wall(START, synchronised=True)
    async with hours(state, clock) as time:
        with pytest.raises(UsageError, match="another time"):
            await time.confirm("2026-11-24T12:00", TEACHER)
        await time.confirm("2026-11-24T16:31", TEACHER)


@pytest.mark.parametrize("said", ["", "25:61", "1970-01-01T08:00", "2099-01-01T08:00", "9" * 999])
async def test_what_cannot_be_is_refused(
    state: StateDirectory, clock: FixedClock, said: str
) -> None:
    async with hours(state, clock) as time:
        with pytest.raises(UsageError):
            await time.confirm(said, TEACHER)
        assert not time.now().is_known


async def test_the_files_of_the_agent_are_read_again_when_they_change(
    state: StateDirectory, clock: FixedClock
) -> None:
    async with hours(state, clock) as time:
        SchoolClock(state, clock).confirm(SAID, read_floor(state))
        assert shown(time) == ("25 08:28", True)
        (state.root / "floor.json").write_text('{"time": "2026-12-01T00:00:00Z"}')
        with pytest.raises(UsageError, match="has seen 2026-12-01"):
            await time.confirm(SAID, TEACHER)


async def test_a_zone_that_is_not_there_stops_no_lesson(state: StateDirectory) -> None:
    config = NodeConfig(
        portal_listen=CONFIG.portal_listen,
        portal_content_listen=CONFIG.portal_content_listen,
        time_zone="Asia/Nowhere",
    )
    async with serving(state, {}, config) as school:
        assert (await school.client.get("/")).status_code == 200
