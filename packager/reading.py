"""Reading files that must not change meanwhile.

A file is known by its signature: size, times and inode. It is compared before, after, and
again before a build ends, so that a pack never holds half of an old file and half of a new one.
On Windows it is known by size and time alone: the file's number there depends on how it is asked
for, on some file systems, and there is no time of the last change to it.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

from packager.faults import changed, is_full, unreadable

CHUNK: Final = 1024 * 1024
# Larger files are linked into the workspace instead of copied.
LARGE: Final = 64 * 1024 * 1024
# Never through a link that took the file's place, never waiting on a pipe that did.
_FLAGS: Final = (
    os.O_RDONLY
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_BINARY", 0)
)


class Signature(NamedTuple):
    """What changes when a file's content does."""

    size: int
    mtime_ns: int
    inode: int
    ctime_ns: int


@dataclass(frozen=True)
class Found:
    """A file of the folder.

    Attributes:
        path: its path in the pack.
        source: where its bytes are; another place than ``path`` when that is a link.
        signature: as it was when the folder was walked.
    """

    path: str
    source: Path
    signature: Signature


def signature_of(status: os.stat_result) -> Signature:
    """Give the signature from a file's status."""
    if sys.platform == "win32":
        return Signature(status.st_size, status.st_mtime_ns, 0, 0)
    else:  # noqa: RET505 - another system's code to mypy
        # Linking a file into the workspace is a change of its inode, but none of its content.
        may_be_linked = status.st_size > LARGE and status.st_nlink > 1
        changed_ns = 0 if may_be_linked else status.st_ctime_ns
        return Signature(status.st_size, status.st_mtime_ns, status.st_ino, changed_ns)


@contextmanager
def reading(found: Found) -> Iterator[BinaryIO]:
    """Open a file that is still as it was found, and see that it still is in the end.

    Raises:
        UsageError: it changed, or cannot be read.
    """
    try:
        descriptor = os.open(found.source, _FLAGS)
    except FileNotFoundError as error:
        raise changed(found.path) from error
    except OSError as error:
        raise unreadable(found.path, error) from error
    with os.fdopen(descriptor, "rb") as file:
        _compare(found, os.fstat(descriptor))
        try:
            yield file
        except OSError as error:
            if is_full(error):
                # What the bytes are copied to, not this file.
                raise
            raise unreadable(found.path, error) from error
        _compare(found, os.fstat(descriptor))


def still_there(found: Found) -> None:
    """Check that a file is still as it was found.

    Raises:
        UsageError: it changed or vanished.
    """
    try:
        _compare(found, found.source.lstat())
    except OSError as error:
        raise changed(found.path) from error


def _compare(found: Found, status: os.stat_result) -> None:
    now = signature_of(status)
    # A file that was linked meanwhile has lost its last mark only.
    before = found.signature if now.ctime_ns else found.signature._replace(ctime_ns=0)
    if now != before:
        raise changed(found.path)
