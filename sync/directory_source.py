"""A directory, such as a stick, as a source. What is on it is as untrusted as any network."""

import errno
import os
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from cache.stick import StickDirectory
from sync.events import Traffic
from sync.source import Document, MissingError, SourceError

# So that it is still in the processor's cache when it is hashed, and then written.
_CHUNK: Final = 256 * 1024
_MOST_FAILURES: Final = 3


class DirectorySource:
    """Reads a repository from a directory.

    Args:
        root: the repository's directory.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._stick = StickDirectory(root)
        self._failures = 0

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
        with self._in_words(path):
            return self._stick.read(path, limit)

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
            _will_need(descriptor, start, stop)
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
        """Let go of the directory."""
        self._stick.close()

    @contextmanager
    def _open(self, path: str) -> Iterator[int]:
        with self._in_words(path), self._stick.open(path) as descriptor:
            yield descriptor

    @contextmanager
    def _in_words(self, path: str) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError as error:
            raise self._missing(path) from error
        except OSError as error:
            self._failures += 1
            raise self._failed(path, error) from error
        self._failures = 0

    def _failed(self, path: str, error: OSError) -> SourceError:
        """Say what a failure means: one bad file, or, again and again, that the stick is gone."""
        reason = error.strerror or str(error)
        if error.errno == errno.EIO and self._failures < _MOST_FAILURES:
            return SourceError(
                "{path} on {name} cannot be read: {reason}.",
                hint="The stick may be worn out: copy the repository to another one.",
                fault="unreadable",
                name=self.name,
                path=path,
                reason=reason,
            )
        return SourceError(
            "{name} cannot be read: {reason}.",
            hint="Plug the stick in and give the same command again; it goes on where it stopped.",
            fault="gone",
            name=self.name,
            reason=reason,
        )

    def _missing(self, path: str) -> MissingError:
        return MissingError(
            "{name} has no file {path}.",
            hint="Copy the repository to the stick again.",
            fault="missing",
            name=self.name,
            path=path,
        )


def _will_need(descriptor: int, start: int, stop: int) -> None:
    """Let the system read ahead, so that a stick does not wait while what it gave is hashed."""
    if hasattr(os, "posix_fadvise"):
        os.posix_fadvise(descriptor, start, stop - start, os.POSIX_FADV_SEQUENTIAL)
        os.posix_fadvise(descriptor, start, stop - start, os.POSIX_FADV_WILLNEED)
