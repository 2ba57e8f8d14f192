"""Named failpoints: every durable operation announces itself here before it happens.

Tests set ``hook``, or start a process with ``PACKHORSE_FAILPOINT=OPERATION:N:ACTION``, which acts
at the Nth operation of that name (``any`` counts all of them):

    kill     the process dies at once, as by kill -9
    raise    the operation fails as on a broken card (EIO)
    full     the operation fails as on a full disk (ENOSPC)

Free when neither is set. Nothing else in Packhorse looks at this variable.
"""

import errno
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

Hook = Callable[[str, Path], None]

VARIABLE: Final = "PACKHORSE_FAILPOINT"
_ERRORS: Final = {"raise": errno.EIO, "full": errno.ENOSPC}

hook: Hook | None = None


def reached(operation: str, path: Path) -> None:
    """Announce ``operation`` on ``path``, which is about to happen."""
    if hook is not None:
        hook(operation, path)


def _fail(action: str, path: Path) -> None:
    if action == "kill":
        if sys.platform != "win32":
            os.kill(os.getpid(), signal.SIGKILL)
        os._exit(137)
    number = _ERRORS[action]
    raise OSError(number, os.strerror(number), str(path))


def counting(setting: str) -> Hook:
    """Make a hook that acts once, from a text such as ``rename:7:kill``."""
    wanted, number, action = setting.split(":")
    if action != "kill" and action not in _ERRORS:
        raise ValueError(setting)
    left = int(number)

    def count(operation: str, path: Path) -> None:
        nonlocal left
        if wanted in {operation, "any"}:
            left -= 1
            if left == 0:
                _fail(action, path)

    return count


if VARIABLE in os.environ:
    hook = counting(os.environ[VARIABLE])
