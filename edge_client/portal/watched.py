"""A file of the agent's side, read again when another one has taken its place."""

from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

T = TypeVar("T")
_Mark = tuple[int, int, int]


class Watched(Generic[T]):
    """What a file says now.

    Args:
        path: of the file; its writer gives it another inode at each change.
        read: reads it; where there is none, too.
    """

    def __init__(self, path: Path, read: Callable[[], T]) -> None:
        self._path = path
        self._read = read
        self._mark = self._look()
        self._found = read()

    def get(self) -> T:
        """Give what it says now."""
        mark = self._look()
        if mark != self._mark:
            # Marked before it is read: what changes meanwhile is read the next time.
            self._mark = mark
            self._found = self._read()
        return self._found

    def _look(self) -> _Mark | None:
        try:
            status = self._path.stat()
        except OSError:
            return None
        return status.st_ino, status.st_mtime_ns, status.st_size
