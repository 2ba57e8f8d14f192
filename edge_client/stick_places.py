"""Which sticks are plugged in, without touching them: a failing one would make whoever looks wait.

A stick is a directory below one of the configured places (``[stick] places``). On a package
install udev mounts them there; on a developer's machine any directory will do.
"""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

MOST_STICKS: Final = 16
_MOST_ENTRIES: Final = 1000


def plugged_in(places: Sequence[str]) -> list[Path]:
    """Give the directories of all sticks, in order of their names."""
    found = sorted(path for place in places for path in _below(Path(place).resolve()))
    return found[:MOST_STICKS]


def _below(place: Path) -> Iterator[Path]:
    try:
        with os.scandir(place) as entries:
            for entry, _ in zip(entries, range(_MOST_ENTRIES), strict=False):
                if _is_stick(entry):
                    yield place / entry.name
    except OSError:
        return  # no stick was ever plugged in


def _is_stick(entry: os.DirEntry[str]) -> bool:
    """Say whether something is mounted there, or lies there; an empty mount point is no stick."""
    try:
        if not entry.is_dir(follow_symlinks=False):
            return False
        if os.path.ismount(entry.path):
            return True
        with os.scandir(entry.path) as inside:
            return next(inside, None) is not None
    except OSError:
        return False  # just unplugged
