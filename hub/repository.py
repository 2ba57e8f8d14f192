"""The repository's files: a durable directory, or any object store by URL.

A directory goes through ``cache.durable``, because obstore's local store does not fsync; every
other store is durable when its answer is there. Paths come from this package's own functions or
have been checked; nobody else's text reaches a file system.
"""

import errno
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol
from urllib.parse import unquote, urlsplit

from cache import durable
from core.errors import RefusedError, UnavailableError, UsageError

if TYPE_CHECKING:
    from obstore.store import ObjectStore

_PASSING: Final = {errno.EMFILE, errno.ENFILE, errno.EIO, errno.ENOMEM, errno.ESTALE}


class Readable(Protocol):
    """Files by their paths."""

    def read(self, path: str, limit: int) -> bytes | None:
        """Give a whole file, or None when there is none.

        Raises:
            RefusedError: it has more than ``limit`` bytes.
        """


class Repository(Readable, Protocol):
    """A file tree with whole-file writes."""

    def read_range(self, path: str, start: int, length: int) -> bytes | None:
        """Give at most ``length`` bytes from ``start`` on, or None when there is no file."""

    def size(self, path: str) -> int | None:
        """Give a file's length in bytes, or None when there is none."""

    def names(self, folder: str) -> list[str]:
        """Give the names of the files directly in a folder, sorted."""

    def put(self, path: str, data: bytes) -> None:
        """Write a whole file durably; a reader sees the old or the new one."""

    def remove(self, path: str) -> None:
        """Remove a file, if it is there."""


class DirectoryRepository:
    """A repository in a directory."""

    def __init__(self, root: Path) -> None:
        """Use ``root``."""
        self.root = root

    def read(self, path: str, limit: int) -> bytes | None:
        """Give a whole file; see ``Repository``."""
        data = self.read_range(path, 0, limit + 1)
        return None if data is None else _bounded(path, data, limit)

    def read_range(self, path: str, start: int, length: int) -> bytes | None:
        """Give a part of a file; see ``Repository``."""
        try:
            # A pipe that somebody put there must not make the sequencer wait for ever.
            if not stat.S_ISREG((self.root / path).stat().st_mode):
                raise _unreadable(path, "it is not a file")
            with (self.root / path).open("rb") as file:
                file.seek(start)
                return file.read(length)
        except FileNotFoundError:
            return None
        except OSError as error:
            reason = error.strerror or type(error).__name__
            if error.errno in _PASSING:
                raise UnavailableError(
                    "The repository cannot be read now: {reason}.", reason=reason
                ) from error
            raise _unreadable(path, reason) from error

    def size(self, path: str) -> int | None:
        """Give a file's length; see ``Repository``."""
        try:
            return (self.root / path).stat().st_size
        except FileNotFoundError:
            return None

    def names(self, folder: str) -> list[str]:
        """Give a folder's files; see ``Repository``."""
        try:
            return sorted(one.name for one in (self.root / folder).iterdir() if one.is_file())
        except FileNotFoundError:
            return []

    def put(self, path: str, data: bytes) -> None:
        """Write durably; see ``Repository``."""
        file = self.root / path
        durable.make_directory(file.parent)
        durable.write_file(file, data)

    def remove(self, path: str) -> None:
        """Remove durably; see ``Repository``."""
        durable.remove(self.root / path)


class StoreRepository:
    """A repository in an object store."""

    def __init__(self, store: "ObjectStore") -> None:
        """Use ``store``."""
        self.store = store

    def read(self, path: str, limit: int) -> bytes | None:
        """Give a whole file; see ``Repository``."""
        data = self.read_range(path, 0, limit + 1)
        return None if data is None else _bounded(path, data, limit)

    def read_range(self, path: str, start: int, length: int) -> bytes | None:
        """Give a part of a file; see ``Repository``."""
        size = self.size(path)
        if size is None:
            return None
        # Stores refuse a range that is empty or goes beyond the end.
        length = min(length, size - start)
        if length <= 0:
            return b""
        with _in_words():
            return bytes(self.store.get_range(path, start=start, length=length))

    def size(self, path: str) -> int | None:
        """Give a file's length; see ``Repository``."""
        from obstore.exceptions import NotFoundError  # noqa: PLC0415 - as in _in_words

        with _in_words():
            try:
                return self.store.head(path)["size"]
            except (NotFoundError, FileNotFoundError):
                return None

    def names(self, folder: str) -> list[str]:
        """Give a folder's files; see ``Repository``."""
        with _in_words():
            found = self.store.list_with_delimiter(folder)["objects"]
        return sorted(one["path"].rpartition("/")[2] for one in found)

    def put(self, path: str, data: bytes) -> None:
        """Write; see ``Repository``."""
        with _in_words():
            self.store.put(path, data)

    def remove(self, path: str) -> None:
        """Remove; see ``Repository``."""
        from obstore.exceptions import NotFoundError  # noqa: PLC0415 - as in _in_words

        with _in_words():
            try:
                self.store.delete(path)
            except (NotFoundError, FileNotFoundError):
                return


def repository_place(place: str, base: Path) -> str:
    """Give the repository as the packager's ``--repository`` takes it; as ``open_repository``."""
    if place.startswith("file://"):
        return unquote(urlsplit(place).path)
    return place if "://" in place else str(base / place)


def open_repository(place: str, base: Path) -> Repository:
    """Open the repository that ``hub.toml`` names.

    Args:
        place: a directory, or the URL of an object store.
        base: what a relative directory is relative to.

    Raises:
        UsageError: the URL is of no kind that is known.
    """
    place = repository_place(place, base)
    # Also file://, not by obstore, whose local store is not durable.
    if "://" not in place:
        return DirectoryRepository(Path(place))
    from obstore.exceptions import BaseError  # noqa: PLC0415 - as in _in_words
    from obstore.store import from_url  # noqa: PLC0415 - as in _in_words

    try:
        return StoreRepository(from_url(place))
    except (BaseError, ValueError) as error:
        raise UsageError(
            "The repository {place} cannot be opened: {reason}.",
            hint="Write a directory, or a URL such as s3://bucket/prefix.",
            place=place,
            reason=str(error).partition("\n")[0],
        ) from error


def _unreadable(path: str, reason: str) -> RefusedError:
    return RefusedError(
        "The repository's file {path} cannot be read: {reason}.", path=path, reason=reason
    )


def _bounded(path: str, data: bytes, limit: int) -> bytes:
    if len(data) > limit:
        raise RefusedError(
            "{path} is too large, at most {limit} bytes are accepted.", path=path, limit=limit
        )
    return data


@contextmanager
def _in_words() -> Iterator[None]:
    # obstore is loaded only where a store is used: most hubs keep a directory.
    from obstore.exceptions import BaseError  # noqa: PLC0415

    try:
        yield
    except BaseError as error:
        raise UnavailableError(
            "The repository's store does not answer: {reason}.",
            hint="Check the line to the store and the hub's access keys.",
            reason=str(error).partition("\n")[0],
        ) from error
