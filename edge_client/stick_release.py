"""Letting go of a stick: everything is written out, it is unmounted, and may be pulled out.

A node on a package install may not unmount anything: it leaves a file of the stick's name in
``release/`` beside the place of sticks, which a unit of systemd watches; the unit unmounts the
stick and removes the file. Elsewhere the stick is written out, and unmounted if this user may.
"""

import os
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from core.display import one_line
from core.errors import ExhaustedError, UnavailableError, UsageError
from edge_client.stick_places import plugged_in

_FOLDER: Final = "release"
_LOOK_SECONDS: Final = 0.2
# A slow stick takes minutes to write out what an export has left to the system.
PATIENCE_SECONDS: Final = 600.0


def release(path: Path, places: Sequence[str], *, patience: float = PATIENCE_SECONDS) -> None:
    """Write everything out and unmount.

    Args:
        path: the stick, or a directory on it.
        places: directories below which sticks are mounted.
        patience: seconds that writing out may take.

    Raises:
        UsageError: there is no such stick, or it is in use.
        ExhaustedError: not everything could be written out.
        UnavailableError: writing out takes too long.
    """
    stick = stick_of(path.resolve(), places)
    deadline = time.monotonic() + patience
    # Here also where a unit does it: only who asked can tell a person that it failed.
    if not _run(["sync", "--file-system", str(stick)], stick, deadline):
        raise _not_written(stick)
    requests = stick.parent.parent / _FOLDER
    if requests.is_dir():
        _ask(stick, requests / stick.name, deadline)
    else:
        _unmount(stick, deadline)


def stick_of(path: Path, places: Sequence[str]) -> Path:
    """Find the stick that a path is on; links are resolved already.

    Raises:
        UsageError: it is on none.
    """
    for stick in plugged_in(places):
        if path == stick or stick in path.parents:
            return stick
    raise UsageError(
        "There is no stick at {path}.",
        hint="Look at the list of sticks again; it may have been pulled out.",
        path=one_line(str(path)),
    )


def _ask(stick: Path, request: Path, deadline: float) -> None:
    try:
        request.touch(mode=0o600)
    except OSError as error:
        raise UsageError(
            "The stick {name} cannot be released: {reason}.",
            hint="Unmount it yourself: sudo umount {path}",
            name=one_line(stick.name),
            reason=error.strerror or str(error),
            path=str(stick),
        ) from error
    while request.exists():
        if time.monotonic() > deadline:
            raise _too_slow(stick)
        time.sleep(_LOOK_SECONDS)
    if os.path.ismount(stick):
        raise _in_use(stick)


def _unmount(stick: Path, deadline: float) -> None:
    if os.path.ismount(stick) and not _run(["umount", str(stick)], stick, deadline):
        raise _in_use(stick)


def _run(command: Sequence[str], stick: Path, deadline: float) -> bool:
    try:
        done = subprocess.run(  # noqa: S603 - a fixed command, a path of our own finding
            command,
            check=False,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=max(1.0, deadline - time.monotonic()),
        )
    except subprocess.TimeoutExpired as error:
        raise _too_slow(stick) from error
    return done.returncode == 0


def _too_slow(stick: Path) -> UnavailableError:
    return UnavailableError(
        "The stick {name} is still being written.",
        hint="Leave it in, and try again in a minute.",
        name=one_line(stick.name),
    )


def _not_written(stick: Path) -> ExhaustedError:
    return ExhaustedError(
        "Not everything could be written to the stick {name}: it is failing, or was pulled out.",
        hint="Export again, to another stick.",
        name=one_line(stick.name),
    )


def _in_use(stick: Path) -> UsageError:
    return UsageError(
        "The stick {name} is in use, and stays mounted.",
        hint="Close what uses it, then release it again, or: sudo umount {path}",
        name=one_line(stick.name),
        path=str(stick),
    )
