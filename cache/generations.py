"""Generations of a database: how a damaged one is replaced while others have it open.

``journal.db`` is a symbolic link to ``journal-3.db``. A replacement is built whole under the next
number, then the link is swapped; so a reader, or a process killed anywhere in between, meets the
old database with its own log or the new one with its own, never a mixture. The old generation is
set aside afterwards. A plain file in the link's place (a restored backup) serves as it is.
"""

import re
from pathlib import Path
from typing import Final

from cache import durable

LOG_SIDES: Final = ("", "-wal", "-shm")
_KEPT_ASIDE: Final = 3


def current(link: Path) -> Path | None:
    """Give the file that a database's name stands for, or None when there is none."""
    target = link.resolve()
    return target if target.is_file() else None


def following(link: Path) -> Path:
    """Give the name of a generation that does not exist yet."""
    return link.with_name(f"{link.stem}-{max(_numbers(link), default=0) + 1}.db")


def switch(link: Path, generation: Path) -> None:
    """Make a finished, closed generation the current one, durably.

    Raises:
        ExhaustedError: the disk is full, broken or read-only.
    """
    durable.swap_symlink(link, generation)


def set_aside(link: Path, quarantine: Path) -> list[Path]:
    """Move superseded generations to quarantine and drop unfinished ones; name the moved.

    Raises:
        ExhaustedError: the disk is full, broken or read-only.
    """
    now = current(link)
    number = _number(link, now) if now else None
    moved: list[Path] = []
    for other in sorted(_numbers(link)):
        path = link.with_name(f"{link.stem}-{other}.db")
        # A number above the current one was being built when its maker was killed.
        if number is not None and other < number:
            moved.append(_move(path, quarantine))
        elif number is not None and other > number:
            for side in LOG_SIDES:
                durable.remove(path.with_name(path.name + side))
    if moved:
        _thin_out(link, quarantine)
    return moved


def _move(path: Path, quarantine: Path) -> Path:
    durable.make_directory(quarantine, mode=0o770)
    target = quarantine / path.name
    # The database goes last: while it is here, a process killed now comes back to move it.
    for side in reversed(LOG_SIDES):
        source = path.with_name(path.name + side)
        if source.exists():
            durable.move(source, target.with_name(target.name + side))
    return target


def _thin_out(link: Path, quarantine: Path) -> None:
    aside = {number: quarantine / f"{link.stem}-{number}.db" for number in _in(quarantine, link)}
    for number in sorted(aside)[:-_KEPT_ASIDE]:
        for side in reversed(LOG_SIDES):
            durable.remove(aside[number].with_name(aside[number].name + side))


def _numbers(link: Path) -> set[int]:
    return _in(link.parent, link) | _in(link.parent / "quarantine", link)


def _in(directory: Path, link: Path) -> set[int]:
    if not directory.is_dir():
        return set()
    found = (_number(link, path) for path in directory.glob(f"{link.stem}-*.db"))
    return {number for number in found if number is not None}


def _number(link: Path, path: Path) -> int | None:
    match = re.fullmatch(rf"{re.escape(link.stem)}-(\d{{1,9}})\.db", path.name)
    return int(match[1]) if match else None
