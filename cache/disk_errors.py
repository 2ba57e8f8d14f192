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
    if error.errno in _FULL:
        return disk_full(path)
    if error.errno == errno.EIO:
        return disk_broken(path)
    if error.errno == errno.EROFS:
        return ExhaustedError(
            "{path} cannot be written: its disk has become read-only.",
            hint="Restart this machine; if it happens again, replace the card or disk.",
            path=str(path),
        )
    if error.errno in _DENIED:
        return access_denied(path)
    return None


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
