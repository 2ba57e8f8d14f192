"""Patches give what they were made of, and what is damaged never more than it may."""

import lzma

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.bundle.codecs import PARTS, PATCH, decode_block
from core.bundle.encode import compress_zstd
from core.bundle.patch import Piece, Run, add_bytes, apply_patch, decode_patch, make_patch
from core.bundle.varint import pack, signed, unpack, unpack_first, unsigned
from core.errors import RefusedError
from packager.delta.pieces import differences, find_pieces


@given(st.lists(st.integers(0, 2**49 - 1)))
def test_numbers_come_back(numbers: list[int]) -> None:
    packed = pack(numbers)
    assert unpack(packed, len(numbers)) == numbers
    if numbers:
        with pytest.raises(RefusedError, match="too long"):
            unpack(packed, len(numbers) - 1)
    assert unpack_first(packed + b"\xff", len(numbers)) == (numbers, len(packed))


@given(st.integers(-(2**40), 2**40))
def test_numbers_below_0_come_back(number: int) -> None:
    assert signed(unsigned(number)) == number
    assert unsigned(number) >= 0


@pytest.mark.parametrize("data", [b"\x80", b"\x01\xff", b"\x80" * 7 + b"\x01"])
def test_numbers_without_end_are_refused(data: bytes) -> None:
    with pytest.raises(RefusedError):
        unpack(data, 99)


def test_too_few_numbers_are_refused() -> None:
    with pytest.raises(RefusedError):
        unpack_first(b"\x01\x02", 3)


@given(st.binary(max_size=80), st.data())
def test_bytes_are_added_modulo_256(one: bytes, choice: st.DataObject) -> None:
    other = choice.draw(st.binary(min_size=len(one), max_size=len(one)))
    assert add_bytes(one, other) == bytes((a + b) % 256 for a, b in zip(one, other, strict=True))


@st.composite
def versions(draw: st.DrawFn) -> tuple[bytes, bytes]:
    """Two texts of which the second has parts of the first, moved and changed."""
    old = draw(st.binary(max_size=400)) * draw(st.integers(1, 4))
    new = bytearray()
    for _ in range(draw(st.integers(0, 6))):
        start = draw(st.integers(0, len(old)))
        part = bytearray(old[start : start + draw(st.integers(0, 300))])
        for _ in range(draw(st.integers(0, 4)) if part else 0):
            part[draw(st.integers(0, len(part) - 1))] = draw(st.integers(0, 255))
        new += part + draw(st.binary(max_size=20))
    return old, bytes(new)


@given(versions())
def test_what_is_found_makes_the_new_text(pair: tuple[bytes, bytes]) -> None:
    old, new = pair
    pieces = find_pieces(new, old)
    patch = make_patch(pieces, *differences(new, old, pieces))
    assert apply_patch(patch, old, len(new)) == new
    assert decode_patch(patch.encoded(len(new)), len(new)) == patch


@given(versions(), st.data())
def test_a_damaged_patch_is_refused_or_gives_its_size(
    pair: tuple[bytes, bytes], choice: st.DataObject
) -> None:
    old, new = pair
    pieces = find_pieces(new, old)
    found = make_patch(pieces, *differences(new, old, pieces))
    patch = bytearray(found.encoded(len(new)))
    for _ in range(choice.draw(st.integers(1, 3))):
        patch[choice.draw(st.integers(0, len(patch) - 1))] = choice.draw(st.integers(0, 255))
    patch = patch[: choice.draw(st.integers(0, len(patch)))]
    try:
        made = apply_patch(decode_patch(bytes(patch), len(new)), old, len(new))
    except RefusedError:
        return
    assert len(made) == len(new)


OLD = b"0123456789"


def encoded(pieces: list[Piece], runs: list[Run], fresh: bytes, size: int) -> bytes:
    return make_patch(pieces, runs, fresh).encoded(size)


WHOLE = encoded([Piece(0, 0, 10)], [], b"", 10)


@pytest.mark.parametrize(
    ("patch", "size"),
    [
        (WHOLE, 9),
        (WHOLE, 11),
        (WHOLE[:-1], 10),
        (encoded([Piece(0, 1, 10)], [], b"", 10), 10),
        (encoded([Piece(0, 0, 10)], [Run(8, b"abc")], b"", 10), 10),
        (encoded([Piece(3, 0, 10)], [], b"ab", 12), 12),
        (pack([1 << 40, 0, 0, 0]), 0),
        (b"", 0),
    ],
)
def test_what_does_not_fit_is_refused(patch: bytes, size: int) -> None:
    with pytest.raises(RefusedError):
        apply_patch(decode_patch(patch, size), OLD, size)


def test_a_bomb_is_not_unpacked() -> None:
    bomb = lzma.compress(
        bytes(50_000_000),
        lzma.FORMAT_RAW,
        filters=[{"id": lzma.FILTER_LZMA2, "dict_size": 1 << 16}],
    )
    with pytest.raises(RefusedError):
        decode_block(PATCH, b"\x10" + bomb, OLD, 10)


@pytest.mark.parametrize("bits", [0, 11, 25, 255])
def test_a_dictionary_of_another_size_is_refused(bits: int) -> None:
    with pytest.raises(RefusedError):
        decode_block(PATCH, bytes([bits]) + b"\0", OLD, 10)


def parts(*streams: tuple[int, bytes, int]) -> bytes:
    """Lay out packed streams: the way, the bytes, and how many they say to be unpacked."""
    numbers = [number for way, data, plain in streams for number in (way, len(data), plain)]
    return pack(numbers) + b"".join(data for _, data, _ in streams)


PIECES = pack([0, 0, 10])


def test_streams_that_are_packed_each_on_their_own_make_the_text() -> None:
    runs, more, fresh = pack([2, 2]), b"\x01\x01", compress_zstd(b"3456789", OLD, 3)
    whole = parts((0, PIECES, 3), (0, runs, 2), (0, more, 2), (2, fresh, 7))
    assert decode_block(PARTS, whole, OLD, 17) == b"0134456789" + b"3456789"


@pytest.mark.parametrize(
    "streams",
    [
        [(0, PIECES, 3), (0, b"", 0), (0, b"", 0), (0, b"", 1)],
        [(0, PIECES, 3), (0, b"", 0), (0, b"", 0), (3, b"", 0)],
        [(0, PIECES, 3), (0, b"", 0), (0, b"", 0), (11, b"\0", 0)],
        [(0, PIECES, 2), (0, b"", 0), (0, b"", 0), (0, b"", 0)],
        [(0, PIECES, 3), (0, b"", 0), (0, b"", 0), (1, b"not zstd", 0)],
        [(0, PIECES, 3), (0, b"", 0), (0, b"", 0), (0, b"more", 4)],
        [(0, PIECES, 3), (0, b"", 0), (0, b"", 0), (1, b"", 1 << 40)],
    ],
)
def test_streams_that_do_not_fit_are_refused(streams: list[tuple[int, bytes, int]]) -> None:
    with pytest.raises(RefusedError):
        decode_block(PARTS, parts(*streams), OLD, 10)


def test_streams_are_the_payload_to_its_end() -> None:
    whole = parts((0, PIECES, 3), (0, b"", 0), (0, b"", 0), (0, b"", 0))
    assert decode_block(PARTS, whole, OLD, 10) == OLD
    with pytest.raises(RefusedError):
        decode_block(PARTS, whole + b"!", OLD, 10)
