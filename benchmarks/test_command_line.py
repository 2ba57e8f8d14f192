"""The command line's own cost: what every command pays before it does anything."""

import os
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
    process = subprocess.Popen(HELP, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    print(f"\npackhorse --help: {usage.ru_maxrss / 1024:.1f} MiB at most")
    assert process.returncode == 0
    assert usage.ru_maxrss < 50 * 1024
