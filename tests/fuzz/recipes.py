"""A target: texts with DEFLATE streams in them, one in another, made together with their recipes.

Input is a list: texts, each an array as ``blocks.references_of`` reads one; and streams, each a
kind, a setting, chunks' lengths, and such a list of what it inflates to.
"""

import struct
import zlib
from collections.abc import Iterator
from typing import Final

import msgspec

from core.bundle.expansion import (
    MAX_EXPANDED_BYTES,
    PNG,
    RAW,
    Encoding,
    Stream,
    deflate,
    deflating_recipe,
    inflate,
    inflating_recipe,
)
from core.errors import RefusedError
from tests.fuzz.blocks import opened, references_of
from tests.fuzz.layers import number, packed_value, parts
from tests.fuzz.mutation import Node, Tree
from tests.fuzz.target import Target, see

_DEEPEST: Final = 6
_MOST_CHUNKS: Final = 70_000
# What one input may be made of: more than is allowed, no more than it takes to see that.
_MOST: Final = 120 * 1024 * 1024


class _Text:
    """Puts a text together, and tells its streams.

    Attributes:
        data: with its streams as they are in a file.
        size: bytes of the text, all being inflated.
        streams: where they are.
    """

    def __init__(self, tree: Tree, depth: int = 0) -> None:
        self.data = bytearray()
        self.size = 0
        self.streams: list[Stream] = []
        end = 0
        for one in parts(tree):
            told = parts(one)
            if len(told) == 4 and isinstance(told[3], list) and depth < _DEEPEST:
                start = len(self.data)
                self._add(told, depth, start - end)
                end = len(self.data)
            else:
                plain = references_of([list(told)])
                self.data += plain
                self.size += len(plain)
            if self.size > _MOST:
                break

    def _add(self, told: list[Tree], depth: int, gap: int) -> None:
        kind, setting = number(told[0], 127), number(told[1])
        inner = _Text(told[3], depth + 1)
        way = Encoding(
            setting % 9 + 1, 8 if setting < 9 else setting // 9 % 9 + 1, setting // 81 % 5
        )
        window = -15 if kind == RAW else min(max(kind & ~PNG, 9), 15)
        kind = RAW if window < 0 else window | kind & PNG
        encoder = zlib.compressobj(way.level, zlib.DEFLATED, window, way.memory, way.strategy)
        packed = encoder.compress(inner.data) + encoder.flush()
        chunks: tuple[int, ...] = ()
        if kind & PNG:
            chunks = tuple(_chunks(len(packed), parts(told[2])))
            packed = _in_chunks(packed, chunks)
        self.data += packed
        self.size += inner.size
        plain = len(inner.data)
        self.streams.append(
            Stream(gap, kind, len(packed), plain, way, chunks, tuple(inner.streams))
        )


def _chunks(left: int, lengths: list[Tree]) -> Iterator[int]:
    for told in lengths[:_MOST_CHUNKS]:
        length = min(number(told), left)
        left -= length
        yield length
    if left:
        yield left


def _in_chunks(packed: bytes, lengths: tuple[int, ...]) -> bytes:
    made, at = bytearray(), 0
    for length in lengths:
        body = packed[at : at + length]
        made += struct.pack(">I4s", length, b"IDAT") + body
        made += struct.pack(">I", zlib.crc32(body, zlib.crc32(b"IDAT")))
        at += length
    return bytes(made)


def run_recipe(data: bytes) -> None:
    """Inflate a text, and deflate it again."""
    fields = opened(data)
    if fields is None:
        return
    text = _Text(fields)
    packed, size, streams = bytes(text.data), text.size, text.streams
    del text, fields
    if len(packed) > MAX_EXPANDED_BYTES:
        return
    try:
        made = inflate(packed, inflating_recipe(streams))
    except RefusedError:
        return
    see(len(made) <= MAX_EXPANDED_BYTES, "more was inflated than is allowed")
    see(len(made) == size, "a text of another size")
    try:
        again = deflate(made, deflating_recipe(streams), len(packed))
    except RefusedError:
        # A window of 256 bytes is made one of 512 by the encoder, and not all come out the same.
        return
    see(len(again) == len(packed), "a text was deflated to another size")


def recipe_seeds() -> Iterator[bytes]:
    """Give a text with a stream of each kind, and one in another."""
    words: list[Tree] = [b"some words ", 9, 0]
    long: list[Tree] = [b"again ", 40, 7]
    raw: list[Tree] = [RAW, 5, [], [words, long]]
    picture: list[Tree] = [31, 8, [10, 0], [words]]
    zlibbed: list[Tree] = [15, 8, [], [long, words]]
    yield packed_value([words, raw, words])
    yield packed_value([words, picture])
    yield packed_value([zlibbed, words, raw])
    yield packed_value([[RAW, 8, [], [words, [RAW, 5, [], [words, zlibbed, picture]]]], words])


def _apart(data: bytes) -> Tree:
    return Node("", [list(parts(msgspec.msgpack.decode(data)))])


def _together(tree: Tree) -> bytes:
    return packed_value(list(parts(parts(tree)[0])))


RECIPES = Target(run_recipe, recipe_seeds, _apart, _together)
