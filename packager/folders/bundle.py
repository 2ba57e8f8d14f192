"""A folder's bundle, as ``apply`` reads it: an ordinary file, verified block by block."""

import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

from core.bundle.codecs import EXPANDED
from core.bundle.compact import CompactIndex
from core.bundle.frame import FORMAT, FRAME_BYTES, decode_compact_index, format_of, head_bytes
from core.bundle.same_deflate import has_same_deflate
from core.errors import RefusedError, UsageError
from packager.faults import unreadable

# Never waiting on a pipe that took the file's place.
_FLAGS: Final = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


class Bundle:
    """An open bundle.

    Args:
        file: it, at its beginning.
        path: where it is.

    Attributes:
        name: of its file.
        index: what is in it.
    """

    def __init__(self, file: BinaryIO, path: Path) -> None:
        """Read frame and index."""
        self.name = path.name
        self._file, self._path = file, path
        frame = self._read(0, FRAME_BYTES)
        if format_of(frame) == FORMAT:
            raise _of_a_pack()
        length = head_bytes(frame)
        self.index = _checked(frame + self._read(FRAME_BYTES, length - FRAME_BYTES))
        self._offsets = self.index.offsets(length)

    def payload(self, number: int) -> bytes:
        """Give the payload of a block.

        Raises:
            RefusedError: it is damaged.
            UsageError: it cannot be read.
        """
        block = self.index.blocks[number]
        payload = self._read(self._offsets[number], block.length)
        if hashlib.sha256(payload).digest() != block.digest:
            raise RefusedError(
                "The bundle is damaged or cut off in block {block}.",
                hint="Bring it again. Nothing was written.",
                block=number,
            )
        return payload

    def _read(self, offset: int, length: int) -> bytes:
        try:
            self._file.seek(offset)
            return self._file.read(length)
        except OSError as error:
            raise unreadable(str(self._path), error) from error


@contextmanager
def opened(bundle: Path) -> Iterator[Bundle]:
    """Open a bundle while inside.

    Raises:
        UsageError: it is not there, no ordinary file, or cannot be read.
        RefusedError: it is no folder's bundle, or is damaged.
    """
    try:
        # A device may do something when it is opened.
        _see_ordinary(bundle, bundle.stat().st_mode)
        descriptor = os.open(bundle, _FLAGS)
    except FileNotFoundError as error:
        raise UsageError(
            "{bundle} is not there.",
            hint="Give the file that pack diff has made.",
            bundle=str(bundle),
        ) from error
    except OSError as error:
        raise unreadable(str(bundle), error) from error
    with os.fdopen(descriptor, "rb") as file:
        yield Bundle(file, bundle)


def _see_ordinary(bundle: Path, mode: int) -> None:
    if not stat.S_ISREG(mode):
        raise UsageError(
            "{bundle} is not an ordinary file.",
            hint="Write the bundle to a file first: apply reads it here and there.",
            bundle=str(bundle),
        )


def _checked(head: bytes) -> CompactIndex:
    index = decode_compact_index(head)
    if not index.roots:
        raise _of_a_pack()
    if any(block.codec & EXPANDED for block in index.blocks) and not has_same_deflate():
        raise RefusedError(
            "This bundle needs another zlib than this system has.",
            hint="Apply it on another system, such as Debian. Nothing was written.",
        )
    return index


def _of_a_pack() -> RefusedError:
    return RefusedError(
        "This bundle is a pack's, not a folder's.",
        hint="A node brings it into its cache; apply takes what pack diff has made.",
    )
