"""The agent's picture of the node: events and readings in, status out."""

from datetime import UTC, datetime

import pytest

from cache.agent_reader import Contact
from cache.journal_reader import Backlog
from cache.space import Space
from core.control import PackStatus
from core.control_line import LineReport
from core.errors import RefusedError
from core.line.estimate import Estimate
from core.line.ledger import Ledger
from core.line.settings import LineSettings
from core.plan.model import Action, Plan
from edge_client.agent.board import Board, Surroundings
from edge_client.readings import Enrolment, Readings
from sync import events
from sync.events import Problem, Summary
from tests.support.clock import FixedClock

TITLE = {"en": "Fish"}
PACK = PackStatus(
    id="gd/-/fish", title=TITLE, version=1, items=2, here=1, size=10, missing_bytes=5
)  # fmt: skip
ENROLLED = Enrolment(url="https://hub", node="n", school="s")
NO_LINE = Problem(kind="unavailable", text="No line.", template="No {x}.", fields={"x": "line"})
NOT_SIGNED = Problem(kind="refused", text="Not signed.", exit_code=12)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def board(clock: FixedClock) -> Board:
    made = Board(clock)
    made.read(Readings(enrolment=ENROLLED, packs=[PACK]))
    return made


def fetching(done: int) -> events.Fetching:
    """Tell progress."""
    return events.Fetching(pack=PACK.id, title=TITLE, version=2, done=done, total=1000)


def test_a_poll_without_news_leaves_the_line_up(board: Board, clock: FixedClock) -> None:
    board.begin("pull")
    assert (board.status().activity, board.status().next_try) == ("checking", None)
    board.take(events.Contact(changed=False))
    board.end(Summary(task="pull", exit_code=0, reached=True), next_try=900.0)
    clock.advance(60)

    status = board.status()
    assert (status.line, status.activity, status.reason) == ("up", "idle", "")
    assert status.last_contact == pytest.approx(60)
    assert status.next_try == pytest.approx(840)


def test_progress_has_rate_and_time_left(board: Board, clock: FixedClock) -> None:
    board.begin("pull")
    board.take(events.Planned(pack=PACK.id, title=TITLE, version=2, base=1, total=1000, size=1))
    clock.advance(1)
    assert board.begins(fetching(100))
    board.take(fetching(100))
    assert not board.begins(fetching(200))
    clock.advance(1)
    board.take(fetching(200))

    transfer = board.status().transfer
    assert transfer is not None
    assert (transfer.done, transfer.total) == (200, 1000)
    assert transfer.rate == pytest.approx(100)
    assert transfer.seconds_left == pytest.approx(8)


@pytest.mark.parametrize("event", [fetching(100), events.Uploading(acknowledged=1, backlog=7)])
def test_what_made_way_for_an_errand_is_not_shown_as_going_on(
    board: Board, event: events.Event
) -> None:
    board.begin("pull")
    board.take(event)
    board.begin("export")

    assert (board.status().transfer, board.status().backlog) == (None, 0)


def test_before_enrolment_no_next_try_is_shown(clock: FixedClock) -> None:
    board = Board(clock)
    board.begin("enrol")
    board.end(Summary(task="enrol", exit_code=14), next_try=-3600.0)
    board.wait_for_enrolment()

    assert board.status().next_try is None


def test_a_line_that_breaks_while_fetching_is_down_with_its_reason(board: Board) -> None:
    board.take(events.Contact(changed=True))
    board.take(fetching(100))
    board.take(NO_LINE)
    assert board.status().line == "down"
    board.end(Summary(task="pull", exit_code=3, reached=True, problems=[NO_LINE]), next_try=2.0)

    status = board.status()
    assert (status.line, status.reason, status.transfer) == ("down", "No line.", None)
    assert status.reason_wording is not None
    assert status.reason_wording.fields == {"x": "line"}
    assert status.problems == []


def test_problems_stay_until_the_next_run_of_that_kind(board: Board) -> None:
    board.end(Summary(task="pull", exit_code=12, problems=[NOT_SIGNED]), next_try=1.0)
    board.end(Summary(task="upload", exit_code=0), next_try=1.0)
    assert board.status().problems == ["Not signed."]
    assert len(board.status().problem_wordings) == 1

    board.end(Summary(task="pull", exit_code=0), next_try=1.0)
    assert board.status().problems == []


def test_a_worker_beside_ours_is_no_problem(board: Board) -> None:
    busy = Problem(kind="usage", text="A pull is already running here.", exit_code=11)
    board.end(Summary(task="pull", exit_code=11, problems=[busy]), next_try=1.0)

    assert board.status().problems == []


def test_the_trouble_of_one_pack_does_not_take_the_line_down(board: Board) -> None:
    board.take(events.Contact(changed=True))
    board.take(Problem(kind="unavailable", text="Its bundle is missing.", pack=PACK.id))

    assert board.status().line == "up"
    trouble = Problem(kind="unavailable", text="Its bundle is missing.", pack=PACK.id)
    board.end(Summary(task="pull", exit_code=3, reached=True, problems=[trouble]), next_try=1.0)
    assert board.status().line == "up"
    assert board.status().problems == ["Its bundle is missing."]


