"""Choosing what of the old version a block refers to.

Everything old is one long *space* of texts, cut into granules. First come the granules of files
of the same paths, then those that share most fingerprints with the block that no granule chosen
before has, until the budget is spent.
"""

import heapq
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np

from packager.delta.fingerprints import DENSE, THIN, Hashes, Places, fingerprints
from packager.delta.texts import Part, Text, place_of

GRANULE: Final = 32 * 1024
BUDGET: Final = 20 * 1024 * 1024
"""Bytes of references, inflated: what a node of 1 GB can hold beside a block."""
# Of a fingerprint that is everywhere, so many places are looked at.
_MOST_PLACES: Final = 24
# A granule with fewer fingerprints of its own is not worth the bytes that name it.
_LEAST_SHARED: Final = 2
# What same paths may take of the budget, so that some is left for what has moved.
_SAME_PATH: Final = 0.75
_MARGIN: Final = 4 * GRANULE


@dataclass(frozen=True, slots=True)
class Like:
    """Something of a block that has an old file of the same path.

    Attributes:
        old: the old text's number.
        start, stop: what of the new text is in the block.
        size: bytes of all of the new text.
    """

    old: int
    start: int
    stop: int
    size: int


class Space:
    """All old texts, one behind the other.

    Args:
        texts: the texts.
        samples: the fingerprints of each.
    """

    def __init__(self, texts: Sequence[Text], samples: Iterable[tuple[Hashes, Places]]) -> None:
        self._texts = texts
        self._starts: list[int] = []
        end = 0
        hashes, places = [np.zeros(0, np.uint64)], [np.zeros(0, np.int64)]
        for text, (found, at) in zip(texts, samples, strict=True):
            self._starts.append(end)
            hashes.append(found)
            places.append(at + end)
            end += text.size
        self._end = end
        unsorted = np.concatenate(hashes)
        order = np.argsort(unsorted, kind="stable")
        self._hashes: Hashes = unsorted[order]
        self._places: Places = np.concatenate(places)[order]

    def shared(self, block: bytes) -> float:
        """Give the share of a block's fingerprints that are somewhere in the space."""
        found = np.unique(fingerprints(block, THIN)[0])
        if not len(found) or not len(self._hashes):
            return 0.0
        places = np.minimum(np.searchsorted(self._hashes, found), len(self._hashes) - 1)
        return float(np.count_nonzero(self._hashes[places] == found)) / len(found)

    def references(
        self, block: bytes, likes: Sequence[Like], budget: int = BUDGET
    ) -> list[tuple[int, Part]]:
        """Choose what a block refers to.

        Args:
            block: its text.
            likes: what of it has an old file of the same path.
            budget: most bytes of all references.

        Returns:
            Text number and part of each, in the order of the space.
        """
        most = max(1, budget // GRANULE)
        chosen = self._same_paths(likes, int(most * _SAME_PATH))
        shared, numbers = self._shared(block)
        chosen = _covering(shared, numbers, chosen, most)
        return self._parts(sorted(chosen), budget)

    def _same_paths(self, likes: Sequence[Like], most: int) -> set[int]:
        chosen: set[int] = set()
        for like in likes:
            size = self._texts[like.old].size
            if not size:
                continue
            low, high = 0, size
            is_whole = like.stop - like.start == like.size
            if not is_whole or size > 2 * like.size + _MARGIN:
                low = max(0, like.start * size // like.size - _MARGIN)
                high = min(size, -(-like.stop * size // like.size) + _MARGIN)
            start = self._starts[like.old]
            for granule in range((start + low) // GRANULE, (start + high - 1) // GRANULE + 1):
                if len(chosen) < most:
                    chosen.add(granule)
        return chosen

    def _shared(self, block: bytes) -> tuple[Places, Places]:
        """Give pairs: a granule, and the number of a fingerprint of the block that it has."""
        found = np.unique(fingerprints(block, DENSE)[0])
        first = np.searchsorted(self._hashes, found, "left")
        last = np.minimum(np.searchsorted(self._hashes, found, "right"), first + _MOST_PLACES)
        counts = last - first
        numbers = np.repeat(np.arange(len(found)), counts)
        begins = np.repeat(np.cumsum(counts) - counts, counts)
        places = self._places[np.repeat(first, counts) + np.arange(len(numbers)) - begins]
        pairs = np.unique(np.stack([places // GRANULE, numbers]), axis=1)
        return pairs[0], pairs[1]

    def _parts(self, granules: Sequence[int], budget: int) -> list[tuple[int, Part]]:
        """Give the parts of texts that granules are, those that touch being one."""
        parts: list[tuple[int, Part]] = []
        left = budget
        for number, start, stop in self._within(granules):
            begin = start
            if parts and parts[-1][0] == number:
                # A stream that two ranges touch is whole in the first.
                begin = max(begin, parts[-1][1].start + parts[-1][1].size)
            if begin >= stop:
                continue
            part = self._texts[number].part(begin, stop)
            if part.size <= left:
                parts.append((number, part))
                left -= part.size
        return parts

    def _within(self, granules: Sequence[int]) -> Iterator[tuple[int, int, int]]:
        """Give what of which text granules are: its number, and from where to where in it."""
        for start, stop in _ranges(granules, self._end):
            number = place_of(self._starts, start)
            while number < len(self._texts) and self._starts[number] < stop:
                begin = self._starts[number]
                first = max(0, start - begin)
                last = min(self._texts[number].size, stop - begin)
                if last > first:
                    yield number, first, last
                number += 1


def _ranges(granules: Sequence[int], end: int) -> list[tuple[int, int]]:
    """Give the ranges that granules are; the last one may be short."""
    ranges: list[tuple[int, int]] = []
    for granule in granules:
        start, stop = granule * GRANULE, min((granule + 1) * GRANULE, end)
        if ranges and ranges[-1][1] == start:
            ranges[-1] = ranges[-1][0], stop
        elif stop > start:
            ranges.append((start, stop))
    return ranges


def _covering(shared: Places, numbers: Places, chosen: set[int], most: int) -> set[int]:
    """Choose granules greedily, each by the fingerprints that none chosen before has."""
    if not len(shared):
        return chosen
    order = np.argsort(shared, kind="stable")
    shared, numbers = shared[order], numbers[order]
    granules, firsts = np.unique(shared, return_index=True)
    bounds = [*firsts.tolist(), len(shared)]
    spans = {
        int(granule): slice(start, stop)
        for granule, (start, stop) in zip(granules.tolist(), pairwise(bounds), strict=True)
    }
    is_had = np.zeros(int(numbers.max()) + 1, bool)
    chosen = set(chosen)
    for granule in chosen & spans.keys():
        is_had[numbers[spans[granule]]] = True
    heap = [
        (span.start - span.stop, granule)
        for granule, span in spans.items()
        if granule not in chosen
    ]
    heapq.heapify(heap)
    while heap and len(chosen) < most:
        _, granule = heapq.heappop(heap)
        mine = numbers[spans[granule]]
        fresh = int(np.count_nonzero(~is_had[mine]))
        if fresh < _LEAST_SHARED:
            continue
        if heap and -fresh > heap[0][0]:
            heapq.heappush(heap, (-fresh, granule))
            continue
        chosen.add(granule)
        is_had[mine] = True
    return chosen
