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
from itertools import pairwise
from typing import Final, NamedTuple

from core.bundle.varint import count_of, numbers_of, pack, signed, unpack_first, unsigned
from core.errors import RefusedError

# From here on adding all bytes as one number is quicker than one by one.
_MANY: Final = 24
# Bytes added at once: as numbers they take several times their memory, which is had again and again
# and so must be little, lest it comes from the system each time and goes back to it.
_AT_ONCE: Final = 16 * 1024
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


def apply_patch(patch: Patch, references: bytes | bytearray, size: int) -> bytearray:
    """Make the output of a patch; beside it, hardly any memory is taken.

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
    made = bytearray(size)
    text = memoryview(made)[len(fresh) :]
    _cover(pieces, memoryview(references), text)
    _change(text, runs, differences)
    _spread(pieces, memoryview(made), fresh)
    return made


def _in_threes(pieces: memoryview) -> Iterator[tuple[int, int, int]]:
    """Give what is told of each piece; numbers one by one, of which there may be millions."""
    numbers = numbers_of(pieces)
    return zip(numbers, numbers, numbers, strict=True)


def _cover(pieces: memoryview, references: memoryview, text: memoryview) -> None:
    """Put what the pieces are of one after the other into ``text``, all of which they fill."""
    position = done = 0
    for _, move, length in _in_threes(pieces):
        position += signed(move)
        if position < 0 or position + length > len(references) or done + length > len(text):
            raise _fault()
        text[done : done + length] = references[position : position + length]
        position += length
        done += length
    if done != len(text):
        raise _fault()


def _change(text: memoryview, runs: memoryview, differences: memoryview) -> None:
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


def _add(text: memoryview, position: int, differences: memoryview) -> None:
    for start in range(0, len(differences), _AT_ONCE):
        more = differences[start : start + _AT_ONCE]
        run = slice(position + start, position + start + len(more))
        text[run] = add_bytes(text[run], more)


def add_bytes(one: bytes | memoryview, other: bytes | memoryview) -> bytes:
    """Add two equally long texts byte by byte, modulo 256."""
    length = len(one)
    low = int.from_bytes(b"\x7f" * length)
    left, right = int.from_bytes(one), int.from_bytes(other)
    # The highest bit of each byte is added without carry, so that none reaches the next byte.
    return ((left & low) + (right & low) ^ (left ^ right) & ~low).to_bytes(length)


def _spread(pieces: memoryview, made: memoryview, fresh: memoryview) -> None:
    """Move the pieces from the end of ``made`` to their places, and put what is fresh between.

    What is still to be moved is never overwritten: it lies behind all fresh bytes, of which
    there are no fewer than those that were put so far.
    """
    taken = used = 0
    for between, _, length in _in_threes(pieces):
        if between > len(fresh) - taken:
            raise _fault()
        start = taken + used
        made[start : start + between] = fresh[taken : taken + between]
        taken += between
        start = len(fresh) + used
        made[taken + used : taken + used + length] = made[start : start + length]
        used += length
    made[taken + used :] = fresh[taken:]


def _fault() -> RefusedError:
    return RefusedError("A block of the bundle is damaged.")
