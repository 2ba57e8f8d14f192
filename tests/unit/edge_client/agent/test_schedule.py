"""When the agent polls and uploads."""

import math

import pytest

from core.errors import ExitCode
from edge_client.agent.rounds import outcome
from edge_client.agent.schedule import UPLOAD_SECONDS, Schedule
from sync.events import Problem, Summary

POLL = 900.0


def test_other_nodes_are_turned_to_while_the_line_is_held_or_one_brings_something() -> None:
    schedule = Schedule(POLL, has_company=True)
    assert not schedule.company_is_due(0.0)
    schedule.heed(0.0, 0.5, held=True)
    assert schedule.company_is_due(0.0)
    schedule.joined(0.0, waits=False)
    assert not schedule.company_is_due(POLL - 1)
    assert schedule.company_is_due(POLL)
    schedule.joined(POLL, waits=True)
    assert schedule.company_is_due(POLL + 60)
    schedule.heed(POLL, 0.5, held=False)
    assert schedule.company_is_due(POLL + 60)
    schedule.joined(POLL + 60, waits=False)
    assert not schedule.company_is_due(POLL * 9)
    assert not Schedule(POLL, is_held=True).company_is_due(0.0)


def test_a_new_schedule_polls_at_once() -> None:
    assert Schedule(POLL).due(0.0, backlog=0) == "pull"


def test_a_good_poll_is_followed_by_an_upload_and_the_next_poll_an_interval_later() -> None:
    schedule = Schedule(POLL)
    schedule.polled(100.0, ExitCode.DONE, 0.5)

    assert schedule.due(100.0, backlog=3) == "upload"
    assert schedule.due(100.0, backlog=0) is None
    assert schedule.wait(100.0, backlog=0) == POLL


@pytest.mark.parametrize(("chance", "delay"), [(0.0, 810.0), (0.5, 900.0), (1.0, 990.0)])
def test_polls_are_spread_by_a_tenth(chance: float, delay: float) -> None:
    schedule = Schedule(POLL)
    schedule.polled(0.0, ExitCode.DONE, chance)

    assert schedule.wait(0.0, backlog=0) == pytest.approx(delay)


def test_a_bad_line_is_tried_again_with_longer_waits_up_to_the_interval() -> None:
    schedule, waits = Schedule(POLL), []
    for _ in range(12):
        schedule.polled(0.0, ExitCode.OFFLINE, 1.0)
        waits.append(schedule.wait(0.0, backlog=0))

    assert waits[:4] == [2.0, 4.0, 8.0, 16.0]
    assert waits == sorted(waits)
    assert waits[-1] == POLL


@pytest.mark.parametrize("code", [ExitCode.PARTIAL, ExitCode.BUG, -9])
def test_a_broken_run_is_tried_again_soon(code: int) -> None:
    schedule = Schedule(POLL)
    schedule.polled(0.0, code, 0.0)

    assert schedule.wait(0.0, backlog=0) == 1.0


@pytest.mark.parametrize("code", [ExitCode.REFUSED, ExitCode.EXHAUSTED, ExitCode.USAGE])
def test_what_would_fail_again_waits_for_the_interval(code: int) -> None:
    schedule = Schedule(POLL)
    schedule.polled(0.0, code, 0.5)

    assert schedule.wait(0.0, backlog=0) == POLL


def test_a_success_forgets_the_failures() -> None:
    schedule = Schedule(POLL)
    for _ in range(5):
        schedule.polled(0.0, ExitCode.OFFLINE, 1.0)
    schedule.polled(0.0, ExitCode.DONE, 0.5)
    schedule.polled(0.0, ExitCode.OFFLINE, 1.0)

    assert schedule.wait(0.0, backlog=0) == 2.0


def test_uploads_come_oftener_than_polls_while_there_is_something_to_upload() -> None:
    schedule = Schedule(POLL)
    schedule.polled(0.0, ExitCode.DONE, 0.5)
    schedule.uploaded(0.0, ExitCode.DONE, 0.5)

    assert schedule.wait(0.0, backlog=1) == UPLOAD_SECONDS
    assert schedule.due(UPLOAD_SECONDS, backlog=1) == "upload"
    assert schedule.due(UPLOAD_SECONDS, backlog=0) is None


