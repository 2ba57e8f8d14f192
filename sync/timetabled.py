"""The school's timetable as lessons take place here: with what teachers changed of it.

It is read again only when another one is there. Where it, or what teachers changed, cannot be
read, what was read before stays: nobody's work stops for that.
"""

import logging
from collections.abc import Collection
from pathlib import Path
from typing import Final

from cache.journal_changes import changes
from cache.state import StateDirectory
from cache.timetable_file import read_timetable
from core.errors import PackhorseError
from core.timetable import Change, Channel, NodeTimetable, Placed, effective

HORIZON: Final = 21 * 24 * 3600
"""How far ahead lessons are looked at, seconds."""
_LOG: Final = logging.getLogger(__name__)

Mark = tuple[int, int, int]
"""A file as it is: another one, or with other content, has another mark."""


class Timetabled:
    """Looks at the timetable.

    Args:
        state: the node's state directory.
    """

    def __init__(self, state: StateDirectory) -> None:
        self._state = state
        self._mark: Mark | None = None
        self._timetable = NodeTimetable()
        self._changes: list[Change] = []
        self._placed: dict[str, list[Placed]] = {}

    @property
    def channels(self) -> list[Channel]:
        """The channels as they were published, when last looked."""
        return self._timetable.channels

    def look(self) -> dict[str, list[Placed]]:
        """Give each channel's lessons in order, by the channel's name."""
        mark, told = mark_of(self._state.timetable), self._changes
        try:
            if mark != self._mark:
                self._timetable = read_timetable(self._state.timetable)
            if self._timetable.channels:
                told = [one.change for one in changes(self._state.journal)]
        except PackhorseError as error:
            _LOG.warning("the timetable cannot be read: %s", error)
        if mark != self._mark or told != self._changes:
            self._mark, self._changes = mark, told
            self._placed = {one.id: effective(one, told) for one in self._timetable.channels}
        return self._placed

    def needed(self, quiet: Collection[str], now: float) -> list[tuple[float, float]]:
        """Give when classes need the line themselves, in order, without overlaps.

        Args:
            quiet: channels whose classes do.
            now: school time, seconds since 1970.

        Returns:
            Beginnings and ends, seconds since 1970, of those that are not over.
        """
        if not quiet:
            return []
        placed = self.look()
        times = sorted(
            (one.slot.start * 60.0, one.slot.end * 60.0)
            for name in quiet
            for one in placed.get(name, [])
            if now < one.slot.end * 60.0 <= now + HORIZON
        )
        apart: list[tuple[float, float]] = []
        for start, stop in times:
            reached = apart[-1][1] if apart else 0.0
            if stop > reached:
                apart.append((max(start, reached), stop))
        return apart


def mark_of(path: Path) -> Mark | None:
    """Give a file's mark; None where there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size
