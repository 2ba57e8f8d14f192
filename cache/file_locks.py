"""Locks on open files, which die with their process, on every system.

Used by ``cache.durable`` alone.
"""

import errno
import sys
from typing import BinaryIO, Final

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

# Windows locks bytes, not files: one far behind the file's text, so that it stays readable.
_OFFSET: Final = 1 << 30
_BUSY: Final = {errno.EAGAIN, errno.EACCES, errno.EDEADLK}


def take(file: BinaryIO, *, wait: bool) -> bool:
    """Lock an open file; gives whether it was free, which is always so after waiting."""
    while True:
        try:
            _lock(file, wait=wait)
        except OSError as error:
            if error.errno not in _BUSY:
                raise
            # Windows waits ten seconds at most; then it is asked again.
            if not wait:
                return False
        else:
            return True


def release(file: BinaryIO) -> None:
    """Unlock a file before it is closed: Windows may else take a while to notice."""
    if sys.platform == "win32":
        file.seek(_OFFSET)
        msvcrt.locking(file.fileno(), msvcrt.LK_UNLCK, 1)
    else:
        fcntl.flock(file.fileno(), fcntl.LOCK_UN)


def _lock(file: BinaryIO, *, wait: bool) -> None:
    if sys.platform == "win32":
        file.seek(_OFFSET)
        msvcrt.locking(file.fileno(), msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)
        file.seek(0)
    else:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
