"""Patches give what they were made of, and what is damaged never more than it may."""

import lzma

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.bundle.codecs import PATCH, decode_block
from core.bundle.patch import Piece, Run, add_bytes, apply_patch, encode_patch
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
    patch = encode_patch(pieces, *differences(new, old, pieces))
    assert apply_patch(patch, old, len(new)) == new


@given(versions(), st.data())
def test_a_damaged_patch_is_refused_or_gives_its_size(
    pair: tuple[bytes, bytes], choice: st.DataObject
) -> None:
    old, new = pair
    pieces = find_pieces(new, old)
    patch = bytearray(encode_patch(pieces, *differences(new, old, pieces)))
    for _ in range(choice.draw(st.integers(1, 3))):
        patch[choice.draw(st.integers(0, len(patch) - 1))] = choice.draw(st.integers(0, 255))
    patch = patch[: choice.draw(st.integers(0, len(patch)))]
    try:
        made = apply_patch(bytes(patch), old, len(new))
    except RefusedError:
        return
    assert len(made) == len(new)


OLD = b"0123456789"
WHOLE = encode_patch([Piece(0, 0, 10)], [], b"")


@pytest.mark.parametrize(
    ("patch", "size"),
    [
        (WHOLE, 9),
        (WHOLE, 11),
        (WHOLE[:-1], 10),
        (encode_patch([Piece(0, 1, 10)], [], b""), 10),
        (encode_patch([Piece(0, 0, 10)], [Run(8, b"abc")], b""), 10),
        (encode_patch([Piece(3, 0, 10)], [], b"ab"), 12),
        (pack([1 << 40, 0, 0, 0]), 0),
        (b"", 0),
    ],
)
def test_what_does_not_fit_is_refused(patch: bytes, size: int) -> None:
    with pytest.raises(RefusedError):
        apply_patch(patch, OLD, size)


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
