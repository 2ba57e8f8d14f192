"""The index of bundles with references: what it must not tell."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.bundle.codecs import STORED, ZSTD
from core.bundle.compact import (
    MAX_PRELUDE_BYTES,
    MAX_REFERENCES,
    CompactBlock,
    CompactIndex,
    Range,
    decode_compact,
    encode_compact,
)
from core.bundle.frame import decode_compact_head, encode_compact_head
from core.bundle.index import MAX_BLOCK_BYTES, MAX_ENTRIES, MAX_REFERENCE_BYTES
from core.bundle.listed import Rows, encode_listed
from core.bundle.listing import Row, decode_listing, encode_listing
from core.bundle.resolve import resolve
from core.bundle.space import Space
from core.bundle.varint import pack, unsigned
from core.digest import digest_of
from core.errors import RefusedError
from tests.support.second_decoder.listing import Row as SecondRow
from tests.support.second_decoder.listing import listed
from tests.support.second_decoder.reading import Reader, WrongBundleError, demand

DIGEST = bytes(32)
LIST = CompactBlock(ZSTD, 20, DIGEST, 30)
BLOCK = CompactBlock(ZSTD, 10, DIGEST, 100, (Range(5, 50), Range(0, 5)))
FOLDER = CompactIndex("", 0, 0, 0, bytes(64), 1, (LIST, BLOCK))
HEAD = replace(LIST, digest=b"")
PACK = CompactIndex("gd/zhuhai/fish", 2, 1, 1, b"", 1, (HEAD, BLOCK))


def with_block(**changes: Any) -> CompactIndex:
    return replace(FOLDER, blocks=(LIST, replace(BLOCK, **changes)))


@pytest.mark.parametrize("index", [FOLDER, PACK])
def test_what_was_written_is_read(index: CompactIndex) -> None:
    assert decode_compact(encode_compact(index)) == index


@pytest.mark.parametrize(
    ("index", "reason"),
    [
        (replace(FOLDER, roots=b""), "neither of a pack nor of a folder"),
        (replace(FOLDER, roots=bytes(32)), "neither of a pack nor of a folder"),
        (replace(PACK, roots=bytes(64)), "neither of a pack nor of a folder"),
        (replace(PACK, prelude=0, blocks=FOLDER.blocks), "proven otherwise"),
        (replace(FOLDER, prelude=1, blocks=PACK.blocks), "proven otherwise"),
        (replace(FOLDER, prelude=2), "cut off"),
        (replace(PACK, prelude=3), "cut off"),
        (replace(FOLDER, blocks=(replace(LIST, references=(Range(0, 1),)), BLOCK)), "references"),
        (with_block(digest=DIGEST[1:]), "cut off"),
        (with_block(size=0), "empty"),
        (with_block(size=MAX_BLOCK_BYTES + 1), "larger than allowed"),
        (with_block(size=1 << 45, length=1 << 45), "larger than allowed"),
        (with_block(length=0), "payload is empty"),
        (with_block(length=100 + 65_537), "payload is empty, or larger"),
        (with_block(codec=STORED), "not as it is"),
        (with_block(codec=STORED, references=()), "not as it is"),
        (with_block(references=(Range(7, 0),)), "empty or out of the space"),
        (with_block(references=(Range(0, MAX_REFERENCE_BYTES), Range(0, 1))), "references are"),
        (with_block(references=(Range(0, 1),) * 65_537), "too many references"),
    ],
)
def test_an_index_that_breaks_a_rule_is_refused(index: CompactIndex, reason: str) -> None:
    with pytest.raises(RefusedError, match=reason):
        decode_compact(encode_compact(index))


def test_a_reference_before_the_beginning_is_refused() -> None:
    told = encode_compact(with_block(references=(Range(5, 50), Range(3, 5))))
    # The second one begins 52 bytes before the end of the first; 56 are one more than there are.
    assert told.count(bytes([103])) == 1
    with pytest.raises(RefusedError, match="out of the space"):
        decode_compact(told.replace(bytes([103]), bytes([2 * 56 - 1])))


def test_references_are_counted_before_they_are_made() -> None:
    many = replace(BLOCK, references=(Range(0, 1),) * 60_000)
    with pytest.raises(RefusedError, match="more than 600000 entries"):
        decode_compact(encode_compact(replace(FOLDER, blocks=(LIST, *(many,) * 10))))


def test_a_head_that_makes_more_than_memory_is_refused() -> None:
    large = CompactBlock(ZSTD, 10, b"", MAX_BLOCK_BYTES)
    index = replace(PACK, prelude=4, blocks=(HEAD, large, large, large, BLOCK))
    assert 3 * MAX_BLOCK_BYTES > MAX_PRELUDE_BYTES
    with pytest.raises(RefusedError, match="makes more than is allowed"):
        decode_compact(encode_compact(index))


def test_a_head_of_another_length_is_refused() -> None:
    head = encode_compact_head(PACK, [bytes(20)])
    assert decode_compact_head(head) == (PACK, [bytes(20)])
    for wrong in (head[:-1], head + b"\0"):
        with pytest.raises(RefusedError, match="another length"):
            decode_compact_head(wrong)


def test_a_space_of_tiny_files_is_not_referred_to_again_and_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert MAX_ENTRIES == 600_000
    monkeypatch.setattr("core.bundle.space.MAX_ENTRIES", 6000)
    space = Space([1] * 1000)
    once = Range(0, 1000)
    assert len(space.slices([once] * 6, 1000)) == 6000
    with pytest.raises(RefusedError, match="too many files at once"):
        space.slices([once] * 7, 1000)


def test_empty_contents_are_no_part_of_a_space() -> None:
    space = Space([0, 2, 0, 0, 3, 0, 1, 0])
    assert [space.start(content) for content in range(9)] == [0, 0, 2, 2, 2, 5, 5, 6, 6]
    every = space.slices([Range(0, 6)], 6)
    assert every == [(1, 0, 2), (4, 0, 3), (6, 0, 1)]
    assert space.slices([Range(1, 3), Range(2, 1), Range(5, 1)], 6) == [
        (1, 1, 1),
        (4, 0, 2),
        (4, 0, 1),
        (6, 0, 1),
    ]


def test_references_across_many_empty_outputs_take_no_time() -> None:
    """Stepping over each of them would take hours; a bundle of 31 KB can tell of so many."""
    empty = 190_000
    slices = Space([1, *[0] * empty, 1]).slices([Range(0, 2)] * MAX_REFERENCES, 2)
    assert len(slices) == 2 * MAX_REFERENCES
    assert set(slices) == {(0, 0, 1), (1 + empty, 0, 1)}


@given(st.lists(st.integers(0, 3)), st.data())
def test_as_many_slices_are_counted_as_are_made(sizes: list[int], choice: st.DataObject) -> None:
    space, total = Space(sizes), sum(sizes)
    ranges = []
    for _ in range(choice.draw(st.integers(0, 3)) if total else 0):
        start = choice.draw(st.integers(0, total - 1))
        ranges.append(Range(start, choice.draw(st.integers(1, total - start))))
    slices = space.slices(ranges, total)
    block = replace(BLOCK, references=tuple(ranges))
    assert space.count([block], len(sizes)) == len(slices)
    bytes_of_it = [(content, at) for content, size in enumerate(sizes) for at in range(size)]
    wanted = [one for part in ranges for one in bytes_of_it[part.start :][: part.length]]
    assert [(n, offset + at) for n, offset, length in slices for at in range(length)] == wanted


def test_what_is_counted_must_be_made_before_it_is_referred_to() -> None:
    block = replace(BLOCK, size=10, references=(Range(0, 10),))
    assert Space([10, 10]).count([block, replace(block, references=(Range(5, 15),))], 1) == 3
    with pytest.raises(RefusedError, match="refers to what is not there"):
        Space([10, 10]).count([replace(block, references=(Range(5, 6),))], 1)


def test_what_is_behind_the_end_is_not_there() -> None:
    with pytest.raises(RefusedError, match="refers to what is not there"):
        Space([10, 10]).slices([Range(5, 11)], 15)


BASE = [Row(f"{n}.txt", digest_of(b"%d" % n), n, "text/plain") for n in range(5)]
NEW = [*BASE[:3], Row("a.txt", digest_of(b"new"), 3, "text/plain")]


def test_a_path_or_type_that_is_too_long_is_refused() -> None:
    for row in (Row("a" * 4097, NEW[-1].digest, 3), Row("a", NEW[-1].digest, 3, "t" * 4097)):
        told = encode_listing([*BASE, row], BASE, [row.digest], 1)
        with pytest.raises(RefusedError, match="list of files is damaged"):
            decode_listing(told, BASE, 1)


def listing_of(
    removed: Sequence[int] = (),
    outputs: Sequence[int] = (),
    copies: Sequence[int] = (),
    paths: Sequence[str] = (),
) -> bytes:
    """Give a listing whose outputs have as many bytes as what they replace, or none."""
    sizes, kinds, types = [0] * len(outputs), [0] * len(paths), ["text/plain"]
    columns = [pack(column) for column in (removed, outputs, sizes, copies, kinds)]
    text = "".join(word + "\0" for word in [*types, *paths]).encode()
    head = pack([*map(len, columns), len(text), len(types)])
    return head + b"".join(columns) + text


# In the columns of outputs and copies: a new path, row 1 at first, and the same row again.
FRESH, ROW_1, AGAIN = 0, unsigned(1) + 1, unsigned(-1) + 1


def test_a_path_that_is_removed_may_come_again() -> None:
    told = listing_of(removed=[1], outputs=[FRESH], paths=["1.txt"])
    (row,) = [one for one in decode_listing(told, BASE, 9).rows if one.path == "1.txt"]
    assert row.content == 0


@pytest.mark.parametrize(
    "told",
    [
        pytest.param(listing_of(outputs=[ROW_1, AGAIN]), id="made twice"),
        pytest.param(listing_of(copies=[ROW_1, 0, AGAIN, 0]), id="copied twice"),
        pytest.param(listing_of(outputs=[ROW_1], copies=[AGAIN, 0]), id="made and copied"),
        pytest.param(listing_of(removed=[1], outputs=[ROW_1]), id="removed and made"),
        pytest.param(listing_of(removed=[1], copies=[ROW_1, 0]), id="removed and copied"),
        pytest.param(listing_of(outputs=[FRESH] * 2, paths=["a"] * 2), id="new path made twice"),
        pytest.param(
            listing_of(copies=[FRESH, 0] * 2, paths=["a"] * 2), id="new path copied twice"
        ),
        pytest.param(listing_of(outputs=[FRESH], paths=["1.txt"]), id="path of a row that stays"),
        pytest.param(
            listing_of(outputs=[ROW_1], copies=[FRESH, 0], paths=["1.txt"]),
            id="path of a row that is replaced",
        ),
    ],
)
def test_a_row_or_path_that_is_told_twice_is_refused(told: bytes) -> None:
    with pytest.raises(RefusedError, match="list of files is damaged"):
        decode_listing(told, BASE, 9)
    with pytest.raises(WrongBundleError):
        see_with_the_second_decoder(told)


def see_with_the_second_decoder(told: bytes) -> None:
    rows, _ = listed(Reader(told), [SecondRow(*row) for row in BASE], 9)
    # It looks at this when it puts the rows together, for which it needs contents.
    demand(len({row.path for row in rows}) == len(rows), "a path that is told twice")


def test_an_output_that_the_head_makes_in_part_is_refused() -> None:
    """It may be a part of terabytes."""
    base = Rows(BASE)
    row = Row("a", digest_of(b"new"), 1 << 38, "text/plain")
    told = encode_listed(Rows([*BASE, row]), base, [row.digest], 1)
    blocks = (replace(HEAD, codec=STORED, length=len(told), size=len(told)),)
    size = MAX_BLOCK_BYTES
    part = CompactBlock(ZSTD, 10, b"", size)
    rest = (CompactBlock(ZSTD, 10, DIGEST, size),) * ((1 << 38) // size - 1)
    index = replace(PACK, prelude=2, blocks=(*blocks, part, *rest))
    with pytest.raises(RefusedError, match="contradicts itself"):
        resolve(index, [told, bytes(10)], base, lambda *_: b"")
