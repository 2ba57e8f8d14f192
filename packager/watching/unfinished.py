"""What is still being written, though the folder is quiet.

held         another process has it open for writing, where the system tells
temporary    its name is one that programs give to what they have not finished
cut off      its end is missing: an MP4 file that is still rendered, half of an archive
"""

import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

from core.kinds import extension

HELD, TEMPORARY, CUT_OFF = "held", "temporary", "cut_off"
_TEMPORARY: Final = {"part", "partial", "filepart", "crdownload", "download", "aria2", "tmp"}
_PROCESSES: Final = Path("/proc")
_FOR_WRITING: Final = os.O_WRONLY | os.O_RDWR
_BOX: Final = struct.Struct(">I4s")
_LONG_BOX: Final = struct.Struct(">Q")
_TO_THE_END, _IS_LONG = 0, 1
_MOST_BOXES: Final = 100_000
_ZIP: Final = b"PK\x03\x04"
_ZIP_END: Final = b"PK\x05\x06"
# The end of an archive: its last record, and its comment.
_ZIP_END_BYTES: Final = 22
_ZIP_TAIL: Final = _ZIP_END_BYTES + 65_535


class Unfinished(NamedTuple):
    """A file that is not finished.

    Attributes:
        path: its path in the folder.
        why: ``HELD``, ``TEMPORARY`` or ``CUT_OFF``.
        process: what holds it.
    """

    path: str
    why: str
    process: str = ""


def held(folder: Path, paths: set[str]) -> Unfinished | None:
    """Find a file that another process has open for writing.

    Args:
        folder: where they are.
        paths: theirs.
    """
    if not _PROCESSES.is_dir():
        return None
    root = f"{folder.resolve()}/"
    for process in _PROCESSES.iterdir():
        if not process.name.isdecimal() or int(process.name) == os.getpid():
            continue
        for place in _written(process, root):
            if place in paths:
                return Unfinished(place, HELD, _name_of(process))
    return None


def is_temporary(path: str) -> bool:
    """Whether a name is one for what is not finished."""
    return extension(path) in _TEMPORARY


def is_cut_off(place: Path) -> bool:
    """Whether the end of a file is missing, as far as can be told from its form."""
    try:
        with place.open("rb") as file:
            head = file.read(_BOX.size)
            size = file.seek(0, os.SEEK_END)
            if head.startswith(_ZIP):
                file.seek(max(0, size - _ZIP_TAIL))
                tail = file.read()
                at = tail.rfind(_ZIP_END)
                return at < 0 or len(tail) - at < _ZIP_END_BYTES
            if head[4:] == b"ftyp":
                return _is_half_a_film(file, size)
    except OSError:
        return False
    return False


def _is_half_a_film(file: BinaryIO, size: int) -> bool:
    """Whether the boxes of an MP4 file do not end where it ends, or do not tell what is in it."""
    at, tells = 0, False
    for _ in range(_MOST_BOXES):
        file.seek(at)
        head = file.read(_BOX.size)
        if len(head) < _BOX.size:
            return at < size or not tells
        length, kind = _BOX.unpack(head)
        tells = tells or kind == b"moov"
        if length == _TO_THE_END:
            return not tells
        if length == _IS_LONG:
            (length,) = _LONG_BOX.unpack(file.read(_LONG_BOX.size).ljust(_LONG_BOX.size, b"\0"))
        if length < _BOX.size or at + length > size:
            return True
        at += length
    return False


def _written(process: Path, root: str) -> Iterator[str]:
    """Give what a process has open for writing below a folder."""
    try:
        descriptors = list((process / "fd").iterdir())
    except OSError:
        return
    for one in descriptors:
        try:
            place = os.readlink(one)  # noqa: PTH115 - names of what is no path, too
            if place.startswith(root) and _is_for_writing(process / "fdinfo" / one.name):
                yield place.removeprefix(root)
        except OSError:
            # It was closed meanwhile.
            continue


def _is_for_writing(info: Path) -> bool:
    for line in info.read_text().splitlines():
        name, _, value = line.partition(":")
        if name == "flags":
            return bool(int(value, 8) & _FOR_WRITING)
    return False


def _name_of(process: Path) -> str:
    try:
        return (process / "comm").read_text().strip()
    except OSError:
        return process.name
