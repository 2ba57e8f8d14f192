"""Block codecs, the decoding side: what the node does.

STORED     the bytes themselves (media are compressed already)
ZSTD       one zstd frame, with the references as raw-content prefix; a prefix of fewer than
           8 bytes is not used, as zstd itself has it
PATCH      a byte: the dictionary's bits; then raw LZMA2 of a patch (``core.bundle.patch``)
EXPANDED   16 more than one of the two before. 4 numbers: bytes of the next two fields, bytes of
           the first one decompressed, bytes of the content
               a zstd frame: the recipe by which the references are inflated
               the recipe by which the content is deflated
           then as the codec without EXPANDED: what the content is, references being inflated
"""

import lzma
from typing import Final

import zstandard

from core.bundle.expansion import MAX_EXPANDED_BYTES, deflate, inflate
from core.bundle.frame import decompress_exactly
from core.bundle.index import STORED
from core.bundle.patch import apply_patch, most_of_patch
from core.bundle.varint import unpack_first
from core.errors import RefusedError

__all__ = [
    "EXPANDED",
    "MIN_PREFIX_BYTES",
    "PATCH",
    "STORED",
    "ZSTD",
    "decode_block",
]

ZSTD: Final = 1
PATCH: Final = 2
EXPANDED: Final = 16
MIN_PREFIX_BYTES: Final = 8
SMALLEST_DICTIONARY: Final = 12
LARGEST_DICTIONARY: Final = 24
MAX_RECIPE_BYTES: Final = 2 * 1024 * 1024
_WHAT: Final = "A block of the bundle"
_NUMBERS: Final = 4


def decode_block(codec: int, payload: bytes, references: bytes, size: int) -> bytes:
    """Decode one block whose payload was verified.

    Args:
        codec: STORED, or ZSTD or PATCH, EXPANDED or not.
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
    if codec & ~EXPANDED not in {ZSTD, PATCH}:
        raise RefusedError(
            "The bundle uses block codec {codec}, which this Packhorse does not know.",
            hint="Update Packhorse on this machine.",
            codec=codec,
        )
    if codec & EXPANDED:
        return _decode_expanded(codec & ~EXPANDED, payload, references, size)
    return _decode(codec, payload, references, size)


def _decode(codec: int, payload: bytes | memoryview, references: bytes, size: int) -> bytes:
    if codec == PATCH:
        return apply_patch(_unpacked(payload, most_of_patch(size)), references, size)
    prefix = None
    if len(references) >= MIN_PREFIX_BYTES:
        prefix = zstandard.ZstdCompressionDict(references, dict_type=zstandard.DICT_TYPE_RAWCONTENT)
    return decompress_exactly(payload, size, _WHAT, prefix)


def _decode_expanded(codec: int, payload: bytes, references: bytes, size: int) -> bytes:
    view = memoryview(payload)
    (packed, inflating, deflating, content), start = unpack_first(view, _NUMBERS)
    if max(inflating, deflating) > MAX_RECIPE_BYTES or deflating + content > MAX_EXPANDED_BYTES:
        raise _damaged()
    if start + packed > len(view):
        raise _damaged()
    if packed:
        recipe = decompress_exactly(view[start : start + packed], inflating, _WHAT)
        references = inflate(references, recipe)
    made = memoryview(_decode(codec, view[start + packed :], references, deflating + content))
    if not deflating:
        if content != size:
            raise _damaged()
        return bytes(made)
    return deflate(made[deflating:], made[:deflating], size)


def _unpacked(payload: bytes | memoryview, limit: int) -> bytes:
    """Decompress raw LZMA2 of at most ``limit`` bytes."""
    bits = payload[0] if payload else 0
    if not SMALLEST_DICTIONARY <= bits <= LARGEST_DICTIONARY:
        raise _damaged()
    way = {"id": lzma.FILTER_LZMA2, "dict_size": 1 << bits}
    stream = lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=[way])
    try:
        patch = stream.decompress(payload[1:], limit + 1)
    except lzma.LZMAError as error:
        raise _damaged() from error
    if not stream.eof or stream.unused_data or len(patch) > limit:
        raise _damaged()
    return patch


def _damaged() -> RefusedError:
    return RefusedError("{what} is damaged.", what=_WHAT)
