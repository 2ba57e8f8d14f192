"""Choosing granules of the space that have together as much of a block as they can."""

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from packager.delta.fingerprints import Places

# A granule with fewer fingerprints of its own is not worth the bytes that name it.
_LEAST_OWN: Final = 2


@dataclass(frozen=True, slots=True)
class Shared:
    """What granules share with a block: pairs, each of a granule and a fingerprint that it has.

    Attributes:
        granules: their numbers.
        fingerprints: their numbers among those of the block.
    """

    granules: Places
    fingerprints: Places

    @classmethod
    def joined(cls, parts: Iterable["Shared"]) -> "Shared":
        """Give all pairs of some."""
        found = [*parts]
        return cls(
            np.concatenate([one.granules for one in found]),
            np.concatenate([one.fingerprints for one in found]),
        )

    def only(self, which: NDArray[np.bool_]) -> "Shared":
        """Give some of the pairs."""
        return Shared(self.granules[which], self.fingerprints[which])

    def had(self, chosen: Sequence[int]) -> int:
        """Count the fingerprints that some granules have."""
        return len(np.unique(self.fingerprints[np.isin(self.granules, chosen)]))

    def missed(self, chosen: Sequence[int]) -> int:
        """Count the fingerprints that granules have which would be worth it, were there room."""
        had = self.fingerprints[np.isin(self.granules, chosen)]
        is_fresh = ~np.isin(self.fingerprints, had)
        granules, counts = np.unique(self.granules[is_fresh], return_counts=True)
        is_worth = np.isin(self.granules, granules[counts >= _LEAST_OWN])
        return len(np.unique(self.fingerprints[is_fresh & is_worth]))


def cover(shared: Shared, first: Sequence[int], most: int) -> list[int]:
    """Choose granules greedily, each by the fingerprints that none chosen before has.

    Args:
        shared: what they share with the block.
        first: those that are chosen in any case.
        most: how many there may be.

    Returns:
        Their numbers, in the order in which they were chosen.
    """
    chosen = [*first]
    if not len(shared.granules):
        return chosen
    order = np.argsort(shared.granules, kind="stable")
    numbers = shared.fingerprints[order]
    granules, firsts = np.unique(shared.granules[order], return_index=True)
    bounds = [*firsts.tolist(), len(order)]
    spans = {
        int(granule): slice(start, stop)
        for granule, (start, stop) in zip(granules.tolist(), pairwise(bounds), strict=True)
    }
    is_had = np.zeros(int(numbers.max()) + 1, bool)
    for granule in chosen:
        if granule in spans:
            is_had[numbers[spans.pop(granule)]] = True
    heap = [(span.start - span.stop, granule) for granule, span in spans.items()]
    heapq.heapify(heap)
    while heap and len(chosen) < most:
        _, granule = heapq.heappop(heap)
        mine = numbers[spans[granule]]
        fresh = int(np.count_nonzero(~is_had[mine]))
        if fresh < _LEAST_OWN:
            continue
        if heap and -fresh > heap[0][0]:
            heapq.heappush(heap, (-fresh, granule))
            continue
        chosen.append(granule)
        is_had[mine] = True
    return chosen
