"""Which paths a person may name on the control socket: sticks, or any directory, not our own."""

import os
from collections.abc import Callable
from pathlib import Path

from cache.state import StateDirectory
from core.display import one_line
from core.errors import UsageError


def check_directory(text: str, state: StateDirectory) -> Path:
    """Check a directory to import from or to export to; give it, links resolved.

    Raises:
        UsageError: there is none, it may not be read, or it is the node's own.
    """
    path = _outside(text, state)
    if not is_there(path.is_dir):
        raise UsageError(
            "There is no folder {path}.",
            hint="Check that the stick is plugged in, and where it is: lsblk shows it.",
            path=one_line(text),
        )
    return _readable(path, os.R_OK | os.X_OK)


def check_file(text: str, state: StateDirectory) -> Path:
    """Check a setup file; give it, links resolved.

    Raises:
        UsageError: there is none, it may not be read, or it is the node's own.
    """
    path = _outside(text, state)
    if not is_there(path.is_file):
        raise UsageError(
            "There is no setup file {path}.",
            hint="Check that the stick is plugged in, and where it is: lsblk shows it.",
            path=one_line(text),
        )
    return _readable(path, os.R_OK)


def whole_path(text: str) -> Path:
    """Give a path from the beginning, links resolved.

    Raises:
        UsageError: it is none.
    """
    try:
        path = Path(text).resolve() if Path(text).is_absolute() else None
    # A null character, or links that lead in a circle.
    except (ValueError, OSError, RuntimeError):
        path = None
    if path is None:
        raise UsageError(
            "{path} is not a whole path.",
            hint="Write it from the beginning, like /run/packhorse/sticks/stick-1.",
            path=one_line(text),
        )
    return path


def is_there(asked: Callable[[], bool]) -> bool:
    """Ask a path what it is; one that cannot be looked at is not there.

    What is too long for a name, lies below a directory that may not be entered, or on a stick that
    fails raises an error, where what is missing does not.
    """
    try:
        return asked()
    except OSError:
        return False


def _outside(text: str, state: StateDirectory) -> Path:
    path = whole_path(text)
    own = state.root.resolve()
    if path == own or own in path.parents:
        raise UsageError(
            "{path} is the node's own directory.",
            hint="Name a stick, or another directory.",
            path=one_line(text),
        )
    return path


def _readable(path: Path, mode: int) -> Path:
    if not os.access(path, mode):
        raise UsageError(
            "The node may not read {path}.",
            hint="It reads what its own user may: mount the stick for everyone, or for its group.",
            path=one_line(str(path)),
        )
    return path
