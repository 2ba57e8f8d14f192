"""Ctrl-C, and a process that the system ends, while deltas are encoded: real commands."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from packager.workspace import Workspace
from tests.unit.packager.conftest import Run, fill

pytestmark = pytest.mark.slow

WORKER = b"packager.delta.worker"
# Enough for processes to be worth it.
LENGTH = 9_000_000


@pytest.fixture(scope="module")
def texts() -> tuple[bytes, bytes]:
    """An old and a new text, of which the new one takes long to encode."""
    rnd = random.Random(6)
    words = [b"%x" % rnd.randrange(1 << 30) for _ in range(5000)]
    text = b" ".join(rnd.choices(words, k=LENGTH // 8))
    return text[:100_000], text


def workers_of(parent: int) -> list[int]:
    """Give the processes that a command has started for its work."""
    files = Path(f"/proc/{parent}/task").glob("*/children")
    children = [child for file in files for child in file.read_text().split()]
    return [int(one) for one in children if WORKER in Path(f"/proc/{one}/cmdline").read_bytes()]


@contextmanager
def encoding(*words: object) -> Iterator[tuple[subprocess.Popen[str], list[int]]]:
    """Run a command until its processes work, in a group of its own as a shell does."""
    command = [sys.executable, "-m", "packhorse", "pack", *map(str, words)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, process_group=0
    ) as process:
        try:
            while not (workers := workers_of(process.pid)):
                assert process.poll() is None, process.communicate()
                time.sleep(0.05)
            yield process, workers
        finally:
            process.kill()


def ended(workers: list[int]) -> bool:
    return not any(Path(f"/proc/{one}/cmdline").exists() for one in workers)


def test_an_interrupted_diff_ends_at_once_in_a_sentence_and_leaves_nothing(
    tmp_path: Path, texts: tuple[bytes, bytes]
) -> None:
    for name, text in zip(("old", "new"), texts, strict=True):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.txt").write_bytes(text)
    before = sorted(tmp_path.iterdir())
    words = ("diff", tmp_path / "old", tmp_path / "new", "-o", tmp_path / "x.bundle")
    with encoding(*words) as (process, workers):
        os.killpg(process.pid, signal.SIGINT)
        out, err = process.communicate()
    assert (process.returncode, out) == (130, "")
    assert err == "Interrupted. What is there is whole; run the command again if it is not there.\n"
    assert ended(workers)
    assert sorted(tmp_path.iterdir()) == before
    # The system ends one when memory is short.
    with encoding(*words) as (process, workers):
        os.kill(workers[0], signal.SIGKILL)
        out, err = process.communicate()
    assert (process.returncode, out) == (13, "")
    assert err.splitlines() == [
        "error: The system ended a process that was compressing, as it does when memory is short.",
        "hint: Close other programs, then run the command again.",
    ]
    assert ended(workers)
    assert sorted(tmp_path.iterdir()) == before


def test_an_interrupted_build_keeps_the_bundles_that_are_finished(
    run: Run, tmp_path: Path, texts: tuple[bytes, bytes]
) -> None:
    folder = tmp_path / "course"
    toml = 'id = "demo/county/fish"\nversion = '
    fill(folder, {"a.txt": texts[0]}, f"{toml}1\n")
    assert run("pack", "build", folder, "--level", 1).code == 0
    fill(folder, {"a.txt": texts[1]}, f"{toml}2\n")
    with encoding("build", folder, "--level", 1) as (process, workers):
        os.killpg(process.pid, signal.SIGINT)
        out, err = process.communicate()
    assert (process.returncode, out) == (130, "")
    assert err == "Interrupted. What is finished is kept: run the command again to go on.\n"
    assert ended(workers)
    made = Workspace(folder / ".packhorse").all_built()
    assert [(one.version, one.link.base) for one in made] == [(2, 0), (1, 0)]
    again = run("pack", "build", folder, "--level", 1, "--deltas", 0, "--progress", "json")
    assert again.code == 0
    assert "Full bundle" not in again.err
