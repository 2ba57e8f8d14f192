"""The supervisor with real processes that are killed."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from edge_client import supervisor

ROOT = Path(__file__).parents[3]
# Each part speaks, writes its process id, then lives; one told to be stubborn ignores SIGTERM.
PART = """
import os, signal, sys, time
name, directory = sys.argv[1:3]
if "stubborn" in sys.argv: signal.signal(signal.SIGTERM, signal.SIG_IGN)
print(name, "speaks", flush=True)
open(f"{directory}/{name}.{os.getpid()}", "w").close()
if "short" in sys.argv: sys.exit(11)
time.sleep(600)
"""
DRIVER = """
import sys
from edge_client import supervisor
supervisor.FIRST_DELAY = 0.05
supervisor.LARGEST_DELAY = 0.2
supervisor.STOP_SECONDS = 0.5
part, directory, *more = sys.argv[1:]
sys.exit(supervisor.run([
    supervisor.Part("portal", [sys.executable, "-c", part, "portal", directory]),
    supervisor.Part("agent", [sys.executable, "-c", part, "agent", directory, *more]),
]))
"""
Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    started: list[subprocess.Popen[str]] = []

    def run(*more: str) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [sys.executable, "-c", DRIVER, PART, str(tmp_path), *more],
            cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.wait()
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                stream.close()
    for path in tmp_path.glob("*.*"):
        if alive(int(path.suffix[1:])):
            os.kill(int(path.suffix[1:]), signal.SIGKILL)


def seen(directory: Path, name: str, count: int) -> list[int]:
    """Wait until ``count`` processes of a part have been seen; give their ids, oldest first."""
    deadline = time.monotonic() + 30
    while len(paths := list(directory.glob(f"{name}.*"))) < count:
        assert time.monotonic() < deadline, paths
        time.sleep(0.02)
    return [int(path.suffix[1:]) for path in sorted(paths, key=lambda one: one.stat().st_mtime_ns)]


def alive(process: int) -> bool:
    """Say whether a process runs; one that only waits to be reaped does not."""
    try:
        stat = Path(f"/proc/{process}/stat").read_text()
    except FileNotFoundError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


@pytest.mark.parametrize("victim", ["agent", "portal"])
def test_a_killed_part_starts_again_and_the_other_goes_on(
    start: Start, tmp_path: Path, victim: str
) -> None:
    supervisor = start()
    other = {"agent": "portal", "portal": "agent"}[victim]
    [first], [steady] = seen(tmp_path, victim, 1), seen(tmp_path, other, 1)

    os.kill(first, signal.SIGKILL)
    again = seen(tmp_path, victim, 2)

    assert alive(steady)
    supervisor.terminate()
    _, narration = supervisor.communicate(timeout=60)
    assert supervisor.returncode == 0
    assert f"{victim} was killed by SIGKILL; it starts again in" in narration
    assert not any(alive(one) for one in (*again, steady))


def test_output_of_the_parts_is_passed_through(start: Start, tmp_path: Path) -> None:
    supervisor = start()
    seen(tmp_path, "agent", 1)
    seen(tmp_path, "portal", 1)
    supervisor.send_signal(signal.SIGINT)

    output, _ = supervisor.communicate(timeout=60)

    assert sorted(output.splitlines()) == ["agent speaks", "portal speaks"]


def test_a_part_that_does_not_stop_is_killed(start: Start, tmp_path: Path) -> None:
    supervisor = start("stubborn")
    [stubborn] = seen(tmp_path, "agent", 1)
    seen(tmp_path, "portal", 1)
    supervisor.terminate()

    assert supervisor.wait(60) == 0
    assert not alive(stubborn)


def test_a_part_that_keeps_ending_is_told_with_the_reason(start: Start, tmp_path: Path) -> None:
    supervisor = start("short")
    seen(tmp_path, "agent", 6)
    [portal] = seen(tmp_path, "portal", 1)

    assert alive(portal)
    supervisor.terminate()
    _, narration = supervisor.communicate(timeout=60)
    assert "agent has ended 5 times in a row: it is running already" in narration


def test_a_part_that_cannot_be_started_is_tried_again_and_the_other_goes_on(
    capfd: pytest.CaptureFixture[str],
) -> None:
    part = supervisor.Part("agent", ["/nowhere/python"])
    part.look(100.0)
    assert (part.process, part.failures, part.due) == (None, 1, 101.0)
    part.look(100.5)
    assert part.failures == 1
    part.look(101.0)
    assert (part.failures, part.due) == (2, 103.0)
    said = capfd.readouterr().err
    assert "agent cannot be started: No such file or directory; it starts again in 1 s" in said


def test_a_signal_without_a_name_has_its_number() -> None:
    assert supervisor.ending(-40) == "was killed by signal 40"
    assert supervisor.ending(-9) == "was killed by SIGKILL"
