"""The files in ``own/``: what teachers added at this school. The portal alone writes there.

Rules:
    - A file has its name only once it is whole and durable; before that it is a temporary one.
    - What has no row in the journal counts nowhere, and is swept when the portal starts; after
      the journal was damaged it is set aside instead, since its rows may be what was lost.
"""

import hashlib
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from cache import durable, failpoints
from cache.disk_errors import in_words
from cache.state import StateDirectory
from core.digest import Digest


class Upload:
    """A file that is being received."""

    def __init__(self, path: Path) -> None:
        self.size = 0
        self._hash = hashlib.sha256()
        self._path = path
        self._temporary = durable.temporary_beside(path)
        self._file: BinaryIO = durable.open_staging(self._temporary)

    def write(self, data: bytes) -> None:
        """Take the next bytes.

        Raises:
            ExhaustedError: the disk is full, broken or read-only.
        """
        self._hash.update(data)
        self.size += len(data)
        with in_words(self._temporary):
            failpoints.reached("write", self._temporary)
            self._file.write(data)

    def finish(self) -> Digest:
        """Make it durable under its name; give its digest.

        Raises:
            ExhaustedError: the disk is full, broken or read-only.
        """
        self._file.close()
        durable.replace(self._temporary, self._path)
        return Digest(self._hash.hexdigest())

    def abandon(self) -> None:
        """Remove what was received, under whichever name it lies.

        Raises:
            ExhaustedError: the disk is broken or read-only.
        """
        with suppress(OSError):
            self._file.close()
        durable.remove(self._temporary)
        durable.remove(self._path)


class OwnStore:
    """The files.

    Args:
        state: the node's state directory.
    """

    def __init__(self, state: StateDirectory) -> None:
        self._directory = state.own
        self._quarantine = state.quarantine

    def path(self, name: str) -> Path:
        """Say where a file lies."""
        return self._directory / name

    def begin(self, name: str) -> Upload:
        """Begin to receive a file.

        Raises:
            ExhaustedError: the disk is full, broken or read-only.
            UsageError: this user may not write there.
        """
        durable.make_directory(self._directory, mode=0o750)
        return Upload(self.path(name))

    def size(self, name: str) -> int | None:
        """Give a file's size, or None when it is not here."""
        try:
            return self.path(name).stat().st_size
        except OSError:
            return None

    def digest(self, name: str) -> Digest | None:
        """Give a file's digest, or None when it cannot be read."""
        try:
            with self.path(name).open("rb") as file:
                return Digest(hashlib.file_digest(file, "sha256").hexdigest())
        except OSError:
            return None

    def remove(self, name: str) -> None:
        """Remove a file, if it is there.

        Raises:
            ExhaustedError: the disk is broken or read-only.
        """
        durable.remove(self.path(name))

    def sweep(self, known: Collection[str], *, set_aside: bool) -> None:
        """Remove what no row names.

        Args:
            known: the names that have rows.
            set_aside: move whole files to the quarantine instead.

        Raises:
            ExhaustedError: the disk is broken or read-only.
        """
        if not self._directory.is_dir():
            return
        durable.sweep(self._directory)
        for path in [one for one in self._directory.iterdir() if one.name not in known]:
            if set_aside:
                durable.make_directory(self._quarantine)
                durable.move(path, self._quarantine / f"own-{path.name}")
            else:
                durable.remove(path)
