"""Digests: SHA-256 in 64 lower-case hexadecimal digits, the only name of bytes."""

import hashlib
import re
from typing import Final, NewType

from core.errors import RefusedError

Digest = NewType("Digest", str)

DIGEST_BYTES: Final = 32
_HEX = re.compile(r"[0-9a-f]{64}\Z")


def parse_digest(text: str) -> Digest:
    """Check that ``text`` is a digest.

    Raises:
        RefusedError: it is not 64 lower-case hexadecimal digits.
    """
    if not _HEX.match(text):
        raise RefusedError("{text} is not a SHA-256 digest.", text=repr(text[:80]))
    return Digest(text)


def digest_of(data: bytes | bytearray | memoryview) -> Digest:
    """Give the digest of ``data``."""
    return Digest(hashlib.sha256(data).hexdigest())


def digest_from_bytes(raw: bytes) -> Digest:
    """Give the digest whose 32 raw bytes are ``raw``.

    Raises:
        RefusedError: ``raw`` is not 32 bytes long.
    """
    if len(raw) != DIGEST_BYTES:
        raise RefusedError("A digest has 32 bytes, not {n}.", n=len(raw))
    return Digest(raw.hex())
