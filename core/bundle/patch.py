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

from collections.abc import Iterator, Sequence
from io import BytesIO
from itertools import pairwise
from typing import Final, NamedTuple

from core.bundle.varint import count_of, numbers_of, pack, signed, unpack_first, unsigned
from core.errors import RefusedError

# From here on adding all bytes as one number is quicker than one by one.
_MANY: Final = 24
# Bytes added at once: as numbers they take several times their memory.
_AT_ONCE: Final = 256 * 1024
_HEADER: Final = 4
_NUMBERS: Final = 3
_PAIR: Final = 2
_MOST_NUMBERS: Final = 2 * 1024 * 1024
_LEAST_NUMBERS: Final = 64 * 1024


class Patch(NamedTuple):
    """A patch, its streams apart.

    Attributes:
        pieces, runs, differences, fresh: as above.
    """

    pieces: bytes | memoryview
    runs: bytes | memoryview
    differences: bytes | memoryview
    fresh: bytes | memoryview

    def encoded(self, size: int) -> bytes:
        """Lay it out as one text.

        Args:
            size: bytes that it makes.
        """
        covered = size - len(self.fresh)
        return b"".join([pack([*map(len, self[:-1]), covered]), *self])


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


def make_patch(pieces: Sequence[Piece], runs: Sequence[Run], fresh: bytes) -> Patch:
    """Make the streams of a patch.

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
    return Patch(pack(moves), pack(gaps), b"".join(run.differences for run in runs), fresh)


def most_of_patch(size: int) -> int:
    """Give the bytes that a patch may have which makes ``size``.

    What differs and what is fresh are no more than ``size`` together. Numbers are bounded too:
    a patch that is larger than what it makes is of no use to anybody.
    """
    return size + _most_of_numbers(size)


def _most_of_numbers(size: int) -> int:
    return min(size, _MOST_NUMBERS) + _LEAST_NUMBERS


def decode_patch(data: bytes, size: int) -> Patch:
    """Take a patch apart that was laid out as one text.

    Args:
        data: what ``Patch.encoded`` gave.
        size: bytes that it makes.

    Raises:
        RefusedError: it is malformed, or makes another number of bytes.
    """
    view = memoryview(data)
    (*lengths, covered), start = unpack_first(view, _HEADER)
    if start + sum(lengths) > len(view):
        raise _fault()
    streams: list[memoryview] = []
    for length in lengths:
        streams.append(view[start : start + length])
        start += length
    if covered + len(view) - start != size:
        raise _fault()
    pieces, runs, differences = streams
    return Patch(pieces, runs, differences, view[start:])


def apply_patch(patch: Patch, references: bytes, size: int) -> bytes:
    """Make the output of a patch.

    Args:
        patch: its streams.
        references: the bytes that its pieces are of.
        size: bytes of the output; no more are ever made.

    Raises:
        RefusedError: the patch is malformed, or gives another number of bytes.
    """
    pieces, runs, differences, fresh = (memoryview(stream) for stream in patch)
    covered = size - len(fresh)
    if covered < 0 or len(pieces) + len(runs) > _most_of_numbers(size):
        raise _fault()
    if count_of(pieces) % _NUMBERS or count_of(runs) % _PAIR:
        raise _fault()
    text = _covered(pieces, references, covered)
    _change(text, runs, differences)
    return _assembled(pieces, text, fresh)


def _in_threes(pieces: memoryview) -> Iterator[tuple[int, int, int]]:
    """Give what is told of each piece; numbers one by one, of which there may be millions."""
    numbers = numbers_of(pieces)
    return zip(numbers, numbers, numbers, strict=True)


def _covered(pieces: memoryview, references: bytes, size: int) -> bytearray:
    """Put together what the pieces are of."""
    view, text, position = memoryview(references), bytearray(), 0
    for _, move, length in _in_threes(pieces):
        position += signed(move)
        if position < 0 or position + length > len(view) or len(text) + length > size:
            raise _fault()
        text += view[position : position + length]
        position += length
    if len(text) != size:
        raise _fault()
    return text


def _change(text: bytearray, runs: memoryview, differences: memoryview) -> None:
    """Add the differences to where they belong."""
    position = taken = 0
    numbers = numbers_of(runs)
    for alike, length in zip(numbers, numbers, strict=True):
        position += alike
        if position + length > len(text) or taken + length > len(differences):
            raise _fault()
        if length < _MANY:
            for number, more in enumerate(differences[taken : taken + length], position):
                text[number] = text[number] + more & 0xFF
        else:
            _add(text, position, differences[taken : taken + length])
        position += length
        taken += length
    if taken != len(differences):
        raise _fault()


def _add(text: bytearray, position: int, differences: memoryview) -> None:
    for start in range(0, len(differences), _AT_ONCE):
        more = differences[start : start + _AT_ONCE]
        run = slice(position + start, position + start + len(more))
        text[run] = add_bytes(text[run], more)


def add_bytes(one: bytes | bytearray, other: bytes | memoryview) -> bytes:
    """Add two equally long texts byte by byte, modulo 256."""
    length = len(one)
    low = int.from_bytes(b"\x7f" * length)
    left, right = int.from_bytes(one), int.from_bytes(other)
    # The highest bit of each byte is added without carry, so that none reaches the next byte.
    return ((left & low) + (right & low) ^ (left ^ right) & ~low).to_bytes(length)


def _assembled(pieces: memoryview, text: bytearray, fresh: memoryview) -> bytes:
    """Put the pieces and what is fresh in their order."""
    made, view = BytesIO(), memoryview(text)
    used = taken = 0
    for between, _, length in _in_threes(pieces):
        if between > len(fresh) - taken:
            raise _fault()
        made.write(fresh[taken : taken + between])
        made.write(view[used : used + length])
        taken, used = taken + between, used + length
    made.write(fresh[taken:])
    return made.getvalue()


def _fault() -> RefusedError:
    return RefusedError("A block of the bundle is damaged.")
