"""A short run of what ``make fuzz`` does for long: changed input, and what was found before."""

import subprocess
import sys
from functools import cache
from random import Random
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.target import Target
from tests.fuzz.targets import NAMES, kept, target_of

_FOLDERS: Final = {"apply", "carry"}
_ENCODING: Final = {"streams", "encode", "resolve", "head"}
_PACKAGER: Final = ("streams", "encode", "carry")
_NODE: Final = tuple(name for name in NAMES if name not in _PACKAGER)
_SMALL: Final = 8000


def _tries(name: str) -> int:
    return 4 if name in _FOLDERS else 15 if name in _ENCODING else 60


@cache
def _inputs(target: Target) -> list[bytes]:
    return [data for data in target.seeds() if len(data) < _SMALL]


@pytest.mark.parametrize("name", NAMES)
def test_changed_input_is_refused_or_right(name: str) -> None:
    target = target_of(name)

    @settings(max_examples=_tries(name))
    @given(st.integers(0, 1 << 40))
    def try_some(seed: int) -> None:
        chance = Random(seed)
        data = chance.choice(_inputs(target))
        for _ in range(4):
            data = target.mutated(data, chance)
            target.run(data)

    try_some()


@pytest.mark.parametrize(
    "names",
    [[name for name in NAMES if name not in _PACKAGER], _PACKAGER],
    ids=["node", "packager"],
)
def test_what_was_found_is_refused_within_the_memory_that_is_allowed(
    names: tuple[str, ...],
) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "tests.fuzz.replay", "--kept", *names],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr or ran.stdout
    count = sum(len(list(kept(name))) for name in names)
    assert ran.stdout.startswith(f"{count} inputs in ")
