"""Writing to a stick, so that it may be pulled out at any moment, and safely once it is said.

Rules:
    - As ``cache.durable`` does it: a temporary file, fsync, rename, fsync of the folder; what a
      method has returned from is on the stick. But relative to a folder's descriptor, since a
      link on the stick must not lead the writing elsewhere.
    - Sticks know neither owners nor modes nor links, and not all can sync a folder.
    - Errors of the stick stay ``OSError`` until ``cache.stick.stick_in_words``.
"""

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

from cache import failpoints
from cache.durable import TEMPORARY_PREFIX
from cache.stick import MOST_ENTRIES, StickDirectory
from core.errors import RefusedError

_PART: Final = ".part"
_FLAGS: Final = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
_UNABLE: Final = {errno.EINVAL, errno.ENOTSUP, errno.ENOSYS}


class StickWriter(StickDirectory):
    """A stick's mirror directory, to be read and written."""

    def write(self, path: str, data: bytes) -> bool:
        """Write a whole small file; say whether it was not there with these bytes already.

        Raises:
            RefusedError: something that is no folder is in the way.
            OSError: the stick fails.
        """
        with suppress(RefusedError):
            if self.find(path, len(data)) == data:
                return False
        folders, _, name = path.rpartition("/")
        with self._making(folders) as folder:
            temporary = TEMPORARY_PREFIX + secrets.token_hex(8)
            try:
                with self._create(folder, temporary, os.O_EXCL) as descriptor:
                    failpoints.reached("write", self.root / path)
                    _write_all(descriptor, data)
                    self._sync(descriptor, path)
                self._rename(folder, temporary, name)
            finally:
                with suppress(OSError):
                    os.unlink(temporary, dir_fd=folder)
        return True

    def make_folder(self, path: str) -> None:
        """Make a folder where it is missing.

        Raises:
            RefusedError: something that is no folder is in the way.
            OSError: the stick fails.
        """
        with self._making(path):
            return

    def part(self, path: str) -> str:
        """Say where a large file grows before it has its name."""
        return path + _PART

    @contextmanager
    def growing(self, path: str, keep: int) -> Iterator["Growing"]:
        """Open a large file that grows beside its place, its first ``keep`` bytes kept.

        ``Growing.finish`` gives it its name; until then the next try goes on from what is there.

        Raises:
            RefusedError: something that is no folder is in the way.
            OSError: the stick fails.
        """
        folders, _, name = path.rpartition("/")
        with self._making(folders) as folder, self._create(folder, name + _PART, 0) as descriptor:
            os.ftruncate(descriptor, keep)
            os.lseek(descriptor, keep, os.SEEK_SET)
            yield Growing(self, folder, descriptor, path)

    def remove(self, path: str) -> None:
        """Remove a file, link or other thing that is not a folder, if it is there.

        Raises:
            OSError: the stick fails.
        """
        folders, _, name = path.rpartition("/")
        try:
            with self.folder(folders.split("/") if folders else []) as folder:
                failpoints.reached("unlink", self.root / path)
                os.unlink(name, dir_fd=folder)
                self._sync_folder(folder, folders)
        except (FileNotFoundError, NotADirectoryError):
            return

    def sweep(self, folder: str) -> None:
        """Remove what killed writers left in a folder; the caller alone writes there.

        Raises:
            OSError: the stick fails.
        """
        for name in self.names(folder, MOST_ENTRIES, lambda one: one.startswith(TEMPORARY_PREFIX)):
            self.remove(f"{folder}/{name}" if folder else name)

    @contextmanager
    def _making(self, folders: str) -> Iterator[int]:
        """Open a folder, made where it is missing; give its descriptor."""
        made: list[str] = []
        for part in folders.split("/") if folders else []:
            with self.folder(made) as folder:
                try:
                    failpoints.reached("mkdir", self.root / part)
                    os.mkdir(part, dir_fd=folder)
                    self._sync_folder(folder, "/".join(made))
                except FileExistsError:
                    pass
            made.append(part)
            if not self.is_folder("/".join(made)):
                raise RefusedError(
                    "{path} on the stick is not a folder.",
                    hint="Remove it from the stick, and give the same command again.",
                    path="/".join(made),
                )
        with self.folder(made) as folder:
            yield folder

    @contextmanager
    def _create(self, folder: int, name: str, flags: int) -> Iterator[int]:
        failpoints.reached("create", self.root / name)
        descriptor = os.open(name, os.O_RDWR | os.O_CREAT | _FLAGS | flags, 0o644, dir_fd=folder)
        try:
            yield descriptor
        finally:
            os.close(descriptor)

    def _sync(self, descriptor: int, path: str) -> None:
        failpoints.reached("fsync", self.root / path)
        os.fsync(descriptor)

    def _sync_folder(self, folder: int, path: str) -> None:
        failpoints.reached("fsync_directory", self.root / path)
        try:
            os.fsync(folder)
        except OSError as error:
            if error.errno not in _UNABLE:
                raise

    def _rename(self, folder: int, temporary: str, name: str) -> None:
        failpoints.reached("rename", self.root / name)
        os.replace(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
        self._sync_folder(folder, name)


class Growing:
    """A large file that is being written; made by ``StickWriter.growing``."""

    def __init__(self, stick: StickWriter, folder: int, descriptor: int, path: str) -> None:
        self._stick = stick
        self._folder = folder
        self._descriptor = descriptor
        self._path = path

    def write(self, data: bytes | memoryview) -> None:
        """Add bytes.

        Raises:
            OSError: the stick fails.
        """
        failpoints.reached("write", self._stick.root / self._path)
        _write_all(self._descriptor, data)

    def checkpoint(self) -> None:
        """Bring what was written so far onto the stick.

        Raises:
            OSError: the stick fails.
        """
        self._stick._sync(self._descriptor, self._path)  # noqa: SLF001 - one class in two parts

    def finish(self) -> None:
        """Bring everything onto the stick, and give the file its name.

        Raises:
            OSError: the stick fails.
        """
        self.checkpoint()
        name = self._path.rpartition("/")[2]
        self._stick._rename(self._folder, name + _PART, name)  # noqa: SLF001 - as above


def _write_all(descriptor: int, data: bytes | memoryview) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
