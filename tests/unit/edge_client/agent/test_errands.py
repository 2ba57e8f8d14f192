"""Errands beside rounds: they come first, and what made way for them goes on."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from pathlib import Path

import pytest

from cache.clock import Clock
from cache.state import StateDirectory
from core.errors import AlreadyRunningError, RefusedError
from edge_client.agent.board import Board
from edge_client.agent.carrying import enrolled_of
from edge_client.agent.errands import MOST_WAITING, Errand
from edge_client.agent.rounds import Means, Rounds
from edge_client.agent.schedule import Schedule
from edge_client.agent.workers import Worker
from edge_client.readings import Reader
from sync.events import Summary

PROGRAM = Path(__file__).parents[3] / "support" / "fake_worker.py"


@pytest.fixture
async def rounds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Rounds]:
    monkeypatch.setenv("PYTHONPATH", str(PROGRAM.parents[2]))
    clock = Clock()
    means = Means(
        clock,
        command=lambda errand: [
            sys.executable, str(PROGRAM), str(tmp_path), errand.task, *errand.arguments
        ],
        chance=lambda: 0.5,
        worker=lambda command, receive: Worker(command, receive, silence=60.0, patience=0.5),
    )  # fmt: skip
    made = Rounds(Board(clock), Reader(StateDirectory(tmp_path)), Schedule(3600.0), means)
    work = asyncio.create_task(made.run())
    yield made
    work.cancel()
    with suppress(asyncio.CancelledError):
        await work


async def until(true: Callable[[], bool]) -> None:
    """Wait until something is so."""
    while not true():  # noqa: ASYNC110 - of another process
        await asyncio.sleep(0.02)


def runs(root: Path) -> list[str]:
    """Give the tasks that workers were started for."""
    path = root / "runs"
    return path.read_text().split() if path.exists() else []


async def test_an_errand_needs_no_enrolment_and_is_given_its_input(
    rounds: Rounds, tmp_path: Path
) -> None:
    summary = await rounds.errand(Errand("enrol", (), b"a token"))

    assert summary.exit_code == 0
    assert (tmp_path / "given").read_bytes() == b"a token"
    assert runs(tmp_path) == ["enrol"]
    assert rounds.status().activity in {"idle", "waiting"}


async def test_a_fetch_makes_way_and_begins_again(rounds: Rounds, tmp_path: Path) -> None:
    (tmp_path / "behaviour").write_text("fetch")
    (tmp_path / "identity.json").write_text('{"url": "u", "node": "n", "school": "s"}')
    await until(lambda: rounds.status().transfer is not None)
    (tmp_path / "behaviour").write_text("ok")

    summary = await rounds.errand(Errand("import", ("/stick",)))

    assert (summary.task, summary.exit_code) == ("import", 0)
    await until(lambda: runs(tmp_path) == ["pull", "import", "pull"])
    await until(lambda: rounds.status().activity == "idle")
    assert rounds.status().problems == []


async def test_a_stick_that_fails_says_nothing_about_the_line(
    rounds: Rounds, tmp_path: Path
) -> None:
    (tmp_path / "identity.json").write_text('{"url": "u", "node": "n", "school": "s"}')
    await until(lambda: rounds.status().line == "up" and rounds.status().activity == "idle")
    (tmp_path / "behaviour").write_text("offline")

    summary = await rounds.errand(Errand("export", ("/stick",)))

    assert summary.exit_code == 14
    assert (rounds.status().line, rounds.status().reason) == ("up", "")


async def test_a_worker_that_dies_is_the_errands_end(rounds: Rounds, tmp_path: Path) -> None:
    (tmp_path / "behaviour").write_text("crash")

    summary = await rounds.errand(Errand("import", ("/stick",)))

    assert summary.exit_code == 1
    assert "import from the stick stopped unexpectedly" in summary.problems[0].text


async def test_not_too_many_wait(rounds: Rounds, tmp_path: Path) -> None:
    (tmp_path / "behaviour").write_text("fetch")
    first = rounds.errand(Errand("import", ("/stick",)))
    await until(lambda: runs(tmp_path) == ["import"])
    waiting = [rounds.errand(Errand("export", ("/stick",))) for _ in range(MOST_WAITING)]

    with pytest.raises(AlreadyRunningError, match="busy"):
        rounds.errand(Errand("import", ("/stick",)))

    (tmp_path / "go").touch()
    assert {summary.exit_code for summary in await asyncio.gather(first, *waiting)} == {0}


def test_enrolment_that_failed_is_raised_in_the_workers_words() -> None:
    from sync.events import problem_of

    problem = problem_of(RefusedError("The token of {school} was used.", hint="Ask.", school="s"))
    with pytest.raises(RefusedError, match="The token of s was used") as caught:
        enrolled_of(Summary(task="enrol", exit_code=12, problems=[problem]))

    assert caught.value.hint == "Ask."


async def test_a_worker_that_cannot_be_started_is_told_and_costs_no_more(
    rounds: Rounds, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as without:
        without.setattr(sys, "executable", str(tmp_path / "none"))
        summary = await rounds.errand(Errand("import", ("/stick",)))

    assert "No such file" in summary.problems[0].text
    assert (await rounds.errand(Errand("import", ("/stick",)))).exit_code == 0
