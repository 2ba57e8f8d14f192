"""Lets processes that are started inside believe in another boot, of which a second has passed."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from unittest.mock import patch

_VARIABLE: Final = "PACKHORSE_TEST_BOOTED"
# Python runs this at its start.
_CUSTOM: Final = f"""
import os
from datetime import timedelta

from cache.clock import Clock

_BOOTED = float(os.environ["{_VARIABLE}"])
_wall, _monotonic = Clock.wall, Clock.monotonic
Clock.monotonic = lambda self: _monotonic(self) - _BOOTED
Clock.boot_id = lambda self: f"boot at {{_BOOTED}}"
# Nothing has set the clock, and it stands in 1970.
Clock.wall = lambda self: _wall(self) - timedelta(days=20_000)
Clock.synchronised = lambda self: False
"""


@contextmanager
def other_boot(path: Path) -> Iterator[None]:
    """Begin another boot for the processes that are started inside."""
    folder = path / "other boot"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(_CUSTOM)
    booted = time.clock_gettime(time.CLOCK_BOOTTIME) - 1
    changes = {"PYTHONPATH": str(folder), _VARIABLE: str(booted)}
    with patch.dict(os.environ, changes):
        yield
