"""What a technician changes about the line."""

import threading
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest

from cache.agent_db import AgentDatabase
from cache.agent_reader import AgentReader
from cache.line_settings import read_line_settings
from cache.school_clock import SchoolClock
from cache.state import StateDirectory
from core.control_line import OpenCall, SetLineCall
from core.errors import UsageError
from core.line.ledger import Ledger
from core.line.settings import USUAL_WEEK, LineSettings
from core.line.week import share_at, stretches
from edge_client.line_changes import open_line, pause, set_line
from tests.support.clock import START, FixedClock
from tests.support.nodes import make_state


@pytest.fixture
def state(tmp_path: Path) -> StateDirectory:
    return make_state(tmp_path)


@pytest.fixture
def school(state: StateDirectory) -> SchoolClock:
    return SchoolClock(state, FixedClock())


def test_what_is_given_is_set_and_the_rest_stays(
    state: StateDirectory, school: SchoolClock
) -> None:
    set_line(state, school, SetLineCall(budget=2_000_000_000, budget_day=5))
    after = set_line(state, school, SetLineCall(metered=True, quiet=("g5",)))

    expected = LineSettings(budget=2_000_000_000, budget_day=5, metered=True, quiet=("g5",))
    assert after == read_line_settings(state.line_settings) == expected
    assert set_line(state, school, SetLineCall(budget=None)).budget is None


def test_what_can_never_bring_anything_is_refused_and_changes_nothing(
    state: StateDirectory, school: SchoolClock
) -> None:
    for call in (SetLineCall(week=(0,) * 168), SetLineCall(budget=0)):
        with pytest.raises(UsageError):
            set_line(state, school, call)
    assert read_line_settings(state.line_settings).week == USUAL_WEEK


def test_another_day_on_which_months_begin_gives_nothing_back(
    state: StateDirectory, school: SchoolClock
) -> None:
    with AgentDatabase(state) as agent:
        agent.turn_month(START.date(), 1)
        agent.settle_bytes(0, 700)
        set_line(state, school, SetLineCall(budget_day=5))
        # As the next run does.
        assert agent.turn_month(START.date(), 5) == Ledger(month="2026-11-05", used=700)
        assert agent.turn_month(date(2026, 12, 4), 5).used == 700
        set_line(state, school, SetLineCall(budget_day=28))
        assert agent.turn_month(date(2026, 11, 28), 28) == Ledger(month="2026-11-28")


def test_of_a_month_that_is_over_nothing_counts_on_another_day(
    state: StateDirectory, school: SchoolClock
) -> None:
    with AgentDatabase(state) as agent:
        agent.turn_month(date(2026, 8, 1), 1)
        agent.settle_bytes(0, 700)
    set_line(state, school, SetLineCall(budget_day=5))
    assert AgentReader(state.agent).ledger() == Ledger(month="2026-11-05")


def test_a_budget_that_is_set_again_forgets_a_month_that_is_still_to_come(
    state: StateDirectory, school: SchoolClock
) -> None:
    with AgentDatabase(state) as agent:
        # A wrong year was confirmed.
        agent.turn_month(date(2027, 11, 24), 5)
        agent.settle_bytes(0, 700)
        assert agent.turn_month(START.date(), 5).month == "2027-11-05"
        set_line(state, school, SetLineCall(budget=1_000_000, budget_day=5))
        assert AgentReader(state.agent).ledger() == Ledger(month="2026-11-05", used=700)
        # A day is no year: what was the next month a moment ago stays.
        agent.turn_month(date(2026, 12, 5), 5)
        set_line(state, school, SetLineCall(budget=2_000_000))
        assert AgentReader(state.agent).ledger() == Ledger(month="2026-12-05")


def test_a_pause_is_kept_on_the_disk(state: StateDirectory) -> None:
    assert pause(state, paused=True).paused
    assert read_line_settings(state.line_settings).paused
    assert not pause(state, paused=False).paused


def test_the_line_is_opened_until_a_time_or_for_some_minutes_and_closed(
    state: StateDirectory, school: SchoolClock
) -> None:
    opened = open_line(state, school, OpenCall(until="2026-11-24T22:00"))
    assert opened.open_until == START.replace(hour=14, minute=0).timestamp()
    opened = open_line(state, school, OpenCall(minutes=90))
    assert opened.open_until == START.timestamp() + 5400
    closed = open_line(state, school, OpenCall())
    assert (closed.open_until, closed.open_from) == (0, 0)


def test_what_was_opened_by_a_clock_that_was_years_ahead_is_closed_once_it_is_set_right(
    state: StateDirectory,
) -> None:
    clock = FixedClock()
    clock.set_wall(START + timedelta(days=900), synchronised=False)
    settings = open_line(state, SchoolClock(state, clock), OpenCall(minutes=90))
    assert share_at(settings, clock.wall().timestamp() + 60, clock.here) == 1.0
    # A Tuesday afternoon.
    assert share_at(settings, START.timestamp(), clock.here) == 0.2
    shares = [
        one.share
        for one in stretches(settings, START.timestamp(), START.timestamp() + 4, clock.here)
    ]
    assert shares == [0.2]


@pytest.mark.parametrize(
    ("until", "words"),
    [("2026-11-24T16:29", "over already"), ("2026-12-02T16:00", "a week at most"),
     ("2026-13-01T00:00", "not a date")],
)  # fmt: skip
def test_a_time_that_cannot_be_is_refused_in_words(
    state: StateDirectory, school: SchoolClock, until: str, words: str
) -> None:
    with pytest.raises(UsageError, match=words):
        open_line(state, school, OpenCall(until=until))


def test_without_any_time_the_line_cannot_be_opened_until_one(state: StateDirectory) -> None:
    clock = FixedClock()
    clock.set_wall(START - timedelta(days=20_000), synchronised=False)
    with pytest.raises(UsageError, match="what time it is"):
        open_line(state, SchoolClock(state, clock), OpenCall(minutes=60))


def test_two_people_who_change_different_things_lose_neither(
    state: StateDirectory, school: SchoolClock
) -> None:
    def many(change: Callable[[], object]) -> threading.Thread:
        return threading.Thread(target=lambda: [change() for _ in range(20)])

    days = iter(range(1, 21))
    quiet = iter(range(20))
    threads = [
        many(lambda: set_line(state, school, SetLineCall(budget_day=next(days)))),
        many(lambda: set_line(state, school, SetLineCall(quiet=(f"g{next(quiet)}",)))),
    ]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    found = read_line_settings(state.line_settings)
    assert (found.budget_day, found.quiet) == (20, ("g19",))
