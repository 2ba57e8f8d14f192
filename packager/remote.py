"""The repository from the publisher's side: a directory or any object store, through obstore.

Rules:
    - Immutable files are written once. What is there with the same size is left alone: it has
      the name of its digest. With another size it is damaged, and a person must look at it.
    - In a directory, a file is durable before anything names it; stores see to that themselves.
    - Only ``incoming/`` is ever written twice, and only by whoever publishes.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import obstore
from obstore.exceptions import (
    AlreadyExistsError,
    BaseError,
    PermissionDeniedError,
    UnauthenticatedError,
)
from obstore.store import LocalStore, ObjectStore, from_url

from cache import durable
from core.errors import RefusedError, UnavailableError, UsageError
from core.trust.roles import TIMESTAMP_PATH
from packager.places import place_of
from packager.reading import CHUNK

# Larger files go up in parts, which bounds the memory they take.
_ONE_PART: Final = 8 * CHUNK
_PART: Final = 8 * CHUNK

Progress = Callable[[int], None]


class Remote:
    """A repository that can be published to."""

    def __init__(self, name: str, store: ObjectStore, directory: Path | None = None) -> None:
        """Use ``open_remote``."""
        self.name = name
        self._store = store
        self._directory = directory

    def read(self, path: str, limit: int) -> bytes | None:
        """Read a small file whole; None when it is not there.

        Raises:
            RefusedError: it is larger than ``limit`` bytes.
            UnavailableError: the repository is out of reach.
        """
        with self._in_words(path):
            try:
                result = obstore.get(self._store, path)
                if result.meta["size"] > limit:
                    raise RefusedError(
                        "{path} in the repository is too large: {size} bytes.",
                        path=path,
                        size=result.meta["size"],
                    )
                return bytes(result.bytes())
            except FileNotFoundError:
                return None

    def read_range(self, path: str, start: int, length: int) -> bytes | None:
        """Read a part of a file; None when it is not there. May give fewer bytes.

        Raises:
            UnavailableError: the repository is out of reach.
        """
        with self._in_words(path):
            try:
                return bytes(obstore.get_range(self._store, path, start=start, length=length))
            except FileNotFoundError:
                return None

    def put_named(self, path: str, data: bytes) -> bool:
        """Write a small file that is named by its digest; gives whether it was written.

        Raises:
            RefusedError: it is there with other content.
            UnavailableError: the repository is out of reach.
        """
        if self.put_new(path, data):
            return True
        if self.read(path, CHUNK) != data:
            raise RefusedError(
                "{path} in the repository is damaged.",
                hint="Remove that file from the repository, then publish again.",
                path=path,
            )
        return False

    def put_new(self, path: str, data: bytes) -> bool:
        """Write a small file that must not be there; gives whether it was written.

        Raises:
            UnavailableError: the repository is out of reach.
        """
        with self._in_words(path):
            try:
                obstore.put(self._store, path, data, mode="create")
                is_new = True
            except AlreadyExistsError:
                is_new = False
        self._settle(path)
        return is_new

    def upload(self, path: str, source: Path, progress: Progress) -> int:
        """Bring an immutable file up, if it is not there; gives the bytes that were sent.

        Raises:
            RefusedError: it is there with another size.
            UnavailableError: the repository is out of reach.
        """
        size = source.stat().st_size
        if self._is_there(path, size):
            # Whoever brought it may have been interrupted before it was durable.
            self._settle(path)
            progress(size)
            return 0
        with self._in_words(path):
            if size <= _ONE_PART:
                try:
                    obstore.put(self._store, path, source.read_bytes(), mode="create")
                except AlreadyExistsError:
                    self._is_there(path, size)
                progress(size)
            else:
                obstore.put(self._store, path, _parts(source, progress), chunk_size=_PART)
        self._settle(path)
        return size

    def remove(self, path: str) -> None:
        """Remove a file of ``incoming/``, if it is there.

        Raises:
            UnavailableError: the repository is out of reach.
        """
        with self._in_words(path):
            try:
                obstore.head(self._store, path)
                obstore.delete(self._store, path)
            except FileNotFoundError:
                pass

    def _is_there(self, path: str, size: int) -> bool:
        with self._in_words(path):
            try:
                found = obstore.head(self._store, path)["size"]
            except FileNotFoundError:
                return False
        if found != size:
            raise RefusedError(
                "{path} in the repository has {found} bytes instead of {size}: it is damaged.",
                hint="Remove that file from the repository, then publish again.",
                path=path,
                found=found,
                size=size,
            )
        return True

    def _settle(self, path: str) -> None:
        """Make a file in a directory durable, with the folders that lead to it."""
        if self._directory is None:
            return
        file = self._directory / path
        try:
            durable.sync_file(file)
        except FileNotFoundError:
            # The sequencer has taken it from incoming/ already.
            return
        folder = file.parent
        while folder != self._directory:
            durable.sync_directory(folder)
            folder = folder.parent
        durable.sync_directory(folder)

    @contextmanager
    def _in_words(self, path: str) -> Iterator[None]:
        try:
            yield
        except (PermissionDeniedError, UnauthenticatedError, PermissionError) as error:
            raise UsageError(
                "The repository {name} does not let you write {path}.",
                hint="Check the access key, or run the command as the repository's owner.",
                name=self.name,
                path=path,
            ) from error
        except (BaseError, OSError) as error:
            if isinstance(error, FileNotFoundError):
                raise
            raise UnavailableError(
                "The repository {name} cannot be used: {reason}.",
                hint="Check the address and the line, then run the command again.",
                name=self.name,
                reason=_first_line(error),
            ) from error


def open_remote(text: str) -> Remote:
    """Open a repository by its directory or URL.

    Raises:
        UsageError: there is no repository there, or no such kind of URL.
        UnavailableError: the store is out of reach.
    """
    remote = _open_url(text) if "://" in text else _open_directory(Path(text))
    if remote.read(TIMESTAMP_PATH, CHUNK) is None:
        raise UsageError(
            "{name} is no repository: it has no {path}.",
            hint="Give the directory or URL of a repository that `packhorse hub init` made.",
            name=text,
            path=TIMESTAMP_PATH,
        )
    return remote


def _open_directory(path: Path) -> Remote:
    inside = path / "repository"
    # A hub's own directory is taken for its repository.
    place = inside if (inside / "metadata").is_dir() else path
    if not place.is_dir():
        raise UsageError(
            "There is no repository at {path}.",
            hint="Give the directory or URL of a repository that `packhorse hub init` made.",
            path=str(path),
        )
    # The store sees to long paths itself.
    return Remote(str(place), LocalStore(prefix=place), place_of(place))


def _open_url(url: str) -> Remote:
    if url.startswith(("http://", "https://")):
        raise UsageError(
            "{url} is a web address, which cannot be written to.",
            hint="Give the repository's directory, or its store's URL such as s3://bucket/path.",
            url=url,
        )
    try:
        return Remote(url, from_url(url))
    except (BaseError, ValueError) as error:
        raise UsageError(
            "{url} is no usable repository URL: {reason}.", url=url, reason=_first_line(error)
        ) from error


def _parts(source: Path, progress: Progress) -> Iterator[bytes]:
    with source.open("rb") as file:
        while part := file.read(CHUNK):
            yield part
            progress(len(part))


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0].strip()[:300] if lines else type(error).__name__
