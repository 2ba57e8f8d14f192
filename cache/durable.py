"""Durable file operations: the only home of temporary names, fsync, rename and file locks.

Rules:
    - What a function here has returned from survives a power cut; before that, the old state
      does. Nothing in between is ever seen, except temporary files, which ``sweep`` removes.
    - A file is fsynced before a name points to it, and the directory after that.
    - Every operation passes a failpoint before it happens (``cache.failpoints``).

Directories cannot be fsynced on Windows, where NTFS journals names itself; that step is left
out there. Files that other programs have open there are waited for (``cache.sharing``).
Non-goals: databases, which sync themselves.
"""

import errno
import os
import secrets
import shutil
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Final

from cache import failpoints, file_locks
from cache.disk_errors import in_words
from cache.sharing import patiently
from core.errors import AlreadyRunningError

TEMPORARY_PREFIX: Final = ".tmp-"
_CHUNK: Final = 1024 * 1024
_NOTE_BYTES: Final = 200
# EINVAL: Windows, where the file system has no links (FAT, exFAT, many shares).
_NO_LINKS: Final = {
    errno.EXDEV, errno.EPERM, errno.EMLINK, errno.ENOTSUP, errno.EACCES, errno.EINVAL,
}  # fmt: skip


def write_file(path: Path, data: bytes, *, mode: int = 0o644) -> None:
    """Write a whole file: afterwards ``path`` has ``data``, before it what it had.

    Raises:
        ExhaustedError: the disk is full, broken or read-only.
        UsageError: this user may not write there.
    """
    temporary = temporary_beside(path)
    with in_words(path), _discarding(temporary):
        failpoints.reached("create", temporary)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY, mode)
        with open(descriptor, "wb") as file:
            _set_mode(temporary, descriptor, mode)
            failpoints.reached("write", temporary)
            file.write(data)
            file.flush()
            _sync(temporary, descriptor)
        _rename(temporary, path)
        sync_directory(path.parent)


def replace(staging: Path, path: Path) -> None:
    """Give the finished file ``staging`` the name ``path``, durably.

    Raises:
        ExhaustedError: the disk is full, broken or read-only.
        UsageError: this user may not write there.
    """
    sync_file(staging)
    move(staging, path)


def move(source: Path, path: Path) -> None:
    """Rename what is durable already, such as a file to be quarantined.

    Raises:
        ExhaustedError: the disk is broken or read-only.
        UsageError: this user may not write there.
    """
    with in_words(path):
        _rename(source, path)
        sync_directory(path.parent)
        if source.parent != path.parent:
            sync_directory(source.parent)


def make_directory(path: Path, *, mode: int = 0o755) -> None:
    """Make a directory and its parents; one that is there already becomes durable too.

    Raises:
        ExhaustedError: the disk is full, broken or read-only.
        UsageError: this user may not write there.
    """
    with in_words(path):
        missing = [path]
        while not missing[-1].parent.is_dir() and missing[-1] != missing[-1].parent:
            missing.append(missing[-1].parent)
        for directory in reversed(missing):
            failpoints.reached("mkdir", directory)
            with suppress(FileExistsError):
                os.mkdir(directory, mode)
            # Also when it was there: whoever made it may have been killed before this.
            sync_directory(directory.parent)
        if not path.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path))


def remove(path: Path) -> None:
    """Remove a file or symbolic link, if it is there.

    Raises:
        ExhaustedError: the disk is broken or read-only.
        UsageError: this user may not write there.
    """
    with in_words(path):
        failpoints.reached("unlink", path)
        with suppress(FileNotFoundError):
            patiently(lambda: os.unlink(path))
            sync_directory(path.parent)


def remove_tree(path: Path) -> None:
    """Remove a directory and all in it, if it is there; it vanishes as a whole.

    Raises:
        ExhaustedError: the disk is broken or read-only.
        UsageError: this user may not write there.
    """
    doomed = temporary_beside(path)
    with in_words(path), suppress(FileNotFoundError):
        _rename(path, doomed)
        sync_directory(path.parent)
        failpoints.reached("rmtree", doomed)
        shutil.rmtree(doomed)


def swap_symlink(link: Path, target: Path) -> None:
    """Point ``link`` to its sibling ``target``, which is made durable first, as a whole.

    Raises:
        ExhaustedError: the disk is full, broken or read-only.
        UsageError: this user may not write there.
    """
    if link.parent != target.parent:
        raise ValueError(target)
    sync_tree(target)
    temporary = temporary_beside(link)
    with in_words(link), _discarding(temporary):
        sync_directory(target.parent)
        failpoints.reached("symlink", temporary)
        os.symlink(target.name, temporary)
        _rename(temporary, link)
        sync_directory(link.parent)


def link_or_copy(source: Path, path: Path) -> None:
    """Give ``path`` the content of ``source``, by hard link where the file system can.

    Raises:
        ExhaustedError: the disk is full, broken or read-only.
        UsageError: this user may not write there.
    """
    temporary = temporary_beside(path)
    with in_words(path), _discarding(temporary):
        failpoints.reached("link", temporary)
        if not _linked(source, temporary):
            _copy(source, temporary)
        sync_file(temporary)
        _rename(temporary, path)
        sync_directory(path.parent)


