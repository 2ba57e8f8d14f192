"""Where fingerprints of a block are in the space."""

from collections.abc import Iterable
from typing import Final

import numpy as np

from packager.delta.covering import Shared
from packager.delta.fingerprints import Hashes, Places, thinned

GRANULE: Final = 32 * 1024
"""Parts of the space of which it is told."""
# Of a fingerprint that is everywhere, so many places are looked at.
_MOST_PLACES: Final = 24


class Lookup:
    """Fingerprints of the space, sorted.

    Args:
        samples: fingerprints, and their places in the space.
    """

    def __init__(self, samples: Iterable[tuple[Hashes, Places]]) -> None:
        hashes, places = [np.zeros(0, np.uint64)], [np.zeros(0, np.int64)]
        for found, at in samples:
            hashes.append(found)
            places.append(at)
        unsorted = np.concatenate(hashes)
        hashes.clear()
        order = np.argsort(unsorted, kind="stable")
        self._hashes: Hashes = unsorted[order]
        del unsorted
        self._places: Places = np.concatenate(places)[order]

    def __len__(self) -> int:
        """Count the fingerprints."""
        return len(self._hashes)

    def grown(self, hashes: Hashes, places: Places) -> "Lookup":
        """Give one that has some more."""
        return Lookup([(self._hashes, self._places), (hashes, places)])

    def thinned(self, thinness: int) -> "Lookup":
        """Give one that has a thinner sample."""
        return Lookup([thinned(self._hashes, self._places, thinness)])

    def share(self, found: Hashes) -> float:
        """Give the share of fingerprints that are somewhere in the space."""
        if not len(found) or not len(self._hashes):
            return 0.0
        places = np.minimum(np.searchsorted(self._hashes, found), len(self._hashes) - 1)
        return float(np.count_nonzero(self._hashes[places] == found)) / len(found)

    def shared(self, found: Hashes) -> Shared:
        """Give which granules have which of a block's fingerprints."""
        first = np.searchsorted(self._hashes, found, "left")
        last = np.minimum(np.searchsorted(self._hashes, found, "right"), first + _MOST_PLACES)
        counts = last - first
        numbers = np.repeat(np.arange(len(found)), counts)
        begins = np.repeat(np.cumsum(counts) - counts, counts)
        places = self._places[np.repeat(first, counts) + np.arange(len(numbers)) - begins]
        pairs = np.unique(np.stack([places // GRANULE, numbers]), axis=1)
        return Shared(pairs[0], pairs[1])
