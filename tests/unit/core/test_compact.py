"""The index of a delta: what is written is read again, and what breaks a rule is refused."""

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from core.bundle.codecs import EXPANDED, PATCH, STORED, ZSTD
from core.bundle.compact import (
    CompactBlock,
    CompactIndex,
    Range,
    decode_compact,
    encode_compact,
)
from core.bundle.index import MAX_BLOCK_BYTES, MAX_REFERENCE_BYTES, MAX_STORED_OVERHEAD
from core.bundle.varint import pack
from core.errors import RefusedError

RAW = bytes(range(32))
LISTING = CompactBlock(ZSTD, 5, b"", 50)
BLOCK = CompactBlock(PATCH | EXPANDED, 70, RAW, 90, (Range(500, 20), Range(40, 9), Range(49, 1)))
INDEX = CompactIndex("gd/-/x", 3, 2, 2, b"", 4, (LISTING, replace(BLOCK, digest=b""), BLOCK))
FOLDER = CompactIndex("", 0, 0, 0, bytes(64), 0, (replace(LISTING, digest=RAW), BLOCK))


@pytest.mark.parametrize("index", [INDEX, FOLDER, replace(INDEX, prelude=1, blocks=(LISTING,))])
def test_what_is_written_is_read_again(index: CompactIndex) -> None:
    assert decode_compact(encode_compact(index)) == index


def test_offsets_follow_one_another() -> None:
    assert INDEX.offsets(100) == [100, 105, 175, 245]


def with_block(**values: Any) -> CompactIndex:
    return replace(INDEX, blocks=(*INDEX.blocks[:2], replace(BLOCK, **values)))


@pytest.mark.parametrize(
    "index",
    [
        with_block(size=0),
        with_block(size=MAX_BLOCK_BYTES + 1),
        with_block(length=0),
        with_block(length=90 + MAX_STORED_OVERHEAD + 1),
        with_block(codec=STORED, length=90),
        with_block(codec=STORED, references=()),
        with_block(references=(Range(0, 0),)),
        with_block(references=(Range(0, MAX_REFERENCE_BYTES), Range(0, 1))),
        with_block(references=(Range(0, 1),) * 65_537),
        replace(INDEX, prelude=0),
        replace(INDEX, roots=bytes(64)),
        replace(INDEX, roots=bytes(32)),
        replace(INDEX, prelude=3),
        replace(FOLDER, roots=b""),
        replace(FOLDER, prelude=1),
        replace(INDEX, blocks=(replace(LISTING, references=(Range(0, 1),)), *INDEX.blocks[1:])),
    ],
)
def test_what_breaks_a_rule_is_refused(index: CompactIndex) -> None:
    with pytest.raises(RefusedError):
        decode_compact(encode_compact(index))


def raw(index: CompactIndex = INDEX, **values: Any) -> bytes:
    """Encode an index with another value in one of its fields."""
    names = (
        "pack",
        "version",
        "base",
        "prelude",
        "roots",
        "untold",
        "codecs",
        "numbers",
        "digests",
    )
    fields = dict(zip(names, msgspec.msgpack.decode(encode_compact(index)), strict=True))
    return msgspec.msgpack.encode(list((fields | values).values()))


def test_what_is_not_as_long_as_it_says_is_refused() -> None:
    numbers = [5, 70, 70, 50, 90, 90, 0, 0, 1]
    decode_compact(raw(numbers=pack([*numbers, 8, 1])))
    for spoilt in (
        numbers[:8],
        [*numbers, 8],
        [*numbers, 8, 1, 0],
        [*numbers, 8, 1, 0, 0],
        # Before the beginning of the space.
        [*numbers, 7, 1],
    ):
        with pytest.raises(RefusedError):
            decode_compact(raw(numbers=pack(spoilt)))
    for digests in (b"", RAW[:31], RAW + b"x"):
        with pytest.raises(RefusedError):
            decode_compact(raw(digests=digests))
    for fields in ({"codecs": b""}, {"untold": -1}, {"version": -1}, {"pack": "x" * 201}):
        with pytest.raises(RefusedError):
            decode_compact(raw(**fields))
    with pytest.raises(RefusedError):
        decode_compact(encode_compact(INDEX)[:-1])
