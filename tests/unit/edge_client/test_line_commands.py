"""`node plan` and `node line`, with and without an agent, as a person runs them."""

import json
import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from click.testing import CliRunner

from cache.agent_db import AgentDatabase
from cache.clock import Clock
from cache.line_settings import read_line_settings
from cache.outstanding_file import write_outstanding
from cache.state import StateDirectory
from cache.timetable_file import write_timetable
from core.errors import PackhorseError, UsageError
from core.names import PackId
from core.plan.outstanding import Outstanding, OutstandingItem, OutstandingPack, Step
from core.standing import FACT as STANDING
from core.standing import Standing, encode_standing
from core.timetable import Channel, NodeTimetable, Slot
from edge_client.cli import node
from edge_client.parts import parts_of
from edge_client.report import report_of
from sync.events import Problem, Summary
from tests.support.agent_process import AgentProcess
from tests.support.moved_clock import moved_clock

PACK = "gd/zhuhai/math"
MB = 1_000_000


class Done(NamedTuple):
    """How a command ended."""

    returncode: int
    stdout: str
    stderr: str


class School:
    """A node with something to fetch, whether or not its agent runs; its clock is sure."""

    def __init__(self, root: Path) -> None:
        self.state = StateDirectory(root)

    def run(self, *words: str) -> Done:
        """Run a command here, as ``packhorse node`` does."""
        ended = CliRunner().invoke(node, [*words, "--state", str(self.state.root)])
        error = ended.exception
        if isinstance(error, PackhorseError):
            return Done(error.exit_code, ended.stdout, f"error: {error}\nhint: {error.hint}")
        if error is not None and not isinstance(error, SystemExit):
            raise error
        return Done(ended.exit_code, ended.stdout, ended.stderr)

    def data(self, *words: str) -> Any:
        done = self.run(*words, "--json")
        assert done.stdout, done.stderr
        return json.loads(done.stdout)


