"""Finding where the same bytes are: sampled fingerprints of windows of 32 bytes.

A fingerprint is a gear hash: the sum over the window of a table's numbers, each shifted by how
far back its byte is. Whether a place is sampled is decided by its fingerprint alone, so the same
bytes are sampled wherever they are, and a thinner sample is part of a denser one.

What does not compress shares long runs or nothing, and there is a lot of it: videos. Its *anchors*
are enough, which two bytes decide alone, so that a gigabyte takes a second.
"""

import hashlib
from typing import Final

import numpy as np
from numpy.typing import NDArray

WINDOW: Final = 32
DENSE: Final = 5
"""One place of 2 ** 5 is sampled, where files are small."""
THIN: Final = 8
# An anchor begins with the first, and the second has these upper four bits: one place of 4,096.
_FIRST: Final = 0xA5
_SECOND: Final = 0x50
_UPPER: Final = 0xF0
_CHUNK: Final = 1 << 20
_BITS_FROM: Final = np.uint64(38)
_DOUBLINGS: Final = (1, 2, 4, 8, 16)

Hashes = NDArray[np.uint64]
Places = NDArray[np.int64]


def _table() -> Hashes:
    # An odd number each, of all bits; the same with every library, since fingerprints are kept.
    drawn = b"".join(hashlib.sha256(bytes([byte])).digest()[:8] for byte in range(256))
    return np.frombuffer(drawn, "<u8").astype(np.uint64) | np.uint64(1)


_TABLE: Final = _table()


def fingerprints(data: bytes | memoryview, thinness: int) -> tuple[Hashes, Places]:
    """Give the sampled fingerprints of a text.

    Args:
        data: the text.
        thinness: one place of ``2 ** thinness`` is sampled.

    Returns:
        The fingerprints, and the place of the last byte of each one's window.
    """
    text = np.frombuffer(data, np.uint8)
    mask = np.uint64((1 << thinness) - 1)
    hashes, places = [np.zeros(0, np.uint64)], [np.zeros(0, np.int64)]
    for start in range(0, len(text), _CHUNK):
        low = max(0, start - WINDOW + 1)
        gear = _TABLE[text[low : start + _CHUNK]]
        for step in _DOUBLINGS:
            # Twice as long a window each time; the oldest bytes are shifted out.
            longer = gear.copy()
            longer[step:] += gear[:-step] << np.uint64(step)
            gear = longer
        sampled = np.flatnonzero((gear >> _BITS_FROM) & mask == 0)
        sampled = sampled[sampled >= (start - low if low else WINDOW - 1)]
        hashes.append(gear[sampled])
        places.append(sampled + low)
    return np.concatenate(hashes), np.concatenate(places)


def thinned(hashes: Hashes, places: Places, thinness: int) -> tuple[Hashes, Places]:
    """Give what of some fingerprints a thinner sample has."""
    mask = np.uint64((1 << thinness) - 1)
    kept = (hashes >> _BITS_FROM) & mask == 0
    return hashes[kept], places[kept]


def anchors(data: bytes | memoryview) -> tuple[Hashes, Places]:
    """Give the fingerprints of a text's anchors, and the place of each one's last byte."""
    text = np.frombuffer(data, np.uint8)
    found = [np.zeros(0, np.int64)]
    for start in range(0, len(text), _CHUNK):
        firsts = np.flatnonzero(text[start : start + _CHUNK] == _FIRST) + start
        firsts = firsts[firsts <= len(text) - WINDOW]
        found.append(firsts[text[firsts + 1] & _UPPER == _SECOND])
    places = np.concatenate(found)
    hashes = np.zeros(len(places), np.uint64)
    for step in range(WINDOW):
        hashes = (hashes << np.uint64(1)) + _TABLE[text[places + step]]
    return hashes, places + WINDOW - 1
