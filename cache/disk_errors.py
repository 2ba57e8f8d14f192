"""What the disk's errors mean, in the user's words."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from core.errors import ExhaustedError, PackhorseError, UsageError

# Windows has no disk quota error.
_FULL: Final = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC), errno.EFBIG}
_DENIED: Final = {errno.EACCES, errno.EPERM}
# Windows has numbers of its own; many of them become "access denied" or "invalid argument".
_WINDOWS: Final = {
    19: errno.EROFS,  # write protected
    21: errno.EIO,  # not ready: pulled out
    23: errno.EIO,  # checksum
    32: errno.EBUSY,  # sharing violation
    33: errno.EBUSY,  # lock violation
    39: errno.ENOSPC,  # disk full
    112: errno.ENOSPC,  # disk full
    1117: errno.EIO,  # device error
    1295: errno.ENOSPC,  # quota
}


@contextmanager
def in_words(path: Path) -> Iterator[None]:
    """Turn the errors of a disk that is full, broken or read-only into sentences.

    Raises:
        ExhaustedError: the disk is full, broken or read-only.
        UsageError: this user may not write there.
    """
    try:
        yield
    except OSError as error:
        worded = describe(error, path)
        if worded is None:
            raise
        raise worded from error


def describe(error: OSError, path: Path) -> PackhorseError | None:
    """Give the sentence for ``error``, or None when it is not the disk's."""
    number = number_of(error)
    if number in _FULL:
        return disk_full(path)
    if number == errno.EIO:
        return disk_broken(path)
    if number == errno.EBUSY:
        return in_use(path)
    if number == errno.EROFS:
        return ExhaustedError(
            "{path} cannot be written: its disk has become read-only.",
            hint="Restart this machine; if it happens again, replace the card or disk.",
            path=str(path),
        )
    if number in _DENIED:
        return access_denied(path)
    return None


def number_of(error: OSError) -> int:
    """Give the error's number in the words of POSIX, also on Windows."""
    return _WINDOWS.get(getattr(error, "winerror", None) or 0, error.errno or 0)


def disk_full(path: Path) -> ExhaustedError:
    """Say that the disk of ``path`` is full."""
    return ExhaustedError(
        "{path} cannot be written: the disk is full.",
        hint="Free some space on that disk; nothing was lost, and the work goes on then.",
        path=str(path),
    )


def disk_broken(path: Path) -> ExhaustedError:
    """Say that the disk of ``path`` gives errors."""
    return ExhaustedError(
        "{path} cannot be read or written: the disk reports an error.",
        hint="Check the cable or card; if it happens again, replace the card or disk.",
        path=str(path),
    )


def access_denied(path: Path) -> UsageError:
    """Say that this user may not use ``path``."""
    return UsageError(
        "{path} may not be used by this user.",
        hint="Run the command as the user that owns the directory, or correct its owner.",
        path=str(path),
    )


def in_use(path: Path) -> UsageError:
    """Say that another program has ``path`` open, which Windows lets nobody change then."""
    return UsageError(
        "{path} is open in another program.",
        hint="Close it there, then run the command again.",
        path=str(path),
    )
