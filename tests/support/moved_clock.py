"""Moves the clock of every Packhorse process that is started while inside, as years would.

with moved_clock(tmp_path) as clock:      # environment for subprocesses; they inherit it
    clock.days = 40.0                     # running processes see it at their next look
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from unittest.mock import patch

_VARIABLE: Final = "PACKHORSE_TEST_DAYS"
# Python runs this at its start; what it does is the least that moves a clock.
_CUSTOM: Final = f"""
import os
from datetime import timedelta
from pathlib import Path

from cache.clock import Clock

_PLACE = Path(os.environ["{_VARIABLE}"])
_wall, _monotonic = Clock.wall, Clock.monotonic


def _days():
    return float(_PLACE.read_text() or 0)


Clock.wall = lambda self: _wall(self) + timedelta(days=_days())
Clock.monotonic = lambda self: _monotonic(self) + _days() * 86400
Clock.synchronised = lambda self: True
"""


class MovedClock:
    """Days that have passed beyond those that have."""

    def __init__(self, place: Path) -> None:
        self._place = place
        self.days = 0.0

    @property
    def days(self) -> float:
        """How many."""
        return float(self._place.read_text())

    @days.setter
    def days(self, count: float) -> None:
        # Readers see the old number or the new one.
        fresh = self._place.with_suffix(".new")
        fresh.write_text(str(count))
        fresh.rename(self._place)


@contextmanager
def moved_clock(path: Path) -> Iterator[MovedClock]:
    """Let the clock of processes that are started inside be moved."""
    folder = path / "moved clock"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(_CUSTOM)
    clock = MovedClock(folder / "days")
    changes = {"PYTHONPATH": str(folder), _VARIABLE: str(folder / "days")}
    with patch.dict(os.environ, changes):
        yield clock
