"""Choosing what of the old version a block refers to.

Everything old is one long *space* of texts, cut into granules. First come the granules of files
of the same paths, then those that share most fingerprints with the block that no granule chosen
before has, until the budget is spent.
"""

import heapq
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np

from packager.delta.fingerprints import (
    DENSE,
    THIN,
    Hashes,
    Places,
    anchors,
    fingerprints,
    thinned,
)
from packager.delta.lookup import GRANULE, Lookup
from packager.delta.texts import Part, Text, place_of

BUDGET: Final = 20 * 1024 * 1024
"""Bytes of references, inflated: what a node of 1 GB can hold beside a block."""
# Fingerprints of files that are not far; where there would be more, they are thinned.
_MOST_SAMPLES: Final = 6 * 1024 * 1024
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


@dataclass(frozen=True, slots=True)
class Samples:
    """Fingerprints of an old text.

    Attributes:
        text: its number.
        hashes: the fingerprints.
        places: where they are in it.
    """

    text: int
    hashes: Hashes
    places: Places


Gather = Callable[[], Iterable[Samples]]


class Space:
    """All old texts, one behind the other.

    Args:
        texts: the texts.
        near: gives the fingerprints of those that are not far.
        far: gives the anchors of the others; is called when a block may share some.
        expected: how many fingerprints of texts that are not far there are, about.
    """

    def __init__(self, texts: Sequence[Text], near: Gather, far: Gather, expected: int) -> None:
        self._texts = texts
        self._starts: list[int] = []
        self._dropped: set[int] = set()
        end = 0
        for text in texts:
            self._starts.append(end)
            end += text.size
        self._end = end
        more = max(1, -(-expected // _MOST_SAMPLES))
        # A bit more of it halves a sample.
        self._thinness = DENSE if more == 1 else DENSE + (more - 1).bit_length()
        self._near = Lookup(
            (hashes, places + self._starts[one.text])
            for one in near()
            for hashes, places in [self._thin(one)]
        )
        self._gather_far = far
        self._far: Lookup | None = None

    def drop(self, numbers: Iterable[int]) -> None:
        """Let nothing refer to some texts any more."""
        self._dropped.update(numbers)

    def shared(self, block: bytes) -> float:
        """Give the share of a block's fingerprints that are somewhere in the space."""
        near = self._near.share(np.unique(fingerprints(block, max(THIN, self._thinness))[0]))
        return near + self._anchors().share(np.unique(anchors(block)[0]))

    def _thin(self, one: Samples) -> tuple[Hashes, Places]:
        if self._thinness == DENSE:
            return one.hashes, one.places
        return thinned(one.hashes, one.places, self._thinness)

    def _anchors(self) -> Lookup:
        if self._far is None:
            self._far = Lookup(
                (one.hashes, one.places + self._starts[one.text]) for one in self._gather_far()
            )
        return self._far

    def references(
        self, block: bytes, likes: Sequence[Like], budget: int = BUDGET, *, may_be_far: bool = True
    ) -> list[tuple[int, Part]]:
        """Choose what a block refers to.

        Args:
            block: its text.
            likes: what of it has an old file of the same path.
            may_be_far: whether it may share something with far files of other paths.
            budget: most bytes of all references.

        Returns:
            Text number and part of each, in the order of the space.
        """
        most = max(1, budget // GRANULE)
        chosen = self._same_paths(likes, most_alike(budget))
        shared, numbers = self._shared(block, may_be_far=may_be_far)
        chosen = _covering(shared, numbers, chosen, most)
        if may_be_far:
            chosen = self._with_edges(chosen, most)
        return self._parts(sorted(chosen), budget)

    def alike(self, like: Like) -> range:
        """Give the granules of the old file of the same path, as far as it is of use."""
        size = self._texts[like.old].size
        if not size or like.old in self._dropped:
            return range(0)
        low, high = 0, size
        is_whole = like.stop - like.start == like.size
        if not is_whole or size > 2 * like.size + _MARGIN:
            low = max(0, like.start * size // like.size - _MARGIN)
            high = min(size, -(-like.stop * size // like.size) + _MARGIN)
        start = self._starts[like.old]
        return range((start + low) // GRANULE, (start + high - 1) // GRANULE + 1)

    def _same_paths(self, likes: Sequence[Like], most: int) -> set[int]:
        chosen: set[int] = set()
        for like in likes:
            for granule in self.alike(like):
                if len(chosen) < most:
                    chosen.add(granule)
        return chosen

    def _shared(self, block: bytes, *, may_be_far: bool) -> tuple[Places, Places]:
        """Give pairs: a granule, and the number of a fingerprint of the block that it has."""
        found = np.unique(fingerprints(block, self._thinness)[0])
        granules, numbers = self._near.granules(found)
        if not may_be_far:
            return granules, numbers
        more, others = self._anchors().granules(np.unique(anchors(block)[0]))
        return np.concatenate([granules, more]), np.concatenate([numbers, others + len(found)])

    def _with_edges(self, chosen: set[int], most: int) -> set[int]:
        """Add what is beside granules: anchors are too few to tell where likeness ends."""
        beside = {granule + side for granule in chosen for side in (-1, 1)} - chosen
        room = most - len(chosen)
        return chosen | set(sorted(one for one in beside if one >= 0)[:room])

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
                if last > first and number not in self._dropped:
                    yield number, first, last
                number += 1


def most_alike(budget: int = BUDGET) -> int:
    """Give how many granules of files of the same paths a block may refer to."""
    return int(max(1, budget // GRANULE) * _SAME_PATH)


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