def test_a_nearly_full_disk_and_unreadable_files_are_problems(board: Board) -> None:
    damaged = RefusedError("{x} is damaged.", x="journal.db")
    board.read(Readings(disk=Space(1000_000_000, 10_000_000, 64_000_000), problems=[damaged]))

    disk, other = board.status().problems
    assert disk == "The disk is nearly full: 10 MB free, 64 MB must stay free."
    assert other == "journal.db is damaged."


def test_the_backlog_counts_down_while_uploading(board: Board) -> None:
    board.read(Readings(enrolment=ENROLLED, backlog=Backlog(9, None)))
    board.begin("upload")
    board.take(events.Uploading(acknowledged=5, backlog=4))
    assert board.status().backlog == 4
    board.end(Summary(task="upload", exit_code=0), next_try=1.0)
    assert board.status().backlog == 9


def test_an_older_contact_is_known_from_the_disk_but_not_one_in_the_future(
    clock: FixedClock,
) -> None:
    now = clock.wall().timestamp()
    known, strange = Board(clock), Board(clock)
    known.read(Readings(contact=Contact(answered=now - 100)))
    strange.read(Readings(contact=Contact(answered=now + 100)))

    assert known.status().last_contact == pytest.approx(100)
    assert strange.status().last_contact is None


def test_trusted_time_is_the_clock_only_when_something_set_it(clock: FixedClock) -> None:
    board = Board(clock)
    board.read(Readings(floor=datetime(2026, 11, 20, tzinfo=UTC)))
    clock.set_wall(datetime(1970, 1, 1, tzinfo=UTC), synchronised=False)
    assert board.status().trusted_time == "2026-11-20T00:00:00Z"
    assert not board.status().clock_verified

    clock.set_wall(datetime(2026, 11, 23, tzinfo=UTC), synchronised=True)
    assert board.status().trusted_time == "2026-11-23T00:00:00Z"
    assert board.status().clock_verified


async def test_each_change_has_a_number_and_the_same_readings_are_none(board: Board) -> None:
    seen = await board.changed(-1)
    board.read(Readings(enrolment=ENROLLED, packs=[PACK]))
    assert await board.changed(seen - 1) == seen

    board.take(events.Checking())
    assert await board.changed(seen) == seen + 1


def test_what_is_not_enrolled_says_so_until_it_is(clock: FixedClock) -> None:
    board = Board(clock)
    board.wait_for_enrolment()
    assert board.status().activity == "waiting"
    assert "not enrolled" in board.status().reason
    board.enrolled()
    assert (board.status().activity, board.status().reason) == ("idle", "")


def test_a_contact_noted_by_a_clock_that_nobody_had_set_has_no_age(clock: FixedClock) -> None:
    board = Board(clock)
    board.read(Readings(contact=Contact(answered=100.0)))
    assert board.status().last_contact is None


def test_a_plan_is_told_in_part_with_settings_ledger_and_rate(board: Board) -> None:
    actions = [Action(kind="fetch", why="lesson", item=f"item-{n}") for n in range(30)]
    settings = LineSettings(paused=True, budget=5_000_000)
    ledger, estimate = Ledger(used=7), Estimate(samples=(8.0,))

    board.planned(
        Plan(made=1.0, actions=actions),
        LineReport(settings=settings, ledger=ledger, estimate=estimate),
    )

    status = board.status()
    assert status.plan is not None
    assert (len(status.plan.actions), status.plan.more) == (20, 10)
    assert (status.line_settings, status.ledger, status.line_rate) == (settings, ledger, 8.0)
    assert status.line == "paused"


async def test_the_same_plan_again_is_no_news_to_watchers(board: Board) -> None:
    board.planned(Plan(made=1.0), LineReport())
    seen = await board.changed(0)
    board.planned(Plan(made=1.0), LineReport())
    assert await board.changed(seen - 1) == seen
    board.planned(Plan(made=2.0), LineReport())
    assert await board.changed(seen) == seen + 1


def test_a_rate_that_nobody_measured_is_not_told_as_if_it_were(board: Board) -> None:
    board.planned(Plan(), LineReport())
    assert board.status().line_rate == 0


def test_whether_the_line_is_there_is_unknown_until_it_was_tried(
    board: Board, clock: FixedClock
) -> None:
    assert (board.is_up, board.silence) == (None, None)
    board.begin("pull")
    board.take(events.Contact(changed=False))
    clock.advance(30)
    assert (board.is_up, board.silence, board.stir) == (True, 30.0, (True, False))
    board.take(NO_LINE)
    board.end(Summary(task="pull", exit_code=14, problems=[NO_LINE]), next_try=9.0)
    assert board.stir == (False, True)


def test_a_cable_that_is_pulled_takes_the_line_down_and_back_it_is_unknown(board: Board) -> None:
    board.begin("pull")
    board.take(events.Contact(changed=False))
    board.look_around(Surroundings(is_linked=False))
    status = board.status()
    assert (status.line, status.reason) == ("down", "This machine is connected to no network.")
    board.look_around(Surroundings(is_linked=True))
    assert (board.status().line, board.status().reason, board.is_up) == ("unknown", "", None)


def test_a_failed_try_says_more_than_the_cable_that_is_back(board: Board) -> None:
    board.look_around(Surroundings(is_linked=False))
    board.take(NO_LINE)
    board.look_around(Surroundings(is_linked=True))
    assert (board.status().line, board.status().reason) == ("down", "No line.")
