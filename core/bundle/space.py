"""The space that a bundle's references are in: old contents and outputs, one behind the other."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate, islice
from typing import NamedTuple

from core.bundle.compact import CompactBlock, Range
from core.bundle.index import MAX_ENTRIES
from core.errors import RefusedError


class Slice(NamedTuple):
    """A part of one of the contents.

    Attributes:
        content: its number.
        offset: where in it.
        length: bytes.
    """

    content: int
    offset: int
    length: int


class Space:
    """Says which parts of which contents a part of the space is.

    Args:
        sizes: bytes of the contents in order: old ones, then outputs.
    """

    def __init__(self, sizes: Sequence[int]) -> None:
        self._starts = list(accumulate(sizes, initial=0))
        # No slice is of what is empty, and a few bytes of a bundle may tell of 200,000 such
        # outputs: nothing walks over them.
        self._filled = [number for number, size in enumerate(sizes) if size]
        self._begins = [self._starts[number] for number in self._filled]

    def slices(self, ranges: Sequence[Range], end: int) -> list[Slice]:
        """Give what ranges are, in order.

        Args:
            ranges: parts of the space.
            end: how much of the space is there.

        Raises:
            RefusedError: one reaches behind ``end``, or they are too many.
        """
        found = (one for part in ranges for one in self._of(part, end))
        # A few bytes of references may be millions of slices, where files are tiny.
        slices = list(islice(found, MAX_ENTRIES))
        if next(found, None) is not None:
            raise RefusedError("The bundle refers to too many files at once.")
        return slices

    def count(self, blocks: Sequence[CompactBlock], first: int) -> int:
        """Give how many slices all blocks refer to, without making one.

        Args:
            blocks: those behind the listing, in order.
            first: the number of the first output; what is before it is there already.

        Raises:
            RefusedError: a block refers to what is not made before it.
        """
        total, end = 0, self._starts[first]
        for block in blocks:
            total += sum(self._count(part, end) for part in block.references)
            end += block.size
        return total

    def start(self, content: int) -> int:
        """Give where a content begins."""
        return self._starts[content]

    def _count(self, one: Range, end: int) -> int:
        stop = _stop(one, end)
        return bisect_left(self._begins, stop) - bisect_right(self._begins, one.start) + 1

    def _of(self, one: Range, end: int) -> Iterator[Slice]:
        at, stop = one.start, _stop(one, end)
        place = bisect_right(self._begins, at) - 1
        while at < stop:
            content = self._filled[place]
            last = min(stop, self._starts[content + 1])
            yield Slice(content, at - self._starts[content], last - at)
            at, place = last, place + 1


def _stop(one: Range, end: int) -> int:
    """Give where a part of the space ends."""
    stop = one.start + one.length
    if stop > end:
        raise RefusedError("The bundle refers to what is not there.")
    return stop
