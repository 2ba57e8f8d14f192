"""Fuzzing one target in this process, guided by coverage, until something is found or time is up.

    python -m tests.fuzz.engine TARGET SECONDS BUILD

Whatever leaves the target is a finding; so is input that takes a processor longer than
``MOST_SECONDS``, or memory beyond ``memory.LIMIT``. The latter is tried again in a process of its
own, in which nothing has happened before and no fuzzer is: only what it takes there counts.
"""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from random import Random
from typing import Final

import atheris

from tests.fuzz import memory
from tests.fuzz.target import Target
from tests.fuzz.targets import kept, target_of

MOST_SECONDS: Final = 20
_QUICK: Final = 0.1
_STEP: Final = 1_000_000
MOST_BYTES: Final = 1 << 20
# With this seed, input is taken apart to be changed, as most is.
_TAKEN_APART: Final = 0
# They take a second each to make.
_BOMBS: Final = 0.002


class TooMuchTimeError(Exception):
    """Input with which a processor is busy for longer than it may."""


class TooMuchMemoryError(Exception):
    """Input by which a process comes to more memory than it may."""


def main(name: str, seconds: int, build: Path) -> None:
    """Fuzz; ends the process."""
    # What is imported here is seen through.
    with atheris.instrument_imports(include=["core", "packager"]):
        target = target_of(name)
    made, begun = build / "corpus" / name, build / "seeds" / name
    # What an earlier version began with may be slow by now.
    shutil.rmtree(begun, ignore_errors=True)
    for place in (made, begun, build / "findings"):
        place.mkdir(parents=True, exist_ok=True)
    bounded, highest = memory.Bounded(), [0]

    def one(data: bytes) -> None:
        memory.forget_peak()
        begun = time.process_time()
        with bounded:
            target.run(data)
        if (took := time.process_time() - begun) > MOST_SECONDS:
            raise TooMuchTimeError(f"{took:.0f} s of processor time")
        peak = memory.peak()
        if peak > memory.LIMIT:
            # What the fuzzer itself has not yet given back is in the figure, too.
            _confirm(name, data, build / "findings" / f"{name}-tried", peak)
        elif peak > highest[0] + _STEP:
            highest[0] = peak
            print(f"peak of one input: {peak // 1_000_000} MB", flush=True)

    def changed(data: bytes, most: int, seed: int) -> bytes:
        chance = Random(seed)
        bound = min(most, MOST_BYTES)
        found = target.mutated(data, chance, lambda old: _changed(old, bound), _BOMBS)
        return found[:bound]

    _begin([*target.seeds(), *kept(name)], one, target, begun)
    options = [
        f"-max_total_time={seconds}",
        # By the clock on the wall: what hangs for good, on however busy a machine.
        f"-timeout={10 * MOST_SECONDS}",
        f"-max_len={MOST_BYTES}",
        "-rss_limit_mb=0",
        "-len_control=0",
        "-print_final_stats=1",
        f"-artifact_prefix={build / 'findings' / name}-",
        str(made),
        str(begun),
    ]
    atheris.Setup([sys.argv[0], *options], one, custom_mutator=changed)
    atheris.Fuzz()


def _begin(
    inputs: Sequence[bytes], one: Callable[[bytes], None], target: Target, begun: Path
) -> None:
    """Use what there is to begin with; what takes long is not changed thousands of times."""
    for number, data in enumerate(inputs):
        used = _seconds(partial(one, data))
        changed = _seconds(partial(target.mutated, data, Random(_TAKEN_APART)))
        if used + changed < _QUICK:
            (begun / str(number)).write_bytes(data)


def _seconds(what: Callable[[], object]) -> float:
    """Do something; give its seconds of CPU."""
    start = time.process_time()
    what()
    return time.process_time() - start


def _changed(data: bytes, most: int) -> bytes:
    return bytes(atheris.Mutate(data[:most], min(most, max(64, 2 * len(data)))))


def _confirm(name: str, data: bytes, place: Path, peak: int) -> None:
    """Use input again, alone; fail if it takes too much memory there, too."""
    place.write_bytes(data)
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz.replay", name, str(place)],
        check=False,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise TooMuchMemoryError(
            f"{peak // 1_000_000} MB here; alone: {done.stderr or done.stdout}"
        )


if __name__ == "__main__":
    # Small pieces go back to the system when they are not used any more, and large ones at once,
    # so that one input's memory is not counted as the next one's.
    if os.environ.get("MALLOC_TRIM_THRESHOLD_") is None:
        settings = {"MALLOC_TRIM_THRESHOLD_": "65536", "MALLOC_MMAP_THRESHOLD_": "65536"}
        os.execve(  # noqa: S606 -- this very program
            sys.executable,
            [sys.executable, "-m", "tests.fuzz.engine", *sys.argv[1:]],
            {**os.environ, **settings},
        )
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]).resolve())
