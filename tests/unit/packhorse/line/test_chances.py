import pytest
from hypothesis import given
from hypothesis import strategies as st

from packhorse.line.chances import BLOCK, BitFlipper, gap, per_byte, stream


@given(st.lists(st.integers(1, 400), max_size=60), st.integers(0, 2**32))
def test_flips_do_not_depend_on_slicing(sizes: list[int], seed: int) -> None:
    """The same bytes in other pieces are damaged in the same places."""
    data = bytes(sum(sizes))
    whole = BitFlipper(stream(seed), 0.02).pass_through(data)
    sliced = BitFlipper(stream(seed), 0.02)
    pieces = bytearray()
    for size in sizes:
        pieces += sliced.pass_through(bytes(size))
    assert bytes(pieces) == whole


def test_number_of_flips_follows_the_chance() -> None:
    """A million bytes at one in a thousand: about a thousand, each exactly one bit."""
    flipper = BitFlipper(stream(7), 0.001)
    dirty = flipper.pass_through(bytes(1_000_000))
    assert 850 < flipper.flipped < 1150
    assert sum(byte.bit_count() for byte in dirty) == flipper.flipped


@pytest.mark.parametrize(("probability", "expected"), [(0.0, None), (1.0, 0)])
def test_gap_at_the_ends(probability: float, expected: int | None) -> None:
    assert gap(stream(1), probability) == expected


def test_certain_flips_hit_every_byte() -> None:
    flipper = BitFlipper(stream(1), 1.0)
    assert all(flipper.pass_through(bytes(1000)))
    assert flipper.flipped == 1000


def test_chance_per_block_is_what_its_bytes_make() -> None:
    assert 1 - (1 - per_byte(0.3)) ** BLOCK == pytest.approx(0.3)
    assert per_byte(1.0) == 1
    assert per_byte(0.0) == 0


def test_places_have_their_own_chances() -> None:
    """Connections and directions do not share a stream, and a seed repeats it."""
    assert stream(1, 2, "up").random() == stream(1, 2, "up").random()
    assert stream(1, 2, "up").random() != stream(1, 2, "down").random()
    assert stream(1, 2, "up").random() != stream(2, 2, "up").random()
