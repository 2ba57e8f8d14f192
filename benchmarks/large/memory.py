"""The memory of a process and of all that it starts."""

import os
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.memory import share_or_none

_PAUSE_SECONDS: Final = 0.05


@dataclass(frozen=True)
class Ran:
    """What running a command took.

    Attributes:
        seconds: by the clock.
        work: seconds of CPU.
        memory: most of it, as proportional shares, bytes.
        output: what it printed.
    """

    seconds: float
    work: float
    memory: int
    output: str


def ran(command: Sequence[str]) -> Ran:
    """Run a command, and look at the memory of its processes all the time."""
    began, most, before = time.monotonic(), 0, os.times()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        # What is printed is little; a pipe holds it.
        while child.poll() is None:
            most = max(most, sum(share_or_none(one) or 0 for one in _family(child.pid)))
            time.sleep(_PAUSE_SECONDS)
        seconds = time.monotonic() - began
        assert child.stdout
        output = child.stdout.read()
    assert child.returncode == 0, command
    after = os.times()
    work = sum(after[2:4]) - sum(before[2:4])
    return Ran(seconds, work, most, output)


def _family(process: int) -> list[int]:
    """Give a process and its descendants."""
    found = [process]
    for one in found:
        try:
            threads = list(Path(f"/proc/{one}/task").iterdir())
            for thread in threads:
                found += map(int, (thread / "children").read_text().split())
        except OSError:
            # It has just ended.
            continue
    return found
