"""Where fingerprints of a block are in the old version."""

from collections.abc import Iterable
from typing import Final

import numpy as np

from packager.delta.fingerprints import Hashes, Places

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

    def share(self, found: Hashes) -> float:
        """Give the share of fingerprints that are somewhere in the space."""
        if not len(found) or not len(self._hashes):
            return 0.0
        places = np.minimum(np.searchsorted(self._hashes, found), len(self._hashes) - 1)
        return float(np.count_nonzero(self._hashes[places] == found)) / len(found)

    def granules(self, found: Hashes) -> tuple[Places, Places]:
        """Give pairs: a granule, and the number of a fingerprint of the block that it has."""
        first = np.searchsorted(self._hashes, found, "left")
        last = np.minimum(np.searchsorted(self._hashes, found, "right"), first + _MOST_PLACES)
        counts = last - first
        numbers = np.repeat(np.arange(len(found)), counts)
        begins = np.repeat(np.cumsum(counts) - counts, counts)
        places = self._places[np.repeat(first, counts) + np.arange(len(numbers)) - begins]
        pairs = np.unique(np.stack([places // GRANULE, numbers]), axis=1)
        return pairs[0], pairs[1]
