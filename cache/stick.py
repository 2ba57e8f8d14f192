"""Reading a stick, or any directory that others may have filled. Nothing on it is trusted.

Rules:
    - Each level is opened from the one above without following links, and only regular files
      are opened, so that nothing on a stick can point out of it, block, never end, or do
      something by being opened.
    - What is not there, or is no regular file, is ``FileNotFoundError``; sizes and counts are
      bounded by whoever reads. Other errors stay ``OSError`` until ``stick_in_words``.
"""

import errno
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import Final

from core.errors import ExhaustedError, PackhorseError, RefusedError, UnavailableError, UsageError
from core.stick import FOLDER

_ABSENT: Final = {errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.EISDIR, errno.ENXIO, errno.EINVAL}
_FULL: Final = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}
_READ_ONLY: Final = {errno.EROFS, errno.EACCES, errno.EPERM}
# Names in one folder that are looked at; a stick filled with junk must not hold anybody up.
MOST_ENTRIES: Final = 100_000
_DEPTH: Final = 6


def mirror_directory(directory: Path) -> Path:
    """Say where on a stick its mirror directory is: its folder ``packhorse``, or itself."""
    inner = directory / FOLDER
    with suppress(OSError):
        if stat.S_ISDIR(inner.lstat().st_mode):
            return inner.absolute()
    return directory.absolute()


