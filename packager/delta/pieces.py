"""Where new content resembles old: pieces found by HDiffPatch, and what differs in them.

Only its search is used. What it writes is read for the positions alone, and laid out anew as the
bundle format has it, so that a node needs nothing but the standard library.
"""

from collections.abc import Iterator
from typing import Final

import hdiffpatch
import numpy as np

from core.bundle.patch import Piece, Run
from core.errors import PackhorseError

_MAGIC: Final = b"HDIFF13&\0"
# Numbers of the head behind the magic; the third counts pieces, the fifth is 0: not compressed.
_HEAD: Final = 11
_PIECES, _PACKED = 2, 4
# Bytes alike between two that differ which cost less as differences than as a run of their own.
_NARROW: Final = 2


class UnreadableDiffError(PackhorseError):
    """What the search gave has another layout than the one that is known."""


def find_pieces(new: bytes, old: bytes) -> list[Piece]:
    """Find what of ``new`` resembles something of ``old``.

    Raises:
        UnreadableDiffError: the library writes what this does not know.
    """
    found = hdiffpatch.diff(old, new, None, validate=False, big_cache_match=True)
    return list(_pieces(found))


def _pieces(diff: bytes) -> Iterator[Piece]:
    """Read the positions, as ``patch.c`` of HDiffPatch 4 does."""
    if not diff.startswith(_MAGIC):
        raise UnreadableDiffError("HDiffPatch writes another format than HDIFF13.")
    head, at = [], len(_MAGIC)
    for _ in range(_HEAD):
        number, at = _number(diff, at, 0x80)
        head.append(number)
    if head[_PACKED]:
        raise UnreadableDiffError("HDiffPatch compressed what it was to leave plain.")
    old_end = new_end = 0
    for _ in range(head[_PIECES]):
        is_back = diff[at] & 0x80
        move, at = _number(diff, at, 0x40)
        between, at = _number(diff, at, 0x80)
        length, at = _number(diff, at, 0x80)
        old, new = old_end - move if is_back else old_end + move, new_end + between
        old_end, new_end = old + length, new + length
        if length:
            yield Piece(new, old, length)


def _number(data: bytes, at: int, more: int) -> tuple[int, int]:
    """Read a number, the highest bits first; ``more`` is the first byte's bit for "goes on"."""
    byte = data[at]
    number = byte & more - 1
    if byte & more:
        while True:
            at += 1
            number = number << 7 | data[at] & 0x7F
            if not data[at] & 0x80:
                break
    return number, at + 1


def differences(new: bytes, old: bytes, pieces: list[Piece]) -> tuple[list[Run], bytes]:
    """Give where pieces differ from what they resemble, and what no piece covers."""
    one, other = np.frombuffer(new, np.uint8), np.frombuffer(old, np.uint8)
    runs: list[Run] = []
    fresh: list[bytes] = []
    start = end = 0
    for piece in pieces:
        fresh.append(new[end : piece.new])
        end = piece.new + piece.length
        more = one[piece.new : end] - other[piece.old : piece.old + piece.length]
        runs += (Run(start + at, text) for at, text in _runs(more))
        start += piece.length
    fresh.append(new[end:])
    return runs, b"".join(fresh)


def _runs(more: np.ndarray[tuple[int], np.dtype[np.uint8]]) -> Iterator[tuple[int, bytes]]:
    """Group the bytes that are not 0."""
    places = np.flatnonzero(more)
    if not len(places):
        return
    breaks = np.flatnonzero(np.diff(places) > _NARROW) + 1
    firsts = [0, *breaks.tolist()]
    lasts = [*(breaks - 1).tolist(), len(places) - 1]
    for first, last in zip(firsts, lasts, strict=True):
        start, stop = int(places[first]), int(places[last]) + 1
        yield start, more[start:stop].tobytes()
