"""Writing what arrives: one file at a time, of which a power cut takes at most 256 KiB."""

from pathlib import Path
from typing import BinaryIO, Final

from cache import durable
from cache.disk_errors import in_words

_CHECKPOINT_BYTES: Final = 256 * 1024


class Writer:
    """The one file that is being written; a checkpoint makes it durable now and then."""

    def __init__(self) -> None:
        self._file: BinaryIO | None = None
        self._path = Path()
        self._since = 0

    def write(self, path: Path, offset: int, data: bytes | memoryview) -> None:
        """Write bytes of a file; the one before is closed.

        Raises:
            ExhaustedError: the disk is full, broken or read-only.
        """
        if self._file is None or path != self._path:
            self.close()
            self._file, self._path = durable.open_staging(path), path
        with in_words(path):
            self._file.seek(offset)
            self._file.write(data)
        self._since += len(data)
        if self._since >= _CHECKPOINT_BYTES:
            durable.checkpoint(self._file, path)
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