class StickDirectory:
    """A stick's mirror directory, to be read. Paths are relative, segments separated by ``/``.

    It is held open from the first use to ``close``: a stick that is pulled out fails from then
    on, rather than to give way to what lies under its mount point.

    Args:
        root: the directory; links on the way to it are the caller's own.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._root = -1

    def close(self) -> None:
        """Let go of the stick."""
        descriptor, self._root = self._root, -1
        _close(descriptor)

    @contextmanager
    def open(self, path: str) -> Iterator[int]:
        """Open a regular file for reading; give its descriptor.

        Raises:
            FileNotFoundError: there is none.
            OSError: the stick fails.
        """
        descriptor = self._open(path)
        try:
            yield descriptor
        finally:
            _close(descriptor)

    def read(self, path: str, limit: int) -> bytes:
        """Read a whole small file.

        Raises:
            FileNotFoundError: there is none.
            RefusedError: it has more than ``limit`` bytes.
            OSError: the stick fails.
        """
        data = b""
        with self.open(path) as descriptor:
            while len(data) <= limit and (chunk := os.read(descriptor, limit + 1 - len(data))):
                data += chunk
        if len(data) > limit:
            raise RefusedError(
                "{path} is too large: more than {limit} bytes.", path=path, limit=limit
            )
        return data

    def find(self, path: str, limit: int) -> bytes | None:
        """Read a whole small file; None when there is none.

        Raises:
            RefusedError: it has more than ``limit`` bytes.
            OSError: the stick fails.
        """
        try:
            return self.read(path, limit)
        except FileNotFoundError:
            return None

    def size(self, path: str) -> int | None:
        """Give a regular file's size in bytes; None when there is none.

        Raises:
            OSError: the stick fails.
        """
        try:
            with self.open(path) as descriptor:
                return os.fstat(descriptor).st_size
        except FileNotFoundError:
            return None

    def names(
        self, folder: str, most: int, wanted: Callable[[str], object] = lambda _: True
    ) -> list[str]:
        """Give the names in a folder that are wanted, sorted, at most ``most``; whatever they are.

        Raises:
            OSError: the stick fails.
        """
        try:
            with (
                self.folder(_parts(folder)) as descriptor,
                os.scandir(descriptor) as entries,
            ):
                found = (one.name for one in islice(entries, MOST_ENTRIES))
                return sorted(islice((one for one in found if wanted(one)), most))
        except FileNotFoundError:
            return []

    def walk(self, folder: str) -> Iterator[str]:
        """Give the path of everything under a folder that is not itself a folder.

        Raises:
            OSError: the stick fails.
        """
        left = [(folder, _DEPTH)]
        while left:
            path, depth = left.pop()
            for name in self.names(path, MOST_ENTRIES):
                inner = f"{path}/{name}"
                if not self.is_folder(inner):
                    yield inner
                elif depth:
                    left.append((inner, depth - 1))

    @contextmanager
    def folder(self, parts: list[str]) -> Iterator[int]:
        """Open a folder; give its descriptor.

        Raises:
            FileNotFoundError: there is none.
            OSError: the stick fails.
        """
        descriptor = self._descend(parts)
        try:
            yield descriptor
        finally:
            _close(descriptor)

    def _open(self, path: str) -> int:
        folders, name = _split(path)
        with self.folder(folders) as folder, _absences(path):
            # Before it is opened: opening some device nodes does something.
            if not stat.S_ISREG(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
                raise _absent(path)
            flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
            descriptor = os.open(name, flags, dir_fd=folder)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            _close(descriptor)
            raise _absent(path)
        return descriptor

    def _descend(self, parts: list[str]) -> int:
        flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
        if self._root < 0:
            try:
                self._root = os.open(self.root, flags)
            except FileNotFoundError as error:
                raise OSError(errno.ENODEV, "it is not there") from error
        descriptor = os.dup(self._root)
        try:
            with _absences("/".join(parts)):
                for part in parts:
                    if not _is_name(part):
                        raise _absent("/".join(parts))
                    inner = os.open(part, flags | os.O_NOFOLLOW, dir_fd=descriptor)
                    _close(descriptor)
                    descriptor = inner
        except OSError:
            _close(descriptor)
            raise
        return descriptor

    def is_folder(self, path: str) -> bool:
        """Say whether there is a folder of this name.

        Raises:
            OSError: the stick fails.
        """
        folders, name = _split(path)
        try:
            with self.folder(folders) as folder, _absences(path):
                mode = os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode
        except FileNotFoundError:
            return False
        return stat.S_ISDIR(mode)


@contextmanager
def stick_in_words(root: Path) -> Iterator[None]:
    """Turn the errors of a stick that was pulled out, is full, read-only or broken into sentences.

    Raises:
        UnavailableError: it was pulled out, or cannot be read.
        ExhaustedError: it is full, or a file is too large for its file system.
        UsageError: it cannot be written.
    """
    try:
        yield
    except OSError as error:
        raise stick_error(error, root) from error


def stick_error(error: OSError, root: Path) -> PackhorseError:
    """Give the sentence for what went wrong with the stick at ``root``."""
    place = str(root)
    if error.errno in _FULL:
        return ExhaustedError(
            "The stick at {place} is full.",
            hint="Free some space on it, or take a larger one, and give the same command again;"
            " it goes on where it stopped.",
            place=place,
        )
    if error.errno == errno.EFBIG:
        return ExhaustedError(
            "The stick at {place} cannot hold so large a file.",
            hint="Format the stick with exFAT, and give the same command again.",
            place=place,
        )
    if error.errno in _READ_ONLY:
        return UsageError(
            "The stick at {place} cannot be written: it is write-protected, or not yours to write.",
            hint="Move the small switch on its side, if it has one; otherwise take another stick.",
            place=place,
        )
    return UnavailableError(
        "The stick at {place} cannot be used: {reason}.",
        hint="Check that it is plugged in, and give the same command again; it goes on where it"
        " stopped. If that fails again, take another stick.",
        place=place,
        reason=error.strerror or type(error).__name__,
    )


def _split(path: str) -> tuple[list[str], str]:
    *folders, name = path.split("/")
    if not _is_name(name):
        raise _absent(path)
    return folders, name


def _is_name(part: str) -> bool:
    return part not in {"", ".", ".."} and not {"\\", "\0"} & set(part)


def _absent(path: str) -> FileNotFoundError:
    return FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)


@contextmanager
def _absences(path: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in _ABSENT:
            raise _absent(path) from error
        raise


def _parts(folder: str) -> list[str]:
    return folder.split("/") if folder else []


def _close(descriptor: int) -> None:
    if descriptor >= 0:
        with suppress(OSError):
            os.close(descriptor)
