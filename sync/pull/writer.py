"""Writing what arrives: one file at a time, of which a power cut takes only a little."""

from pathlib import Path
from typing import BinaryIO, Final

from cache import durable, durable_many
from cache.disk_errors import in_words
from sync.pull.disk import Disk

# What a power cut takes at most: little of a slow line, and a second's worth of a stick.
LINE_BYTES: Final = 256 * 1024
STICK_BYTES: Final = 64 * 1024 * 1024


class Writer:
    """The one file that is being written; a checkpoint makes it durable now and then.

    Args:
        disk: does what waits for the disk, and less often, as a quick source wants it; None to
            wait at each checkpoint, and to make names durable at once.
    """

    def __init__(self, disk: Disk | None = None) -> None:
        self._file: BinaryIO | None = None
        self._path = Path()
        self._since = 0
        self._disk = disk

    def write(self, path: Path, offset: int, data: bytes | memoryview) -> None:
        """Write bytes of a file; the one before is closed.

        Raises:
            ExhaustedError: the disk is full, broken or read-only.
        """
        file = self._open(path)
        with in_words(path):
            file.seek(offset)
            view = memoryview(data)
            while view:
                view = view[file.write(view) :]
        self._since += len(data)
        if self._disk is None and self._since >= LINE_BYTES:
            durable.checkpoint(file, path)
            self._since = 0
        elif self._disk is not None and self._since >= STICK_BYTES:
            self._disk.start(durable_many.checkpoint_soon(file, path))
            self._since = 0

    def flush(self) -> None:
        """Let others see what was written."""
        if self._file is not None:
            with in_words(self._path):
                self._file.flush()

    def close(self) -> None:
        """Close the file; what was not checkpointed may be lost by a power cut."""
        if self._file is not None:
            file, self._file = self._file, None
            with in_words(self._path):
                file.close()

    def _open(self, path: Path) -> BinaryIO:
        if self._file is not None and path == self._path:
            return self._file
        self.close()
        quick = self._disk is not None
        file = durable_many.open_growing(path) if quick else durable.open_staging(path)
        self._file, self._path = file, path
        if quick:
            self._since = 0
        return file
