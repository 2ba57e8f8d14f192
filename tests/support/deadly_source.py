"""An upstream in whose middle the reader dies."""

from collections.abc import Generator
from pathlib import Path

from sync.directory_source import DirectorySource


class KilledError(BaseException):
    """Stands for the end of the process."""


class DeadlySource(DirectorySource):
    """Kills whoever reads the ``deadline``-th byte of bundles; what came before is counted.

    Args:
        root: the repository.
        deadline: bytes that may be read.
        step: bytes that are given at a time.
    """

    def __init__(self, root: Path, deadline: int, step: int) -> None:
        super().__init__(root)
        self.deadline = deadline
        self.sent = 0
        self._step = step

    def open_range(self, path: str, start: int, stop: int) -> Generator[bytes, None, None]:
        """Give a range in steps until the deadline."""
        for chunk in super().open_range(path, start, stop):
            for at in range(0, len(chunk), self._step):
                piece = chunk[at : at + self._step]
                if self.sent + len(piece) > self.deadline:
                    raise KilledError
                self.sent += len(piece)
                yield piece
