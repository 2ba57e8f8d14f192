"""Durable operations on many files at once, as quick as the disk allows.

As ``cache.durable`` does it, but all files are synced together, so that the disk writes them in
one go: where it would pause at each, a card or a disk spends most of its time in pauses. A power
cut leaves some of the names and not others, and each as if it had been given alone.
"""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Final

from cache import durable, failpoints
from cache.disk_errors import in_words

# Waiting for the disk takes no processor, and the file system joins what waits together.
_THREADS: Final = 8


def open_growing(path: Path) -> BinaryIO:
    """Open a file that is to grow, for writing without a buffer; its name is not durable yet.

    Raises:
        ExhaustedError: the disk is full, broken or read-only.
        UsageError: this user may not write there.
    """
    with in_words(path):
        failpoints.reached("create", path)
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0)
        descriptor = os.open(path, flags, 0o644)
    return open(descriptor, "r+b", buffering=0)


def checkpoint_soon(file: BinaryIO, path: Path) -> Callable[[], None]:
    """Give what makes survive a power cut what was written to an open file so far.

    It may be called by another thread, also when the file has been closed meanwhile; it raises
    ``ExhaustedError`` when the disk is full or broken. It must be called, once.
    """
    descriptor = os.dup(file.fileno())

    def work() -> None:
        try:
            with in_words(path):
                failpoints.reached("fdatasync", path)
                getattr(os, "fdatasync", os.fsync)(descriptor)
        finally:
            os.close(descriptor)

    return work


def make_directories(parent: Path, names: Sequence[str]) -> None:
    """Make directories in one; those that are there already become durable too.

    Raises:
        ExhaustedError: the disk is full, broken or read-only.
        UsageError: this user may not write there.
    """
    if not names:
        return
    durable.make_directory(parent)
    for name in names:
        with in_words(parent / name):
            failpoints.reached("mkdir", parent / name)
            with suppress(FileExistsError):
                os.mkdir(parent / name)
    durable.sync_directory(parent)


def replace_all(pairs: Sequence[tuple[Path, Path]]) -> None:
    """Give finished files their names, durably: (the file, its name), in this order.

    Raises:
        ExhaustedError: the disk is full, broken or read-only.
        UsageError: this user may not write there.
    """
    _together(durable.sync_file, [staging for staging, _ in pairs])
    folders: dict[Path, None] = {}
    for staging, path in pairs:
        with in_words(path):
            failpoints.reached("rename", path)
            os.replace(staging, path)
        folders[path.parent] = None
        folders[staging.parent] = None
    _together(durable.sync_directory, list(folders))


def _together(work: Callable[[Path], None], paths: list[Path]) -> None:
    # A failpoint kills or fails in an order that can be repeated, so not with threads.
    if len(paths) < 2 or failpoints.hook is not None:  # noqa: PLR2004 - one needs no company
        for path in paths:
            work(path)
        return
    with ThreadPoolExecutor(min(_THREADS, len(paths))) as threads:
        for _ in threads.map(work, paths):
            pass
