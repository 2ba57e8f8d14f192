"""Free space: what there is, and what must stay free so that usage can always be recorded."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from core.errors import ExhaustedError
from core.text import human_bytes

_MIB: Final = 1024 * 1024
_FLOOR_SHARE: Final = 50
_FLOOR_LEAST: Final = 64 * _MIB
_FLOOR_MOST: Final = 1024 * _MIB


@dataclass(frozen=True, slots=True)
class Space:
    """Space of one disk, bytes. ``floor`` is what stays free."""

    total: int
    free: int
    floor: int

    @property
    def usable(self) -> int:
        """What may still be filled."""
        return max(0, self.free - self.floor)


def space(path: Path, *, floor: int | None = None) -> Space:
    """Measure the disk that ``path`` is on; the floor is 2 % of it, 64 MiB to 1 GiB.

    Args:
        path: anything on the disk.
        floor: another floor, bytes.
    """
    usage = shutil.disk_usage(path)
    usual = min(max(usage.total // _FLOOR_SHARE, _FLOOR_LEAST), _FLOOR_MOST)
    return Space(usage.total, usage.free, usual if floor is None else floor)


def reserve(path: Path, needed: int, *, what: str, floor: int | None = None) -> None:
    """Check that ``needed`` bytes fit on the disk of ``path`` and leave its floor free.

    Args:
        path: anything on the disk.
        needed: bytes, temporary files included.
        what: what needs them, in plain words.
        floor: another floor than usual, bytes.

    Raises:
        ExhaustedError: they do not fit.
    """
    there = space(path, floor=floor)
    if needed <= there.usable:
        return
    raise ExhaustedError(
        "The disk has too little space for {what}: {needed} needed, {free} free now,"
        " of which {floor} must stay free.",
        hint="Free {lacking} on the disk, or assign fewer packs to this school.",
        what=what,
        needed=human_bytes(needed),
        free=human_bytes(there.free),
        floor=human_bytes(there.floor),
        lacking=human_bytes(needed - there.usable),
    )


def nearly_full(there: Space) -> ExhaustedError | None:
    """Say that a disk is nearly full; None when it is not."""
    if there.free >= there.floor:
        return None
    return ExhaustedError(
        "The disk is nearly full: {free} free, {floor} must stay free.",
        hint="Assign fewer packs to this school, or put in a larger disk.",
        free=human_bytes(there.free),
        floor=human_bytes(there.floor),
    )
