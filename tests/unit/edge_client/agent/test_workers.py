"""Worker processes that end well, crash, hang and print garbage: real ones."""

import asyncio
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from edge_client.agent.reception import Reception
from edge_client.agent.workers import Ending, Worker

if TYPE_CHECKING:
    from sync.events import Event

PROGRAM = Path(__file__).parents[3] / "support" / "fake_worker.py"
Run = Callable[..., Worker]


@pytest.fixture
def worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("PYTHONPATH", str(PROGRAM.parents[2]))

    def make(behaviour: str, receive: Callable[[bytes], None], **limits: float) -> Worker:
        (tmp_path / "behaviour").write_text(behaviour)
        command = [sys.executable, str(PROGRAM), str(tmp_path), "pull"]
        return Worker(command, receive, **limits)

    return make


def children() -> list[str]:
    """Give the process ids of our children."""
    return Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()


async def test_a_good_run_hands_over_its_events_and_summary(worker: Run) -> None:
    taken: list[Event] = []
    reception = Reception(taken.append)

    ending = await worker("ok", reception.line).run()

    assert ending == Ending(0)
    assert [type(event).__name__ for event in taken] == ["Checking", "Contact"]
    assert reception.summary("pull", ending).reached


async def test_a_crash_is_told_with_signal_and_last_words(worker: Run) -> None:
    reception = Reception(lambda _: None)

    ending = await worker("crash", reception.line).run()
    summary = reception.summary("pull", ending)

    assert ending.exit_code == -9
    assert summary.exit_code == 1
    assert "killed by SIGKILL: decoder: bad block in pull" in summary.problems[0].text


async def test_a_worker_that_says_nothing_is_killed_though_it_ignores_sigterm(worker: Run) -> None:
    reception = Reception(lambda _: None)

    def heard(line: bytes) -> None:
        # It has started, and ignores SIGTERM by now; that may take any time.
        hanging._silence = 0.5  # noqa: SLF001 - what it is told at its beginning
        reception.line(line)

    hanging = worker("hang", heard, silence=60.0, patience=0.2)
    ending = await hanging.run()
    assert ending.hung
    assert ending.exit_code == -9
    assert "nothing was heard" in reception.summary("pull", ending).problems[0].text


async def test_garbage_and_endless_lines_are_left_out(worker: Run) -> None:
    taken: list[Event] = []
    reception = Reception(taken.append)

    ending = await worker("garbage", reception.line).run()

    assert [type(event).__name__ for event in taken] == ["Checking", "Contact"]
    assert reception.summary("pull", ending).exit_code == 0


async def test_cancelling_stops_the_worker_before_it_returns(worker: Run) -> None:
    started = asyncio.Event()
    run = asyncio.create_task(worker("fetch", lambda _: started.set(), patience=5.0).run())
    await asyncio.wait_for(started.wait(), 20)
    assert children()

    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run

    assert not children()


async def test_a_program_that_is_not_there_is_an_error() -> None:
    with pytest.raises(FileNotFoundError):
        await Worker(["/nowhere/worker"], lambda _: None).run()


async def test_a_stderr_that_someone_keeps_open_does_not_hold_us_up() -> None:
    script = "import subprocess; subprocess.Popen(['sleep', '60'], stdout=subprocess.DEVNULL)"

    ending = await asyncio.wait_for(
        Worker([sys.executable, "-c", script], lambda _: None).run(), 45
    )

    assert ending.exit_code == 0