def open_staging(path: Path) -> BinaryIO:
    """Open a file that is to grow, for reading and writing; its name is durable.

    Raises:
        ExhaustedError: the disk is full, broken or read-only.
        UsageError: this user may not write there.
    """
    with in_words(path):
        failpoints.reached("create", path)
        if path.exists() and not os.access(path, os.W_OK):
            # Whoever had finished it was killed just before it got its name.
            path.chmod(0o644)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | _BINARY, 0o644)
        sync_directory(path.parent)
    return open(descriptor, "r+b")


def checkpoint(file: BinaryIO, path: Path) -> None:
    """Make what was written to an open file so far survive a power cut.

    Raises:
        ExhaustedError: the disk is full, broken or read-only.
    """
    with in_words(path):
        failpoints.reached("write", path)
        file.flush()
        failpoints.reached("fdatasync", path)
        getattr(os, "fdatasync", os.fsync)(file.fileno())


def sync_file(path: Path) -> None:
    """Make a file's content durable; its name is not.

    Raises:
        ExhaustedError: the disk is full or broken.
    """
    with in_words(path):
        # Windows wants the right to write for it, Linux only the right to read. What nobody may
        # write there was not written by us.
        if _BINARY and not os.access(path, os.W_OK):
            return
        descriptor = os.open(path, (os.O_RDWR if _BINARY else os.O_RDONLY) | _BINARY)
        try:
            _sync(path, descriptor)
        finally:
            os.close(descriptor)


def sync_directory(path: Path) -> None:
    """Make the names in a directory durable.

    Raises:
        ExhaustedError: the disk is full or broken.
    """
    if sys.platform != "win32":
        with in_words(path):
            descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
            try:
                failpoints.reached("fsync_directory", path)
                os.fsync(descriptor)
            finally:
                os.close(descriptor)


def sync_tree(path: Path) -> None:
    """Make everything under a directory (or one file) durable, names included.

    Raises:
        ExhaustedError: the disk is full or broken.
    """
    if not path.is_dir():
        sync_file(path)
        return
    for directory, _, names in os.walk(path, topdown=False):
        for name in names:
            inside = Path(directory, name)
            if not inside.is_symlink():
                sync_file(inside)
        sync_directory(Path(directory))


def sweep(directory: Path) -> int:
    """Remove the temporary files that killed processes left in ``directory``.

    The caller holds the lock under which they are made. Returns how many there were.

    Raises:
        ExhaustedError: the disk is broken or read-only.
        UsageError: this user may not write there.
    """
    leftovers = [path for path in directory.iterdir() if is_temporary(path)]
    for path in leftovers:
        with in_words(path):
            failpoints.reached("unlink", path)
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
    return len(leftovers)


def is_temporary(path: Path) -> bool:
    """Say whether a name was made by this module for the time of one operation."""
    return path.name.startswith(TEMPORARY_PREFIX)


def temporary_beside(path: Path) -> Path:
    """Give a name that nothing has, in the directory of ``path``."""
    return path.with_name(TEMPORARY_PREFIX + secrets.token_hex(8))


@contextmanager
def lock(path: Path, what: str, *, wait: bool = False) -> Iterator[None]:
    """Hold a lock that dies with the process; the file stays.

    Args:
        path: the lock's file, made when missing.
        what: what runs, in plain words, for whoever is turned away.
        wait: wait until it is free, for work of a moment.

    Raises:
        AlreadyRunningError: another process holds it; the sentence says what runs.
        ExhaustedError: the disk is full, broken or read-only.
        UsageError: this user may not write there.
    """
    with in_words(path):
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | _BINARY, 0o660)
    with open(descriptor, "r+b", buffering=0) as file:
        if not file_locks.take(file, wait=wait):
            file.seek(0)
            note = file.read(_NOTE_BYTES).decode(errors="replace") or "another process"
            raise AlreadyRunningError(
                "{what} is already running here.",
                hint="Wait until it ends, or stop it first.",
                what=note,
                path=str(path),
            )
        try:
            with in_words(path):
                file.truncate(0)
                file.write(f"{what} (process {os.getpid()})".encode()[:_NOTE_BYTES])
            yield
        finally:
            file_locks.release(file)


# Zero but on Windows, where text mode would change line ends.
_BINARY: Final = getattr(os, "O_BINARY", 0)


def _sync(path: Path, descriptor: int) -> None:
    failpoints.reached("fsync", path)
    os.fsync(descriptor)


def _rename(source: Path, path: Path) -> None:
    failpoints.reached("rename", path)
    patiently(lambda: os.replace(source, path))


def _set_mode(path: Path, descriptor: int, mode: int) -> None:
    # Not by os.open alone, which obeys the umask: the node's two users share a group.
    if hasattr(os, "fchmod"):
        os.fchmod(descriptor, mode)
    else:
        path.chmod(mode & (stat.S_IREAD | stat.S_IWRITE))


def _linked(source: Path, path: Path) -> bool:
    # On Windows a link shares the mark that nobody may write: such a blob could not be removed.
    if _BINARY and not os.access(source, os.W_OK):
        return False
    try:
        os.link(source, path)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        return False
    return True


def _copy(source: Path, path: Path) -> None:
    with source.open("rb") as read, path.open("xb") as write:
        while chunk := read.read(_CHUNK):
            failpoints.reached("write", path)
            write.write(chunk)


@contextmanager
def _discarding(temporary: Path) -> Iterator[None]:
    """Remove a temporary file when the operation that made it fails or did not need it."""
    try:
        yield
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
