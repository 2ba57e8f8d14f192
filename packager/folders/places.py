"""Where ``apply`` makes a folder, and the name that it has until it is whole.

Until then it has a name that nothing else has, so that whoever works beside it, or has a folder
there, loses nothing; only what was made here is removed. What a killed process leaves behind stays:
nothing that works on every disk tells for sure that nobody works in it any more.
"""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from cache import durable
from core.errors import UsageError

_IN_THE_WAY: Final = {errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR}


def place_for(new: Path, old: Path) -> Path:
    """Give where a new folder goes, links above it resolved.

    Raises:
        UsageError: there is something in the way, or it would lie in the old folder.
        OSError: it cannot be looked at.
    """
    _see_free(new)
    place = new.resolve()
    if place.is_relative_to(old.resolve()) or Path.cwd().is_relative_to(place):
        raise UsageError(
            "{folder} is in the old folder, or is the one that you are in.",
            hint="Choose another place with -o.",
            folder=str(new),
        )
    return place


def _see_free(new: Path) -> None:
    """See that nothing is there, or an empty folder whose place another can take."""
    try:
        mode = new.lstat().st_mode
    except FileNotFoundError:
        return
    if stat.S_ISLNK(mode):
        raise UsageError(
            "{folder} is a link.",
            hint="Give the place that it leads to, or choose another one with -o.",
            folder=str(new),
        )
    if not stat.S_ISDIR(mode) or any(new.iterdir()):
        raise _taken(new)
    if os.path.ismount(new):
        raise UsageError(
            "{folder} is where a disk is mounted; no other folder can take its place.",
            hint="Choose a folder in it with -o.",
            folder=str(new),
        )


@contextmanager
def staging_for(place: Path) -> Iterator[Path]:
    """Make a folder in which another one is made while inside.

    When that fails, it goes again, and so do the folders above it that were made for it.
    """
    with _folders_for(place):
        staging = durable.temporary_beside(place)
        staging.mkdir()
        try:
            # Not before: only now is it seen whether the disk takes such a name.
            with suppress(FileNotFoundError):
                place.lstat()
            yield staging
        except BaseException:
            durable.remove_tree(staging)
            raise


@contextmanager
def _folders_for(place: Path) -> Iterator[None]:
    """Make the folders above a place; they go again when what is inside fails."""
    made: list[Path] = []
    try:
        for above in reversed([one for one in place.parents if not one.exists()]):
            # One that somebody else has made meanwhile is not ours to remove.
            with suppress(FileExistsError):
                above.mkdir()
                made.append(above)
        yield
    except BaseException:
        for one in reversed(made):
            with suppress(OSError):
                one.rmdir()
        raise


def put(staging: Path, place: Path, new: Path) -> None:
    """Give what is whole its name, durably.

    Args:
        staging: what ``staging_for`` gave.
        place: what ``place_for`` gave.
        new: what the person calls it.

    Raises:
        UsageError: somebody else has made something there meanwhile; it stays as it is.
    """
    durable.sync_tree(staging)
    try:
        # The empty folder that may be there; no system removes one with something in it.
        with suppress(FileNotFoundError):
            place.rmdir()
        durable.move(staging, place)
    except OSError as error:
        if error.errno in _IN_THE_WAY:
            raise _taken(new) from error
        raise


def _taken(new: Path) -> UsageError:
    return UsageError(
        "{folder} is there already.", hint="Choose another place with -o.", folder=str(new)
    )
