"""Everything that happens by chance on a line, from one seed.

Each connection and direction has its own stream of chances, so that what befalls it depends on
nothing but the seed, its number and the bytes' positions: neither on how the network happened to
slice the bytes nor on what other connections do.
"""

import math

# The seed is passed in: a run can be repeated, which is what the ban is for.
from random import Random  # noqa: TID251

BLOCK = 16 * 1024
"""Bytes over which `cut_chance` is stated."""


def stream(seed: int, *place: int | str) -> Random:
    """Return the chances of one place, for example connection 3, direction `down`."""
    # Not for secrets: the point is that a run can be repeated.
    return Random("/".join(map(str, (seed, *place))))  # noqa: S311


def gap(chances: Random, probability: float) -> int | None:
    """Draw how many bytes pass unharmed before the next event that has this chance per byte.

    One draw per event instead of one per byte; None means that it never happens.
    """
    if probability <= 0:
        return None
    if probability >= 1:
        return 0
    # 1 - random() lies in (0, 1], so the logarithm exists.
    return int(math.log(1 - chances.random()) / math.log1p(-probability))


def per_byte(chance_per_block: float) -> float:
    """Return the chance per byte that makes up the given chance per 16 KiB."""
    return 1.0 if chance_per_block >= 1 else -math.expm1(math.log1p(-chance_per_block) / BLOCK)


class BitFlipper:
    """Flips bits of one byte stream at positions that do not depend on how it is sliced."""

    def __init__(self, chances: Random, probability: float) -> None:
        """Draw from `chances`, with the given chance per byte."""
        self._chances = chances
        self._probability = probability
        self._next = gap(chances, probability)
        self.flipped = 0

    def pass_through(self, piece: bytes) -> bytes:
        """Return the next piece of the stream with its unlucky bits flipped."""
        if self._next is None:
            return piece
        if self._next >= len(piece):
            self._next -= len(piece)
            return piece
        dirty = bytearray(piece)
        place: int = self._next
        while place < len(dirty):
            dirty[place] ^= 1 << self._chances.randrange(8)
            self.flipped += 1
            place += 1 + (gap(self._chances, self._probability) or 0)
        self._next = place - len(dirty)
        return bytes(dirty)
