"""One rule for bad input: everything wrong with the admin's own folder is a usage error.

``core`` refuses bytes that came from outside; here the same checks are applied to what the
admin wrote, who can correct it.
"""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from core.errors import RefusedError, UsageError

_LOOK: Final = "See how its path is written, and whether its disk is there."
_LONGEST: Final = 200
_FULL: Final = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
# Windows: sharing and lock violations; disk and quota full.
_IN_USE: Final = {32, 33}
_FULL_ON_WINDOWS: Final = {39, 112, 1295}


@contextmanager
def own_folder() -> Iterator[None]:
    """Turn what ``core`` refuses about the admin's folder into a usage error.

    Raises:
        UsageError: in place of a RefusedError, with the same sentence.
    """
    try:
        yield
    except RefusedError as error:
        raise as_usage(error) from error


def as_usage(error: RefusedError) -> UsageError:
    """Give the usage error with the sentence of ``error``."""
    return UsageError(error.template, hint=error.hint_template, **error.fields)


def unreadable(path: str, error: OSError) -> UsageError:
    """Say that a file or folder of the pack cannot be read."""
    if getattr(error, "winerror", None) in _IN_USE:
        return UsageError(
            "{path} cannot be read: another program has it open.",
            hint="Close it there, then run the command again.",
            path=path if len(path) <= _LONGEST else f"{path[:_LONGEST]}…",
        )
    return UsageError(
        "{path} cannot be read: {reason}.",
        hint="Give yourself the right to read it, or take it out of the folder.",
        path=path if len(path) <= _LONGEST else f"{path[:_LONGEST]}…",
        reason=os.strerror(error.errno or 0),
    )


def unread(path: str, error: OSError) -> UsageError:
    """Say why what was there when a folder was read cannot be read any more."""
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return changed(path)
    return unreadable(path, error)


def not_a_folder(path: str) -> UsageError:
    """Say that there is no folder."""
    return UsageError("{folder} is not a folder.", hint=_LOOK, folder=path)


def is_full(error: OSError) -> bool:
    """Whether a disk or quota is full."""
    return error.errno in _FULL or getattr(error, "winerror", None) in _FULL_ON_WINDOWS


def changed(path: str) -> UsageError:
    """Say that a file changed under the packager's hands."""
    return UsageError(
        "{path} changed while it was being read.",
        hint="Wait until nothing writes to the folder any more, then run the command again.",
        path=path,
    )


def printable(path: str) -> str:
    """Write a name that was not checked so that it harms no terminal and is valid Unicode."""
    if path.isprintable():
        return path
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in path)
