"""Where on a stick the mirror directory goes, and whether this hub may write there."""

import os
from contextlib import closing
from pathlib import Path
from typing import Final

from cache.stick import StickDirectory, mirror_directory, stick_in_words
from cache.stick_writer import StickWriter
from core.errors import UsageError
from core.stick import FOLDER
from core.text import human_bytes
from core.trust.roles import MAX_ROOT_BYTES, metadata_path
from hub.layout import HubDirectory

REPOSITORY_FOLDERS: Final = ("metadata", "targets", "bundles")
FIRST_ROOT: Final = metadata_path("root", 1)
# What FAT32 can hold at most, and what the kernel calls it.
FAT_LIMIT: Final = (1 << 32) - 1
_FAT: Final = {"vfat", "msdos"}
_MOUNTS: Final = Path("/proc/self/mountinfo")


def find_place(directory: Path) -> Path:
    """Say where the mirror directory of a stick, or of any directory, is.

    Raises:
        UsageError: there is no such directory.
    """
    if not directory.is_dir():
        raise UsageError(
            "There is no folder {path}.",
            hint="Check that the stick is plugged in, and where it is mounted.",
            path=str(directory),
        )
    return mirror_directory(directory)


def prepare_place(directory: Path, hub: HubDirectory, first_root: bytes) -> Path:
    """Find or make the mirror directory, and see that nobody else's files are there.

    Args:
        directory: a stick's mount point, or any directory.
        hub: the hub that will write.
        first_root: bytes of its root's version 1.

    Raises:
        UsageError: no such directory, another hub's, the hub's own, or one that holds other things.
        ExhaustedError: the stick is full.
        UnavailableError: it cannot be used.
    """
    place = find_place(directory)
    if place == directory.absolute() and directory.is_mount():
        with closing(StickWriter(directory)) as stick, stick_in_words(directory):
            stick.make_folder(FOLDER)
        place = mirror_directory(directory)
    if place.resolve().is_relative_to(hub.root.resolve()):
        raise UsageError(
            "{path} is in the hub's own directory.",
            hint="Name the folder of a stick, or any other folder.",
            path=str(place),
        )
    with closing(StickDirectory(place)) as mirror, stick_in_words(place):
        _check_owner(mirror, first_root)
    return place


def _check_owner(stick: StickDirectory, first_root: bytes) -> None:
    found = stick.find(FIRST_ROOT, MAX_ROOT_BYTES)
    if found == first_root:
        return
    if found is not None:
        raise UsageError(
            "{path} holds the packs of another hub.",
            hint="Take another stick, or remove that folder from this one.",
            path=str(stick.root),
        )
    for folder in REPOSITORY_FOLDERS:
        if stick.names(folder, 1):
            raise UsageError(
                "{path} holds other things in its folder {folder}.",
                hint="Name an empty folder, or the top folder of a stick.",
                path=str(stick.root),
                folder=folder,
            )


def largest_file(place: Path, mounts: Path = _MOUNTS) -> int | None:
    """Give the size of the largest file that fits on the file system of ``place``; None for any."""
    status = os.stat(place)  # noqa: PTH116 - st_dev, follows links as the mount does
    device = f"{os.major(status.st_dev)}:{os.minor(status.st_dev)}"
    try:
        lines = mounts.read_text(errors="replace").splitlines()
    except OSError:
        return None
    for line in lines:
        head, _, tail = line.partition(" - ")
        if head.split()[2:3] == [device] and tail.split()[:1] and tail.split()[0] in _FAT:
            return FAT_LIMIT
    return None


def check_size(path: str, pack: str, length: int, largest: int | None) -> None:
    """Check that a file fits on the stick's file system.

    Raises:
        UsageError: it does not.
    """
    if largest is not None and length > largest:
        raise UsageError(
            "{path} of {pack} has {size}; a stick with FAT32 holds files of up to 4 GiB.",
            hint="Format the stick with exFAT, and give the same command again.",
            path=path,
            pack=pack,
            size=human_bytes(length),
        )
