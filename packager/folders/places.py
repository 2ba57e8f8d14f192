"""Where ``diff`` and ``apply`` put what they make, and the name that it has until it is whole.

Until then it has a name that nothing else has, so that whoever works beside it, or has a folder
there, loses nothing; only what was made here is removed. What a killed process leaves behind stays:
nothing that works on every disk tells for sure that nobody works in it any more.
"""

import errno
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from cache import durable
from core.errors import ExhaustedError, PackhorseError, UsageError
from packager.faults import is_full, not_a_folder

_IN_THE_WAY: Final = {errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR}


def place_for(new: Path, old: Path) -> Path:
    """Give where a new folder goes, links above it resolved.

    Raises:
        UsageError: there is something in the way, or it would lie in the old folder.
        OSError: it cannot be looked at.
    """
    _see_free(new)
    place = resolved(new)
    if place.is_relative_to(resolved(old)) or _is_around(place):
        raise UsageError(
            "{folder} is in the old folder, or is the one that you are in.",
            hint="Choose another place with -o.",
            folder=str(new),
        )
    return place


def resolved(path: Path) -> Path:
    """Give where a path leads.

    Raises:
        UsageError: it leads nowhere, as a link to itself does.
    """
    try:
        place = path.resolve()
    except FileNotFoundError as error:
        raise UsageError(
            "The folder that you are in is not there any more.",
            hint="Change into another one, then run the command again.",
        ) from error
    except RuntimeError as error:
        # Python 3.13 finds no fault in it; it is found when the path is used.
        raise UsageError(
            "{path} is a link that leads round in a circle.",
            hint="Give the place that it should lead to.",
            path=str(path),
        ) from error
    return place


def _is_around(place: Path) -> bool:
    """Whether it is the folder that we are in, or one above it."""
    try:
        return Path.cwd().is_relative_to(place)
    except FileNotFoundError:
        # We are in none.
        return False


def unmakable(name: str, error: OSError) -> PackhorseError:
    """Say why the system does not let something be made."""
    if is_full(error):
        return ExhaustedError(
            "There is no space left for {place}.",
            hint="Free some space, or choose another place with -o. Nothing was kept.",
            place=name,
        )
    return UsageError(
        "{place} cannot be made: {reason}.",
        hint="Choose another place with -o. Nothing was kept.",
        place=name,
        reason=os.strerror(error.errno or 0),
    )


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


def place_for_bundle(bundle: Path, folders: Sequence[Path]) -> Path:
    """Give where a bundle goes, links resolved: one to a file stays, and its file is replaced.

    Args:
        bundle: what the person calls it.
        folders: what it is about; it must lie in none, where it would be read next time.

    Raises:
        UsageError: it has no place there.
        OSError: it cannot be looked at.
    """
    # A pipe or device would go, and a file be where programs look for it.
    with suppress(FileNotFoundError, NotADirectoryError):
        if not stat.S_ISREG(bundle.stat().st_mode):
            raise UsageError(
                "{bundle} is there already, and is not an ordinary file.",
                hint="Choose another place with -o.",
                bundle=str(bundle),
            )
    place = resolved(bundle)
    if not place.parent.is_dir():
        raise not_a_folder(str(bundle.parent))
    if any(place.is_relative_to(resolved(one)) for one in folders):
        raise UsageError(
            "{bundle} would lie in one of the folders that it is about.",
            hint="Choose another place with -o.",
            bundle=str(bundle),
        )
    return place


@contextmanager
def temporary_for(place: Path) -> Iterator[Path]:
    """Give a name beside a place that nothing has; what has it in the end is removed."""
    temporary = durable.temporary_beside(place)
    try:
        yield temporary
    finally:
        temporary.unlink(missing_ok=True)


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
    was_there = False
    try:
        # The empty folder that may be there; no system removes one with something in it.
        with suppress(FileNotFoundError):
            place.rmdir()
            was_there = True
        durable.move(staging, place)
    except OSError as error:
        if was_there:
            with suppress(OSError):
                place.mkdir()
        if error.errno in _IN_THE_WAY:
            raise _taken(new) from error
        raise


def _taken(new: Path) -> UsageError:
    return UsageError(
        "{folder} is there already.", hint="Choose another place with -o.", folder=str(new)
    )
