"""Whether this machine's DEFLATE encoder is the one that bundles reckon with.

Some systems have another library in zlib's place, which is quicker and gives other bytes. Blocks
that are deflated again would come out wrong there, so bundles with such blocks are not used, and
none are made.
"""

import hashlib
import zlib
from functools import cache
from typing import Final

from core.bundle.expansion import LARGEST_WINDOW

_DIGEST: Final = "c689ae83e75f55690ec831ffa6f0a41b4aefadcafaf6de16ea145a4af1ec1d33"
_SAMPLE_BYTES: Final = 100_000
_WORDS: Final = 400
_PRIME: Final = 16_777_619


@cache
def has_same_deflate() -> bool:
    """Say whether it is; it is tried once, which takes some hundredths of a second."""
    return sample_digest() == _DIGEST


def sample_digest() -> str:
    """Give the digest of what a text becomes by every level, memory level and strategy."""
    text = _sample()
    found = hashlib.sha256()
    for level in range(1, 10):
        for memory, strategy in ((8, 0), (9, 0), (8, 1), (8, 2), (8, 3)):
            encoder = zlib.compressobj(level, zlib.DEFLATED, -LARGEST_WINDOW, memory, strategy)
            found.update(encoder.compress(text) + encoder.flush())
    return found.hexdigest()


def _sample() -> bytes:
    """Make a text with words, runs and noise, the same everywhere."""
    state, text = 1, bytearray()
    words: list[bytes] = []
    while len(text) < _SAMPLE_BYTES:
        state = (state * _PRIME + 12_345) % 2**32
        noise = hashlib.sha256(state.to_bytes(4)).digest()
        if len(words) < _WORDS:
            words.append(noise.hex()[: 2 + state % 9].encode())
        text += words[(state >> 16) % len(words)] + b" "
        if state % 97 == 0:
            text += bytes(state % 300) + noise
    return bytes(text[:_SAMPLE_BYTES])
