"""The tip: the one small file that a node polls.

zstd over MessagePack of (root version hint, timestamp, snapshot). It adds no trust: what is in
it goes through python-tuf unchanged.
"""

from typing import Annotated, Final

import msgspec
import zstandard

from core.bundle.frame import decompress_exactly
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


def encode_tip(tip: Tip) -> bytes:
    """Encode a tip."""
    compressor = zstandard.ZstdCompressor(level=19, write_checksum=False)
    return compressor.compress(msgspec.msgpack.encode(tip))


def decode_tip(data: bytes) -> Tip:
    """Decode a tip from the line.

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
    plain = decompress_exactly(data, size, "The tip")
    return decode_msgpack(plain, Tip, what="The tip", limit=MAX_TIP_BYTES)
