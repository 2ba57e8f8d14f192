"""The tip: the one small file that a node polls.

zstd over MessagePack of (root version hint, timestamp, snapshot). It adds no trust: what is in
it goes through python-tuf unchanged.

Beside it, ``tips/<version>.zst`` is the same for a node that keeps the snapshot of an older
version: compressed against that snapshot's bytes, it costs a third.
"""

from typing import Annotated, Final

import msgspec
import zstandard

from core.bundle.frame import compress, decompress_exactly, dictionary
from core.codec import decode_msgpack
from core.errors import RefusedError

MAX_TIP_BYTES: Final = 96 * 1024


class Tip(msgspec.Struct, frozen=True, array_like=True):
    """What a tip holds.

    Attributes:
        root: version of the newest root, a hint.
        timestamp: the bytes of ``timestamp.json``.
        snapshot_version: version of the snapshot.
        snapshot: the bytes of ``<version>.snapshot.json``.
    """

    root: Annotated[int, msgspec.Meta(ge=1)]
    timestamp: Annotated[bytes, msgspec.Meta(max_length=4 * 1024)]
    snapshot_version: Annotated[int, msgspec.Meta(ge=1)]
    snapshot: Annotated[bytes, msgspec.Meta(max_length=64 * 1024)]


def encode_tip(tip: Tip, base: bytes = b"") -> bytes:
    """Encode a tip, against the bytes of an older snapshot if there are any."""
    return compress(msgspec.msgpack.encode(tip), base)


def decode_tip(data: bytes, base: bytes = b"") -> Tip:
    """Decode a tip from the line.

    Args:
        data: what came.
        base: the older snapshot that it was encoded against.

    Raises:
        RefusedError: damaged, too large, or claims to be.
    """
    if len(data) > MAX_TIP_BYTES:
        raise RefusedError("The tip is too large.")
    try:
        size = zstandard.frame_content_size(data)
    except zstandard.ZstdError as error:
        raise RefusedError("The tip is damaged.") from error
    if not 0 <= size <= MAX_TIP_BYTES:
        raise RefusedError("The tip is too large.")
    plain = decompress_exactly(data, size, "The tip", dictionary(base))
    return decode_msgpack(plain, Tip, what="The tip", limit=MAX_TIP_BYTES)