@pytest.fixture(params=["agent", "alone"])
def school(
    tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[School]:
    root = tmp_path / "node"
    state = StateDirectory(root)
    state.create()
    (root / "node.toml").write_text(
        '[portal]\nlisten = "127.0.0.1:0"\n[time]\nzone = "Asia/Shanghai"\n'
    )
    start = (datetime.now(UTC) + timedelta(hours=30)).timestamp() // 60
    slots = [Slot(start=int(start), minutes=40, pack=PackId(PACK), item="fish", title="Fish")]
    write_timetable(state.timetable, NodeTimetable(channels=[Channel(id="g5", slots=slots)]))
    items = [OutstandingItem(one, [Step("", 2 * MB, 2 * MB)]) for one in ("birds", "fish")]
    pack = OutstandingPack(pack=PACK, version=1, is_listed=True, items=items)
    write_outstanding(state.outstanding, Outstanding(packs=[pack]))
    monkeypatch.setattr(Clock, "synchronised", lambda _: True)
    if request.param == "alone":
        yield School(root)
        return
    with moved_clock(tmp_path):
        days = os.environ["PACKHORSE_TEST_DAYS"]
        with AgentProcess(root, PACKHORSE_TEST_DAYS=days):
            yield School(root)


def test_the_plan_says_quote_lessons_and_actions_in_this_order(school: School) -> None:
    # What headers come to depends on whether the hour has a cap: here none has.
    school.run("line", "hours", "mon-sun", "all", "100%")
    told = school.run("plan")

    assert told.returncode == 0, told.stderr
    quote, lessons, actions = told.stdout.strip().split("\n\n")
    assert "4.3 MB by line" in quote
    assert "Fish" in lessons
    assert "ready" in lessons
    rows = actions.splitlines()
    assert [row.split()[1].rpartition("/")[2] for row in rows[1:]] == ["fish", "birds"]


def test_the_plan_is_data_with_every_field_and_may_be_of_another_time(school: School) -> None:
    made = school.data("plan")
    assert [one["item"] for one in made["actions"]] == ["fish", "birds"]
    assert (made["is_time_known"], made["hold"], made["more"]) == (True, "", 0)
    assert [one["state"] for one in made["lessons"]] == ["ready"]

    later = datetime.fromtimestamp(made["made"], UTC) + timedelta(days=3)
    text = later.strftime("%Y-%m-%dT%H:%M")
    assert school.data("plan", "--at", text)["lessons"] == []
    wrong = school.run("plan", "--at", "tomorrow")
    assert (wrong.returncode, "not a date and a time" in wrong.stderr) == (2, True)


def test_hours_budget_and_switches_are_set_one_by_one_and_kept(school: School) -> None:
    assert school.run("line", "hours", "mon-fri", "7-18", "0%").returncode == 0
    school.run("line", "budget", "2GB", "--day", "5")
    school.run("line", "metered", "on")
    school.run("line", "lower", "on")
    done = school.run("line", "quiet", "g5", "g6", "g5")

    assert done.stderr == "No timetable that this node has names g6 yet.\n"
    assert "Mon-Fri 00-07 100%, 07-18 0%, 18-24 100%" in done.stdout
    assert "0 B of 2.0 GB used" in done.stdout
    kept = read_line_settings(school.state.line_settings)
    assert (kept.budget, kept.budget_day, kept.metered, kept.lower) == (2000 * MB, 5, True, True)
    assert kept.quiet == ("g5", "g6")
    assert kept.week[7:18] == (0,) * 11
    settings = school.data("line", "budget", "none")["settings"]
    assert (settings["budget"], settings["budget_day"]) == (None, 5)
    assert school.data("line", "hours", "usual")["settings"]["week"][8] == 20


def test_a_pause_is_planned_with_at_once_and_ends(school: School) -> None:
    assert school.run("line", "pause").stdout.startswith(
        "Line      nothing travels: the line is pa"
    )
    assert school.data("plan")["hold"] == "paused"
    assert "Nothing travels by line now: the line is paused" in school.run("plan").stdout
    assert school.data("line", "resume")["hold"] == ""


def test_the_line_is_opened_for_some_time_and_closed(school: School) -> None:
    opened = school.data("line", "open", "90min")
    left = opened["settings"]["open_until"] - opened["now"]
    assert 89 * 60 < left <= 90 * 60
    assert opened["share"] == 1.0
    assert "all of the line until" in school.run("line").stdout
    assert school.data("line", "close")["settings"]["open_until"] == 0


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["hours", "someday", "7-18", "20%"], "are no days"),
        (["hours", "mon", "7-25", "20%"], "are no hours"),
        (["hours", "mon"], "are no hours"),
        (["hours", "mon", "7-18"], "which share"),
        (["hours", "mon", "7-18", "120%"], "is no share"),
        (["hours", "usual", "7-18"], "has its own hours"),
        (["hours", "all", "all", "0%"], "never allow anything"),
        (["budget", "lots"], "is no size"),
        (["budget", "5kB"], "brings nothing"),
        (["budget", "2000TB"], "is no size"),
        (["budget"], "No budget is given"),
        (["open", "2019-01-01T00:00"], "over already"),
        (["open", "1000h"], "a week at most"),
        (["open", "0h"], "for no time"),
        (["open", "soon"], "not a date and a time"),
        (["metered", "perhaps"], "metered"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_a_cure(
    tmp_path: Path, words: list[str], says: str
) -> None:
    StateDirectory(tmp_path).create()
    told = School(tmp_path).run("line", *words)
    assert (told.returncode, says in told.stderr) == (2, True), told.stderr
    assert not StateDirectory(tmp_path).line_settings.exists()


def test_what_no_channel_can_be_called_is_not_made_quiet(tmp_path: Path) -> None:
    StateDirectory(tmp_path).create()
    told = School(tmp_path).run("line", "quiet", "g5", "g" * 60)
    assert (told.returncode, "cannot be a channel's name" in told.stderr) == (12, True)
    assert not StateDirectory(tmp_path).line_settings.exists()


@pytest.mark.parametrize("words", [["plan"], ["line"], ["line", "pause"]])
def test_without_a_node_there_is_nothing_to_plan(tmp_path: Path, words: list[str]) -> None:
    told = School(tmp_path / "none").run(*words)
    assert (told.returncode, "There is no node" in told.stderr) == (10, True)


def test_the_status_follows_what_is_set_while_the_agent_runs(tmp_path: Path) -> None:
    state = StateDirectory(tmp_path / "node")
    state.create()
    with AgentProcess(state.root) as agent:
        assert agent.call("set_line", budget=5 * MB, metered=True)["budget"] == 5 * MB
        assert agent.call("pause")["paused"]
        while (status := agent.status()).line != "paused":
            time.sleep(0.02)
        assert status.line_settings.metered
        assert (status.plan is not None, status.plan and status.plan.hold) == (True, "paused")
        with pytest.raises(UsageError, match="cannot be read"):
            agent.call("set_line", week=[100])
        with pytest.raises(UsageError, match="never allow"):
            agent.call("set_line", week=[0] * 168)
        assert agent.call("line")["settings"]["paused"]


def test_plans_reckon_with_the_configured_rate(tmp_path: Path) -> None:
    (tmp_path / "node.toml").write_text('[line]\nrate = "64kbit"\n')

    found = parts_of(StateDirectory(tmp_path)).planned.situation()

    assert (found.cap, found.estimate.rate, found.comes.rate) == (8_000, 32_000, 8_000)


def test_sync_says_why_it_ended_before_all_was_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Summary(task="pull", exit_code=0, hold="budget", until=None)
    report = report_of([run])
    monkeypatch.setattr("edge_client.commands.sync._through_agent", lambda _: iter([report]))

    done = CliRunner().invoke(node, ["sync", "--state", str(tmp_path)])

    assert done.exit_code == 0
    assert "Nothing more travels by line now: this month's budget is used up.\n" in done.output
    assert "Nothing new" not in done.output


def test_sync_that_could_not_begin_says_why_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    problem = Problem(kind="exhausted", text="The line is paused.", exit_code=13)
    run = Summary(task="pull", exit_code=13, hold="paused", problems=[problem])
    report = report_of([run])
    monkeypatch.setattr("edge_client.commands.sync._through_agent", lambda _: iter([report]))

    done = CliRunner().invoke(node, ["sync", "--state", str(tmp_path)])

    assert done.exit_code == 13
    assert "error: The line is paused." in done.stderr
    assert "paused" not in done.stdout


def test_a_node_that_was_told_nothing_does_not_say_that_all_is_here(tmp_path: Path) -> None:
    plan = ["plan", "--state", str(tmp_path)]

    before = CliRunner().invoke(node, plan)
    with AgentDatabase(StateDirectory(tmp_path)) as agent:
        agent.remember(STANDING, encode_standing(Standing()))
    after = CliRunner().invoke(node, plan)

    assert before.output.startswith("Nobody has told this node yet what is wanted here")
    assert after.output.startswith("All that this node knows to be wanted is here")
