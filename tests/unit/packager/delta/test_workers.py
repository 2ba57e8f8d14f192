"""Processes beside this one: real ones, which work, fail, are killed, and are left by nobody."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

from core.errors import ExhaustedError, UsageError
from packager.delta.workers import Workers

PACKAGE = Path(__file__).parents[4]


def submit(workers: Workers, function: Callable[..., Any], *words: object) -> Future[Any]:
    """Give a task that tells nothing."""
    return workers.submit(lambda _: None, _call, function, *words)


def _call(function: Callable[..., Any], *words: object) -> object:
    *rest, told = words
    del told
    return function(*rest)


def is_there(process: int) -> bool:
    """Whether a process still runs; one that has ended, and waits for its parent, does not."""
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def gone(*processes: int) -> bool:
    """Wait until processes have ended."""
    for _ in range(400):
        if not any(map(is_there, processes)):
            return True
        time.sleep(0.025)
    return False


def test_tasks_are_done_by_as_many_processes_as_there_may_be() -> None:
    with Workers(2) as workers:
        assert [one.result() for one in [submit(workers, divmod, n, 7) for n in range(20)]] == [
            divmod(n, 7) for n in range(20)
        ]
        ids = {one.result() for one in [submit(workers, os.getpid) for _ in range(20)]}
        assert 1 <= len(ids) <= 2
        assert os.getpid() not in ids
    assert gone(*ids)


def test_large_things_go_there_and_back() -> None:
    data = os.urandom(20_000_000)
    with Workers(1) as workers:
        assert submit(workers, bytes.replace, data, b"", b"", 0).result() == data


def test_what_a_task_raises_is_raised_here() -> None:
    with Workers(1) as workers:
        with pytest.raises(ValueError, match="invalid literal"):
            submit(workers, int, "x").result()
        refused = submit(workers, _refuse)
        with pytest.raises(UsageError, match="a is wrong"):
            refused.result()
        # It goes on working.
        assert submit(workers, int, "7").result() == 7


def _refuse() -> None:
    raise UsageError("{name} is wrong.", name="a")


def test_what_a_task_tells_is_heard_before_it_is_done() -> None:
    heard: list[float] = []
    with Workers(1) as workers:
        assert workers.submit(heard.append, _tell, 3).result() == "done"
        assert heard == [0, 1, 2]
        assert all(isinstance(one, float) for one in heard)


def _tell(count: int, told: Callable[[float], None]) -> str:
    for number in range(count):
        told(number)
    return "done"


def test_what_it_prints_is_no_answer() -> None:
    with Workers(1) as workers:
        assert submit(workers, os.system, "echo hello >&2; echo hello").result() == 0
        assert submit(workers, print, "hello").result() is None
        assert submit(workers, int, "7").result() == 7


def test_one_that_is_killed_is_told_in_a_sentence_and_takes_the_others_along() -> None:
    ids: list[int] = []

    def work() -> None:
        with Workers(2) as workers:
            ids.append(submit(workers, os.getpid).result())
            submit(workers, time.sleep, 600)
            submit(workers, _die).result()

    with pytest.raises(ExhaustedError, match="memory is short"):
        work()
    assert gone(*ids)


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_one_that_is_killed_while_it_is_sent_something_is_told_too() -> None:
    def work() -> None:
        for tenths in range(60):
            with Workers(1) as workers:
                process = submit(workers, os.getpid).result()
                os.kill(process, signal.SIGSTOP)
                sent = submit(workers, len, bytes(50_000_000))
                time.sleep(tenths / 10)
                os.kill(process, signal.SIGKILL)
                # Killed before anything was sent, it has a successor.
                assert sent.result() == 50_000_000

    with pytest.raises(ExhaustedError, match="memory is short"):
        work()


def test_one_that_lacks_memory_is_told_in_a_sentence() -> None:
    with Workers(1) as workers:
        asked = submit(workers, bytes, 1 << 62)
        with pytest.raises(ExhaustedError, match="memory is short"):
            asked.result()


def test_whoever_fails_meanwhile_waits_for_none_of_them() -> None:
    ids: list[int] = []

    def work() -> None:
        with Workers(2) as workers:
            ids.append(submit(workers, os.getpid).result())
            for _ in range(5):
                submit(workers, time.sleep, 600)
            raise KeyError

    began = time.monotonic()
    with pytest.raises(KeyError):
        work()
    assert gone(*ids)
    assert time.monotonic() - began < 300


# Where the tests run in the background, SIGINT is ignored unless somebody asks for it.
PROGRAM = """
import os, signal, time
from packager.delta.workers import Workers
from tests.unit.packager.delta.test_workers import submit
signal.signal(signal.SIGINT, signal.default_int_handler)
with Workers(1) as workers:
    print(submit(workers, os.getpid).result(), flush=True)
    submit(workers, time.sleep, 600).result()
"""


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_they_end_with_their_parent_however_it_ends(end: signal.Signals) -> None:
    command = [sys.executable, "-c", PROGRAM]
    with subprocess.Popen(
        command, cwd=PACKAGE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as one:
        assert one.stdout is not None
        process = int(one.stdout.readline())
        one.send_signal(end)
        one.wait()
        assert gone(process)
