"""The command line's own cost: what every command pays before it does anything."""

import re
import statistics
import subprocess
import sys
import time

import pytest

RUNS = 5
HELP = [sys.executable, "-m", "packhorse", "--help"]

pytestmark = pytest.mark.bench


def test_help_starts_quickly() -> None:
    """`packhorse --help` comes at once, on a Pi too."""
    seconds = []
    for _ in range(RUNS):
        start = time.perf_counter()
        subprocess.run(HELP, check=True, capture_output=True)
        seconds.append(time.perf_counter() - start)
    median = statistics.median(seconds)
    print(f"\npackhorse --help: median {median * 1000:.0f} ms of {RUNS} runs")
    assert median < 2


def test_help_needs_little_memory() -> None:
    """The dispatcher leaves the memory to the command that it starts."""
    script = (
        "import contextlib, pathlib, packhorse.dispatch as dispatch\n"
        "with contextlib.suppress(SystemExit): dispatch.main(['--help'])\n"
        "print(pathlib.Path('/proc/self/status').read_text())"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True
    )
    peak = re.search(r"VmHWM:\s+(\d+) kB", done.stdout)
    assert peak is not None
    print(f"\npackhorse --help: {int(peak[1]) / 1024:.1f} MiB at most")
    assert int(peak[1]) < 40 * 1024
