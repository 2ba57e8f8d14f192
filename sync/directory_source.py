"""A directory, such as a stick, as a source. What is on it is as untrusted as any network.

Each level is opened from the one above without following links, and only regular files are
read, so that nothing on a stick can point out of it, block, or never end.
"""

import errno
import os
import stat
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from core.errors import RefusedError
from sync.events import Traffic
from sync.source import Document, MissingError, SourceError

_CHUNK: Final = 256 * 1024
_ABSENT: Final = {errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.EISDIR, errno.ENXIO, errno.EINVAL}


class DirectorySource:
    """Reads a repository from a directory.

    Args:
        root: the repository's directory.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    @property
    def name(self) -> str:
        """The directory."""
        return str(self._root)

    def read(self, path: str, limit: int) -> bytes:
        """Read a whole small file.

        Raises:
            SourceError: the stick failed or has no such file.
            RefusedError: the file is larger than ``limit``.
        """
        with self._open(path) as descriptor:
            data = b""
            while len(data) <= limit and (chunk := os.read(descriptor, limit + 1 - len(data))):
                data += chunk
        if len(data) > limit:
            raise RefusedError(
                "{path} is too large: more than {limit} bytes.", path=path, limit=limit
            )
        return data

    def poll(self, path: str, limit: int, validator: str) -> Document | None:
        """Read a small file unless its time and size are those of ``validator``.

        Raises:
            SourceError: the stick failed or has no such file.
            RefusedError: the file is larger than ``limit``.
        """
        with self._open(path) as descriptor:
            status = os.fstat(descriptor)
        found = f"{status.st_ino:x}-{status.st_mtime_ns:x}-{status.st_size:x}"
        return None if found == validator else Document(self.read(path, limit), found)

    def open_range(self, path: str, start: int, stop: int) -> Generator[bytes, None, None]:
        """Give the bytes from ``start`` to before ``stop``.

        Raises:
            SourceError: the stick failed, or the file is missing or too short.
        """
        with self._open(path) as descriptor:
            position = start
            while position < stop:
                chunk = os.pread(descriptor, min(_CHUNK, stop - position), position)
                if not chunk:
                    raise SourceError(
                        "{path} on {name} is cut short.",
                        hint="Copy the repository to the stick again.",
                        fault="cut-short",
                        path=path,
                        name=self.name,
                    )
                position += len(chunk)
                yield chunk

    def traffic(self) -> Traffic:
        """Nothing travels on a line."""
        return Traffic()

    def close(self) -> None:
        """Nothing stays open."""

    @contextmanager
    def _open(self, path: str) -> Iterator[int]:
        descriptor = -1
        try:
            descriptor = self._descend(path)
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise self._missing(path)
            yield descriptor
        except OSError as error:
            if error.errno in _ABSENT:
                raise self._missing(path) from error
            raise SourceError(
                "{name} cannot be read: {reason}.",
                hint="Check that the stick is plugged in; it goes on then.",
                fault="cut",
                name=self.name,
                reason=error.strerror or str(error),
            ) from error
        finally:
            if descriptor >= 0:
                with suppress(OSError):
                    os.close(descriptor)

    def _descend(self, path: str) -> int:
        parts = path.split("/")
        if any(part in {"", ".", ".."} or "\\" in part or "\0" in part for part in parts):
            raise self._missing(path)
        folder = os.open(self._root, os.O_RDONLY | os.O_DIRECTORY)
        for part in parts[:-1]:
            try:
                inner = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=folder)
            finally:
                os.close(folder)
            folder = inner
        try:
            # Non-blocking, or a pipe on the stick would never open.
            flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
            return os.open(parts[-1], flags, dir_fd=folder)
        finally:
            os.close(folder)

    def _missing(self, path: str) -> MissingError:
        return MissingError(
            "{name} has no file {path}.",
            hint="Copy the repository to the stick again.",
            fault="missing",
            name=self.name,
            path=path,
        )
