"""Fuzzing everything: each target in processes of its own, all processors busy.

    python -m tests.fuzz [--seconds N] [TARGET...]

The time is shared out equally; what is found, and how long each target ran, is said at the end.
What a target has learnt stays in ``build/fuzz/corpus`` for the next run.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.fuzz.bundles import remove_places
from tests.fuzz.targets import NAMES

BUILD: Final = Path("build/fuzz")
# Below, a target is not even warm.
_LEAST_SECONDS: Final = 5


@dataclass(frozen=True, slots=True)
class Running:
    """A target that is being fuzzed.

    Attributes:
        name: of the target.
        process: in which.
        log: what it says.
    """

    name: str
    process: subprocess.Popen[bytes]
    log: Path


def main(arguments: Sequence[str]) -> int:
    """Fuzz; give the exit code: 1 if something was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("--seconds", type=int, default=120)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=", ".join(NAMES))
    told = parser.parse_args(arguments)
    names = told.targets or list(NAMES)
    shutil.rmtree(BUILD / "findings", ignore_errors=True)
    processes = len(os.sched_getaffinity(0))
    each = max(_LEAST_SECONDS, told.seconds * processes // len(names))
    print(f"{len(names)} targets for {each} s each, {processes} at once", flush=True)
    waiting, running, found = list(names), list[Running](), 0
    while waiting or running:
        while waiting and len(running) < processes:
            running.append(_begun(waiting.pop(0), each))
        time.sleep(0.1)
        for one in [one for one in running if one.process.poll() is not None]:
            running.remove(one)
            found += _told(one)
    remove_places()
    print("nothing was found" if not found else f"{found} targets have findings", flush=True)
    return 1 if found else 0


def _begun(name: str, seconds: int) -> Running:
    log = BUILD / f"{name}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "tests.fuzz.engine", name, str(seconds), str(BUILD)]
    with log.open("wb") as sink:
        process = subprocess.Popen(command, stdout=sink, stderr=sink, stdin=subprocess.DEVNULL)
    return Running(name, process, log)


def _told(one: Running) -> bool:
    """Say how a target ended; give whether something was found."""
    text = one.log.read_text("utf-8", "replace")
    runs = _last(r"stat::number_of_executed_units: (\d+)", text)
    seen = _last(r"cov: (\d+)", text)
    peak = _last(r"peak of one input: (\d+) MB", text)
    print(f"{one.name:<10} {runs:>9} inputs, {seen:>5} places seen, {peak:>4} MB", flush=True)
    if not one.process.returncode:
        return False
    shown = [line for line in text.splitlines() if not line.startswith(("INFO", "#", "WARNING"))]
    print(*(f"    {line}" for line in shown[-40:]), f"    see {one.log}", sep="\n", flush=True)
    return True


def _last(pattern: str, text: str) -> str:
    found = re.findall(pattern, text)
    return found[-1] if found else "?"


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
