"""Block codecs, the decoding side: what the node does.

STORED     the bytes themselves (media are compressed already)
ZSTD       one zstd frame, with the references as raw-content prefix; a prefix of fewer than
           8 bytes is not used, as zstd itself has it
PATCH      a byte: the dictionary's bits; then raw LZMA2 of a patch (``core.bundle.patch``)
PARTS      the four streams of a patch, each packed on its own. 12 numbers: for each stream the way
           in which it is packed, the bytes that it takes, and its bytes unpacked; then the
           streams. Ways: 0 as it is; 1 a zstd frame; 2 one with the references as its prefix, as
           in ZSTD; 12 to 24 raw LZMA2, with so many bits of dictionary
EXPANDED   16 more than one of the three before. 4 numbers: bytes of the next two fields, bytes of
           the first one decompressed, bytes of the content
               a zstd frame: the recipe by which the references are inflated
               the recipe by which the content is deflated
           then as the codec without EXPANDED: what the content is, references being inflated
"""

import lzma
from typing import Final

import zstandard

from core.bundle.expansion import MAX_EXPANDED_BYTES, deflate, inflate
from core.bundle.frame import decompress_exactly, dictionary
from core.bundle.index import STORED, ZSTD
from core.bundle.patch import Patch, apply_patch, decode_patch, most_of_patch
from core.bundle.varint import unpack_first
from core.errors import RefusedError

__all__ = [
    "EXPANDED",
    "MIN_PREFIX_BYTES",
    "PARTS",
    "PATCH",
    "STORED",
    "ZSTD",
    "decode_block",
]

PATCH: Final = 2
PARTS: Final = 3
EXPANDED: Final = 16
MIN_PREFIX_BYTES: Final = 8
PLAIN_WAY: Final = 0
ZSTD_WAY: Final = 1
PREFIX_WAY: Final = 2
SMALLEST_DICTIONARY: Final = 12
LARGEST_DICTIONARY: Final = 24
MAX_RECIPE_BYTES: Final = 2 * 1024 * 1024
_WHAT: Final = "A block of the bundle"
_NUMBERS: Final = 4
_STREAMS: Final = 4


def decode_block(
    codec: int, payload: bytes, references: bytes | bytearray, size: int
) -> memoryview:
    """Decode one block whose payload was verified.

    Args:
        codec: STORED, or ZSTD, PATCH or PARTS, EXPANDED or not.
        payload: the block's bytes in the bundle.
        references: concatenation of its references. A ``bytearray`` is given away: it is emptied
            as soon as it is not needed any more, since a node has little memory.
        size: bytes that it must give.

    Raises:
        RefusedError: the codec is unknown, or the payload does not give ``size`` bytes.
    """
    if codec == STORED:
        if len(payload) != size:
            raise RefusedError("A stored block has the wrong length.")
        return memoryview(payload)
    if codec & ~EXPANDED not in {ZSTD, PATCH, PARTS}:
        raise RefusedError(
            "The bundle uses block codec {codec}, which this Packhorse does not know.",
            hint="Update Packhorse on this machine.",
            codec=codec,
        )
    if codec & EXPANDED:
        return _decode_expanded(codec & ~EXPANDED, payload, references, size)
    return _decode(codec, payload, references, size)


def _decode(
    codec: int, payload: bytes | memoryview, references: bytes | bytearray, size: int
) -> memoryview:
    if codec == PATCH:
        bits = payload[0] if payload else 0
        data = _unpacked(bits, memoryview(payload)[1:], most_of_patch(size))
        return _patched(decode_patch(data, size), references, size)
    if codec == PARTS:
        return _patched(_parts(memoryview(payload), references, size), references, size)
    prefix = _prefix(references)
    _give_up(references)
    return memoryview(decompress_exactly(payload, size, _WHAT, prefix))


def _patched(patch: Patch, references: bytes | bytearray, size: int) -> memoryview:
    made = apply_patch(patch, references, size)
    _give_up(references)
    return memoryview(made)


def _give_up(references: bytes | bytearray) -> None:
    if isinstance(references, bytearray):
        references.clear()


def _prefix(references: bytes | bytearray) -> zstandard.ZstdCompressionDict | None:
    return dictionary(references if len(references) >= MIN_PREFIX_BYTES else b"")


def _parts(payload: memoryview, references: bytes | bytearray, size: int) -> Patch:
    """Unpack the streams of a patch that makes ``size`` bytes."""
    numbers, start = unpack_first(payload, 3 * _STREAMS)
    if sum(numbers[2::3]) > most_of_patch(size) or start + sum(numbers[1::3]) != len(payload):
        raise _damaged()
    streams: list[bytes | memoryview] = []
    for way, packed, plain in zip(numbers[::3], numbers[1::3], numbers[2::3], strict=True):
        part = payload[start : start + packed]
        start += packed
        if way == PLAIN_WAY:
            stream: bytes | memoryview = part
        elif way in {ZSTD_WAY, PREFIX_WAY}:
            prefix = _prefix(references) if way == PREFIX_WAY else None
            stream = decompress_exactly(part, plain, _WHAT, prefix)
        else:
            stream = _unpacked(way, part, plain)
        if len(stream) != plain:
            raise _damaged()
        streams.append(stream)
    return Patch(*streams)


def _decode_expanded(
    codec: int, payload: bytes, references: bytes | bytearray, size: int
) -> memoryview:
    view = memoryview(payload)
    (packed, inflating, deflating, content), start = unpack_first(view, _NUMBERS)
    if max(inflating, deflating) > MAX_RECIPE_BYTES or deflating + content > MAX_EXPANDED_BYTES:
        raise _damaged()
    if start + packed > len(view):
        raise _damaged()
    if packed:
        recipe = decompress_exactly(view[start : start + packed], inflating, _WHAT)
        inflated = inflate(references, recipe)
        _give_up(references)
        references = inflated
    made = _decode(codec, view[start + packed :], references, deflating + content)
    if not deflating:
        if content != size:
            raise _damaged()
        return made
    return memoryview(deflate(made[deflating:], made[:deflating], size))


def _unpacked(bits: int, packed: bytes | memoryview, limit: int) -> bytes:
    """Decompress raw LZMA2 of at most ``limit`` bytes."""
    if not SMALLEST_DICTIONARY <= bits <= LARGEST_DICTIONARY:
        raise _damaged()
    way = {"id": lzma.FILTER_LZMA2, "dict_size": 1 << bits}
    stream = lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=[way])
    try:
        plain = stream.decompress(packed, limit + 1)
    except lzma.LZMAError as error:
        raise _damaged() from error
    if not stream.eof or stream.unused_data or len(plain) > limit:
        raise _damaged()
    return plain


def _damaged() -> RefusedError:
    return RefusedError("{what} is damaged.", what=_WHAT)