def test_a_failed_upload_backs_off_by_itself() -> None:
    schedule = Schedule(POLL)
    schedule.polled(0.0, ExitCode.DONE, 0.5)
    schedule.uploaded(0.0, ExitCode.OFFLINE, 1.0)
    schedule.uploaded(2.0, ExitCode.OFFLINE, 1.0)

    assert schedule.wait(2.0, backlog=1) == 4.0


def test_a_wish_makes_both_due() -> None:
    schedule = Schedule(POLL)
    schedule.polled(0.0, ExitCode.OFFLINE, 1.0)
    schedule.ask(1.0)

    assert schedule.due(1.0, backlog=1) == "pull"
    schedule.polled(1.0, ExitCode.DONE, 0.5)
    assert schedule.due(1.0, backlog=1) == "upload"


@pytest.mark.parametrize(("asked", "delay"), [(60.0, 60.0), (1.0, 2.0), (1e9, 3600.0), (-5.0, 2.0)])
def test_a_hub_that_asks_for_patience_gets_it_within_bounds(asked: float, delay: float) -> None:
    schedule = Schedule(POLL)
    schedule.polled(0.0, ExitCode.OFFLINE, 1.0, asked)
    schedule.uploaded(0.0, ExitCode.OFFLINE, 1.0, asked)

    assert schedule.next_poll == schedule.next_upload == delay


def test_an_upload_that_stays_refused_is_tried_less_and_less_often() -> None:
    """Each try would send the whole batch again, over a line that costs money."""
    schedule = Schedule(POLL)
    waits = []
    for _ in range(9):
        schedule.uploaded(0.0, ExitCode.REFUSED, 0.5)
        schedule.polled(0.0, ExitCode.DONE, 0.5)
        waits.append(schedule.next_upload)

    assert waits[:3] == [UPLOAD_SECONDS, 2 * UPLOAD_SECONDS, 4 * UPLOAD_SECONDS]
    assert waits[-1] == 6 * 3600
    schedule.uploaded(0.0, ExitCode.DONE, 0.5)
    schedule.polled(0.0, ExitCode.DONE, 0.5)
    assert schedule.next_upload == 0.0


@pytest.mark.parametrize(
    ("codes", "means"),
    [
        ([ExitCode.REFUSED], ExitCode.REFUSED),
        ([ExitCode.EXHAUSTED, ExitCode.REFUSED], ExitCode.EXHAUSTED),
        ([ExitCode.REFUSED, ExitCode.OFFLINE], ExitCode.OFFLINE),
    ],
)
def test_a_part_that_was_refused_is_not_fetched_again_at_once(
    codes: list[ExitCode], means: ExitCode
) -> None:
    problems = [Problem(kind="refused", text="", exit_code=code) for code in codes]
    assert outcome(Summary(task="pull", exit_code=ExitCode.PARTIAL, problems=problems)) == means


def test_while_nothing_may_travel_nothing_is_due_unless_a_person_asks() -> None:
    schedule = Schedule(POLL)
    schedule.heed(0.0, 0.5, held=True)
    assert schedule.due(10.0, backlog=5) is None
    assert schedule.wait(10.0, backlog=5) == math.inf

    schedule.ask(20.0)
    assert schedule.due(20.0, backlog=5) == "pull"
    schedule.polled(21.0, ExitCode.EXHAUSTED, 0.5)
    assert schedule.due(21.0 + 2 * POLL, backlog=5) is None


def test_when_something_may_travel_again_the_schools_poll_one_after_the_other() -> None:
    schedule = Schedule(POLL)
    schedule.polled(0.0, ExitCode.DONE, 0.5)
    schedule.heed(10.0, 0.5, held=True)
    schedule.heed(100.0, 0.25, held=False)
    assert schedule.wait(100.0, backlog=0) == 15.0
    # A poll that is due sooner stays so.
    schedule.heed(101.0, 0.9, held=True)
    schedule.heed(102.0, 0.9, held=False)
    assert schedule.wait(102.0, backlog=0) == 13.0


def test_other_settings_make_a_poll_due_only_if_anything_may_travel() -> None:
    schedule = Schedule(POLL)
    schedule.polled(0.0, ExitCode.DONE, 0.5)
    schedule.hurry(5.0)
    assert schedule.due(5.0, backlog=0) == "pull"
    schedule.heed(5.0, 0.0, held=True)
    assert schedule.due(5.0, backlog=0) is None
