"""Block codecs, the decoding side: what the node does.

STORED     the bytes themselves (media are compressed already)
ZSTD       one zstd frame, with the references as raw-content prefix; a prefix of fewer than
           8 bytes is not used, as zstd itself has it
"""

from typing import Final

import zstandard

from core.bundle.frame import decompress_exactly
from core.bundle.index import STORED
from core.errors import RefusedError

__all__ = ["MIN_PREFIX_BYTES", "STORED", "ZSTD", "decode_block"]

ZSTD: Final = 1
MIN_PREFIX_BYTES: Final = 8


def decode_block(codec: int, payload: bytes, references: bytes, size: int) -> bytes:
    """Decode one block whose payload was verified.

    Args:
        codec: STORED or ZSTD.
        payload: the block's bytes in the bundle.
        references: concatenation of its references.
        size: bytes that it must give.

    Raises:
        RefusedError: the codec is unknown, or the payload does not give ``size`` bytes.
    """
    if codec == STORED:
        if len(payload) != size:
            raise RefusedError("A stored block has the wrong length.")
        return payload
    if codec == ZSTD:
        prefix = None
        if len(references) >= MIN_PREFIX_BYTES:
            prefix = zstandard.ZstdCompressionDict(
                references, dict_type=zstandard.DICT_TYPE_RAWCONTENT
            )
        return decompress_exactly(payload, size, "A block of the bundle", prefix)
    raise RefusedError(
        "The bundle uses block codec {codec}, which this Packhorse does not know.",
        hint="Update Packhorse on this machine.",
        codec=codec,
    )
