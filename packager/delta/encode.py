"""Encoding a block with references: by each codec, and the smallest is taken."""

import lzma
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final

from core.bundle.codecs import (
    EXPANDED,
    LARGEST_DICTIONARY,
    PARTS,
    PATCH,
    PLAIN_WAY,
    PREFIX_WAY,
    SMALLEST_DICTIONARY,
    STORED,
    ZSTD,
    decode_block,
)
from core.bundle.encode import MAX_LEVEL, compress_zstd, compressing_memory
from core.bundle.expansion import Stream, deflating_recipe, inflate, inflating_recipe
from core.bundle.patch import Patch, make_patch, most_of_patch
from core.bundle.varint import pack
from core.errors import RefusedError
from packager.delta.pieces import differences, find_pieces
from packager.delta.recipes import leading

Told = Callable[[float], None]
# How LZMA2 may look at what it compresses: bits of the byte before that tell what follows, and
# alignment. Text, of which patches are made mostly, is better off without the latter.
_LOOKS: Final = ((3, 0), (3, 2), (0, 0), (2, 0), (4, 0))
# Longer ones are tried with the first two alone.
_SHORT: Final = 1024 * 1024
# Below, what is fresh is not looked for in the references again.
_WORTH_PREFIX: Final = 256
# How often a block and its references are in memory.
_COPIES: Final = 2


@dataclass(frozen=True, slots=True)
class Expanded:
    """Bytes, and what they are with their streams inflated.

    Attributes:
        data: as they are in files.
        text: with streams inflated.
        streams: where they are.
    """

    data: bytes
    text: bytes
    streams: Sequence[Stream] = ()


@dataclass(frozen=True, slots=True)
class Encoded:
    """What a block came to.

    Attributes:
        codec: by which it is decoded.
        payload: its bytes in the bundle.
        has_references: whether it needs them.
    """

    codec: int
    payload: bytes
    has_references: bool


def encode_with(
    references: Expanded, content: Expanded, level: int, told: Told = lambda _: None
) -> Encoded:
    """Encode a block in whatever way gives fewest bytes.

    Each is decoded again, as a node does: one that does not come out as it was is not taken.

    Args:
        references: what it may refer to.
        content: what it makes.
        level: zstd's.
        told: is told now and then which share is done.
    """
    found = every_way(references, content, level, told)
    found.sort(key=lambda one: (len(one.payload), one.codec))
    return next(one for one in found if _comes_out(one, references, content))


def memory_for(references: Expanded, content: Expanded) -> int:
    """Reckon the bytes that encoding a block takes, those of the block itself included."""
    text = len(references.text) + len(content.text)
    data = len(references.data) + len(content.data)
    return compressing_memory(text) + _COPIES * (text + data)


def every_way(
    references: Expanded, content: Expanded, level: int, told: Told = lambda _: None
) -> list[Encoded]:
    """Encode a block by each codec; otherwise like ``encode_with``."""
    references, content = _within_limits(references), _within_limits(content)
    found = [Encoded(STORED, content.data, has_references=False)]
    ways = 1 + bool(content.streams) + (3 if references.text else 0)
    for one in chain(_alone(content, level), _referring(references, content, level)):
        # Each takes about as long as the others.
        told(len(found) / ways)
        found.append(one)
    return found


def _within_limits(one: Expanded) -> Expanded:
    """Leave streams as they are that a recipe has no room for: those of many files may be many."""
    streams = leading(one.streams)
    if len(streams) == len(one.streams):
        return one
    return Expanded(one.data, bytes(inflate(one.data, inflating_recipe(streams))), streams)


def _comes_out(one: Encoded, references: Expanded, content: Expanded) -> bool:
    try:
        made = decode_block(
            one.codec,
            one.payload,
            references.data if one.has_references else b"",
            len(content.data),
        )
    except RefusedError:
        return False
    return made == content.data


def _alone(content: Expanded, level: int) -> Iterator[Encoded]:
    packed = compress_zstd(content.data, b"", level)
    yield Encoded(ZSTD, packed, has_references=False)
    if content.streams:
        body = deflating_recipe(content.streams) + content.text
        head = _head(b"", b"", len(body) - len(content.text), len(content.text))
        packed = head + compress_zstd(body, b"", level)
        yield Encoded(ZSTD | EXPANDED, packed, has_references=False)


def _referring(references: Expanded, content: Expanded, level: int) -> Iterator[Encoded]:
    if not references.text:
        return
    inflating = inflating_recipe(references.streams) if references.streams else b""
    deflating = deflating_recipe(content.streams) if content.streams else b""
    body = deflating + content.text
    head, flag = b"", 0
    if inflating or deflating:
        packed = _recipe(inflating)
        head, flag = _head(packed, inflating, len(deflating), len(content.text)), EXPANDED
    packed = head + compress_zstd(body, references.text, level)
    yield Encoded(ZSTD | flag, packed, has_references=True)
    patch = _patch(body, references.text)
    whole = patch.encoded(len(body))
    if len(whole) <= most_of_patch(len(body)):
        bits, packed = _lzma(whole)
        yield Encoded(PATCH | flag, head + bytes([bits]) + packed, has_references=True)
        packed = _parts(patch, references.text, level)
        yield Encoded(PARTS | flag, head + packed, has_references=True)


def _head(packed: bytes, inflating: bytes, deflating: int, content: int) -> bytes:
    return pack([len(packed), len(inflating), deflating, content]) + packed


def _recipe(recipe: bytes) -> bytes:
    if not recipe:
        return b""
    return compress_zstd(recipe, b"", MAX_LEVEL)


def _patch(new: bytes, old: bytes) -> Patch:
    pieces = find_pieces(new, old)
    return make_patch(pieces, *differences(new, old, pieces))


def _parts(patch: Patch, references: bytes, level: int) -> bytes:
    """Pack each stream of a patch in the way that gives fewest bytes."""
    numbers: list[int] = []
    streams: list[bytes] = []
    for name, part in zip(patch._fields, patch, strict=True):
        stream = bytes(part)
        ways = [(PLAIN_WAY, stream), _lzma(stream)]
        if name == "fresh" and len(stream) >= _WORTH_PREFIX:
            # The search for pieces finds what is long; this finds what is short, too.
            ways.append((PREFIX_WAY, compress_zstd(stream, references, level)))
        way, packed = min(ways, key=lambda one: len(one[1]))
        numbers += (way, len(packed), len(stream))
        streams.append(packed)
    return pack(numbers) + b"".join(streams)


def _lzma(data: bytes) -> tuple[int, bytes]:
    """Compress by raw LZMA2 in the way that gives fewest bytes.

    Returns:
        The dictionary's bits, and the bytes.
    """
    bits = min(max(len(data).bit_length(), SMALLEST_DICTIONARY), LARGEST_DICTIONARY)
    ways = (
        {
            "id": lzma.FILTER_LZMA2,
            "preset": 9 | lzma.PRESET_EXTREME,
            "dict_size": 1 << bits,
            "lc": before,
            "pb": aligned,
        }
        for before, aligned in (_LOOKS if len(data) <= _SHORT else _LOOKS[:2])
    )
    return bits, min((lzma.compress(data, lzma.FORMAT_RAW, filters=[way]) for way in ways), key=len)
