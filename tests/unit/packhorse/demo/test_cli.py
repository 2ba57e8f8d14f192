"""Wishes that the demo cannot fulfil are refused in a sentence, before anything is made."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from packhorse.demo.summary import Summary

DEMO = (sys.executable, "-m", "packhorse", "demo", "--once")


def demo(*words: object, temporary: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*DEMO, *map(str, words)],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "TMPDIR": str(temporary)},
    )


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--rate", "fast"), "'fast' is not a rate"),
        (("--rate", "100bit"), "too slow"),
        (("--rate", "-5kbit"), "'-5kbit' is not a rate"),
        (("--keep", "."), "cannot be made: File exists"),
        (("--keep", "/proc/nowhere/demo"), "cannot be made"),
        (("--course", "/nowhere"), "does not exist"),
        (("--port", 70000), "not in the range"),
    ],
)
def test_a_bad_wish_ends_with_2(tmp_path: Path, words: tuple[object, ...], sentence: str) -> None:
    done = demo(*words, temporary=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert sentence in done.stderr
    assert not list(tmp_path.iterdir())


def test_a_taken_port_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = demo("--port", port, temporary=tmp_path)
    assert done.returncode == 2
    assert f"Port {port} cannot be used: Address already in use." in done.stderr


def test_a_folder_that_cannot_be_published_is_told_by_the_packager(tmp_path: Path) -> None:
    course, temporary = tmp_path / "course", tmp_path / "temporary"
    course.mkdir()
    temporary.mkdir()
    (course / "pack.toml").write_text("version = 1\n")
    (course / "a.txt").write_text("a")
    done = demo("--course", course, temporary=temporary)
    assert done.returncode == 2
    assert "error: pack.toml has no id." in done.stderr
    assert f"error: {course} cannot be published as it is." in done.stderr
    assert not list(temporary.iterdir())


@pytest.fixture
def heeded() -> Iterator[None]:
    """Let children heed SIGINT also where the tests themselves run in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("heeded")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_can_be_ended_and_leaves_nothing(tmp_path: Path, number: signal.Signals) -> None:
    process = subprocess.Popen(
        [*DEMO, "--rate", "1kbit"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    assert process.stderr is not None
    with process.stderr as said:
        assert any("hub serve" in line and line.endswith("&\n") for line in said)
        process.send_signal(number)
        assert process.wait(60) == 130
    assert not list(tmp_path.iterdir())
    assert str(tmp_path) not in running()


def running() -> str:
    """Give the command lines of all processes."""
    lines: list[bytes] = []
    for place in Path("/proc").glob("[0-9]*"):
        # It may end while it is looked at.
        with suppress(OSError):
            lines.append((place / "cmdline").read_bytes())
    return b"\n".join(lines).replace(b"\0", b" ").decode(errors="replace")


def test_the_summary_counts_in_words() -> None:
    summary = Summary(course="Fish", lessons=[{"served": True}], waiting_without_line=1)
    assert summary.as_lines()[0] == "Fish: 1 of 1 lesson served."
    assert "; 1 statement waited." in summary.as_lines()[1]
    summary.check(holds=False, failure="It broke.")
    assert summary.as_lines()[-1] == "FAILED: It broke."
    assert json.loads(json.dumps(summary.as_data()))["ok"] is False
