"""What is in a plain folder: its files, and the folders in which there is nothing.

Unlike a pack's folder, it is taken as it is: hidden files too, and names that only this computer
can hold.
"""

import hashlib
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from core.bundle.listing import MAX_ROWS, Row
from core.digest import Digest, digest_of
from core.errors import UsageError
from packager.faults import changed, not_a_folder, printable, unread, unreadable
from packager.reading import CHUNK, Found, Signature, reading, signature_of

Progress = Callable[[int], None]
EMPTY: Final = digest_of(b"")
FOLDER: Final = "folder"
"""The type of the row of a folder in which there is nothing."""
MAX_PATH_BYTES: Final = 4096
MAX_DEPTH: Final = 200
_SHOWN: Final = 200


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder as it was when it was read.

    Attributes:
        place: where it is.
        rows: what is in it, in the order of paths.
        signatures: of its files, by path.
    """

    place: Path
    rows: list[Row]
    signatures: dict[str, Signature]

    def see_unchanged(self) -> None:
        """See that its files are as they were.

        Raises:
            UsageError: one is not.
        """
        for path, was in self.signatures.items():
            try:
                now = signature_of((self.place / path).lstat())
            except OSError as error:
                raise changed(printable(path)) from error
            if now != was:
                raise changed(printable(path))


def size_of(folder: Path) -> int:
    """Give the bytes of a folder's files.

    Raises:
        UsageError: as for ``read_folder``.
    """
    return sum(_status(folder, path).st_size for path, kind in _entries(folder) if not kind)


def read_folder(folder: Path, progress: Progress = lambda _: None) -> Folder:
    """Read a folder; every file is read once.

    Args:
        folder: where it is.
        progress: is told the bytes that were read.

    Raises:
        UsageError: there is something in it that is neither a file nor a folder, cannot be read,
            or has a name that is not Unicode; or there is too much.
    """
    rows: list[Row] = []
    signatures: dict[str, Signature] = {}
    for path, kind in _entries(folder):
        digest, size = EMPTY, 0
        if not kind:
            signatures[path] = signature_of(_status(folder, path))
            digest, size = _digest(Found(path, folder / path, signatures[path]), progress)
        rows.append(Row(path, digest, size, kind))
    return Folder(folder, sorted(rows), signatures)


def root_of(rows: Sequence[Row]) -> bytes:
    """Give the digest that proves a list of rows, 32 bytes."""
    return hashlib.sha256(msgspec.msgpack.encode([tuple(row) for row in rows])).digest()


def _entries(folder: Path) -> Iterator[tuple[str, str]]:
    """Give path and type of what is in a folder."""
    _see_folder(folder)
    waiting = [""]
    count = 0
    while waiting:
        place = waiting.pop()
        try:
            with os.scandir(folder / place) as found:
                entries = sorted(found, key=lambda one: one.name)
        except OSError as error:
            raise unread(printable(place or str(folder)), error) from error
        if not entries and place:
            yield place[:-1], FOLDER
        for one in entries:
            path = place + one.name
            count += 1
            _check(path, count)
            mode = _status(folder, path).st_mode
            if stat.S_ISDIR(mode):
                waiting.append(path + "/")
            elif stat.S_ISREG(mode):
                yield path, ""
            else:
                raise UsageError(
                    "{path} is neither a file nor a folder.",
                    hint="Take it out of the folder: links cannot be carried.",
                    path=printable(path),
                )


def _see_folder(folder: Path) -> None:
    try:
        is_folder = stat.S_ISDIR(folder.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise not_a_folder(str(folder)) from error
    except OSError as error:
        raise unreadable(str(folder), error) from error
    if not is_folder:
        raise not_a_folder(str(folder))


def _status(folder: Path, path: str) -> os.stat_result:
    """Look at what was listed: a folder may be listed of which nothing else may be known."""
    try:
        return (folder / path).lstat()
    except OSError as error:
        raise unread(printable(path), error) from error


def is_too_long(path: str) -> bool:
    """Whether a path is longer, or leads deeper, than any system makes easy to handle."""
    return path.count("/") > MAX_DEPTH or len(path.encode()) > MAX_PATH_BYTES


def _check(path: str, count: int) -> None:
    if count > MAX_ROWS:
        raise UsageError(
            "The folder has more than {limit} files.",
            hint="Divide it into several folders, and carry each of them.",
            limit=MAX_ROWS,
        )
    try:
        path.encode()
    except UnicodeEncodeError as error:
        raise UsageError(
            "The file name {path} is not valid Unicode.",
            hint="Rename the file and try again.",
            path=printable(path),
        ) from error
    if is_too_long(path):
        raise UsageError(
            "{path} is longer than {limit} bytes, or lies more than {depth} folders deep.",
            hint="Rename it, or move it further up.",
            path=f"{printable(path)[:_SHOWN]}…",
            limit=MAX_PATH_BYTES,
            depth=MAX_DEPTH,
        )


def _digest(found: Found, progress: Progress) -> tuple[Digest, int]:
    hasher = hashlib.sha256()
    size = 0
    with reading(found) as file:
        while chunk := file.read(CHUNK):
            hasher.update(chunk)
            size += len(chunk)
            progress(len(chunk))
    return Digest(hasher.hexdigest()), size
