"""The PATCH layout: pieces of the references with what differs in them, and fresh bytes between.

    4 numbers     bytes of each of the first three streams, and of all pieces together
    pieces        3 numbers each: fresh bytes before it; where it begins in the references,
                  counted from the end of the piece before (``varint.signed``); its length
    runs          2 numbers each, over all pieces as one text: bytes that are alike, then bytes
                  that differ; what follows the last run is alike
    differences   for each byte that differs: new minus old, modulo 256
    fresh         the bytes that no piece gives, to the end

Numbers are LEB128 (``core.bundle.varint``). What finds the pieces is not part of the format.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from core.bundle.varint import pack, signed, unpack, unpack_first, unsigned
from core.errors import RefusedError

# From here on adding all bytes as one number is quicker than one by one.
_MANY: Final = 24
_HEADER: Final = 4
_NUMBERS: Final = 3


class Piece(NamedTuple):
    """A part of the output that resembles a part of the references.

    Attributes:
        new: where it begins in the output.
        old: where it begins in the references.
        length: its bytes, 1 or more.
    """

    new: int
    old: int
    length: int


class Run(NamedTuple):
    """Bytes that differ, somewhere in the text that all pieces make.

    Attributes:
        start: where they begin in it.
        differences: new minus old, modulo 256.
    """

    start: int
    differences: bytes


def encode_patch(pieces: Sequence[Piece], runs: Sequence[Run], fresh: bytes) -> bytes:
    """Lay out a patch.

    Args:
        pieces: in order of the output, without overlaps.
        runs: in order, without overlaps, where pieces differ from what they resemble.
        fresh: what is between the pieces and behind them.
    """
    ends = [Piece(0, 0, 0), *pieces]
    moves = [
        number
        for before, one in pairwise(ends)
        for number in (
            one.new - before.new - before.length,
            unsigned(one.old - before.old - before.length),
            one.length,
        )
    ]
    starts = [0, *(run.start + len(run.differences) for run in runs)]
    gaps = [
        number
        for run, end in zip(runs, starts, strict=False)
        for number in (run.start - end, len(run.differences))
    ]
    streams = pack(moves), pack(gaps), b"".join(run.differences for run in runs)
    covered = sum(one.length for one in pieces)
    return b"".join([pack([*map(len, streams), covered]), *streams, fresh])


def apply_patch(patch: bytes, references: bytes, size: int) -> bytes:
    """Make the output of a patch.

    Args:
        patch: what ``encode_patch`` gave.
        references: the bytes that its pieces are of.
        size: bytes of the output; no more are ever made.

    Raises:
        RefusedError: the patch is malformed, or gives another number of bytes.
    """
    view = memoryview(patch)
    (*lengths, covered), start = unpack_first(view, _HEADER)
    if covered > size or start + sum(lengths) > len(view):
        raise _fault()
    streams: list[memoryview] = []
    for length in lengths:
        streams.append(view[start : start + length])
        start += length
    fresh, numbers = view[start:], unpack(streams[0])
    if covered + len(fresh) != size or len(numbers) % _NUMBERS:
        raise _fault()
    text = _covered(numbers, references, covered)
    _change(text, unpack(streams[1]), streams[2])
    return _assembled(numbers, text, fresh)


def _covered(numbers: list[int], references: bytes, size: int) -> bytearray:
    """Put together what the pieces are of."""
    view, text, position = memoryview(references), bytearray(), 0
    for move, length in zip(numbers[1::_NUMBERS], numbers[2::_NUMBERS], strict=True):
        position += signed(move)
        if position < 0 or position + length > len(view) or len(text) + length > size:
            raise _fault()
        text += view[position : position + length]
        position += length
    if len(text) != size:
        raise _fault()
    return text


def _change(text: bytearray, gaps: list[int], differences: memoryview) -> None:
    """Add the differences to where they belong."""
    position = taken = 0
    if len(gaps) % 2 or sum(gaps) > len(text) or sum(gaps[1::2]) != len(differences):
        raise _fault()
    for alike, length in zip(gaps[::2], gaps[1::2], strict=True):
        position += alike
        if length < _MANY:
            for number, more in enumerate(differences[taken : taken + length], position):
                text[number] = text[number] + more & 0xFF
        else:
            run = slice(position, position + length)
            text[run] = add_bytes(text[run], differences[taken : taken + length])
        position += length
        taken += length


def add_bytes(one: bytes | bytearray, other: bytes | memoryview) -> bytes:
    """Add two equally long texts byte by byte, modulo 256."""
    length = len(one)
    low = int.from_bytes(b"\x7f" * length)
    left, right = int.from_bytes(one), int.from_bytes(other)
    # The highest bit of each byte is added without carry, so that none reaches the next byte.
    return ((left & low) + (right & low) ^ (left ^ right) & ~low).to_bytes(length)


def _assembled(numbers: list[int], text: bytearray, fresh: memoryview) -> bytes:
    """Put the pieces and what is fresh in their order."""
    made: list[bytes | memoryview] = []
    view = memoryview(text)
    used = taken = 0
    for between, length in zip(numbers[::_NUMBERS], numbers[2::_NUMBERS], strict=True):
        if between > len(fresh) - taken:
            raise _fault()
        made += (fresh[taken : taken + between], view[used : used + length])
        taken, used = taken + between, used + length
    made.append(fresh[taken:])
    return b"".join(made)


def _fault() -> RefusedError:
    return RefusedError("A block of the bundle is damaged.")
