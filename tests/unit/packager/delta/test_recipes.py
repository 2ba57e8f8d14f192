"""Streams that are many: whatever is read or made of them, a recipe can tell it."""

import zlib

import pytest

from core.bundle.codecs import EXPANDED, decode_block
from core.bundle.expansion import MOST_STREAMS, PNG, RAW, Encoding, Stream
from packager.delta.encode import Expanded, every_way
from packager.delta.recipes import BYTES_EACH, MOST_AT_ONCE, is_usable, leading, spaced
from packager.delta.references import BUDGET
from packager.delta.streams import streams_of
from packager.delta.texts import Text
from tests.support.archives import pdf_of, prose

PLAIN = b"of forty bytes, which are deflated alone"


def packed(plain: bytes) -> bytes:
    return zlib.compress(plain, 9, -15)


SMALL = Stream(0, RAW, len(packed(PLAIN)), len(PLAIN), Encoding(9))


def starts_of(streams: list[Stream]) -> list[int]:
    """Give which of some streams that follow one another are used."""
    found = [(number * SMALL.packed, one) for number, one in enumerate(streams)]
    return [start // SMALL.packed for start, _ in spaced(found)]


def test_parts_of_a_file_with_very_many_streams_can_be_read() -> None:
    data = pdf_of([b"%08d" % number * 5 for number in range(MOST_STREAMS + 4000)], 1)
    streams = streams_of(memoryview(data))
    one = Text(lambda at, length: data[at : at + length], len(data), streams)
    assert len(streams) >= MOST_AT_ONCE
    assert len(one.read(one.part(0, one.size))) == one.size
    assert b"".join(one.read_file(part) for part in one.parts(len(data))) == data


def test_as_many_streams_as_references_can_have_fit_in_a_recipe() -> None:
    assert MOST_AT_ONCE + BUDGET // BYTES_EACH < MOST_STREAMS


def test_streams_that_lie_densely_are_used_up_to_a_place() -> None:
    used = starts_of([SMALL] * 40_000)
    # Each gives back some of what it costs.
    assert MOST_AT_ONCE < len(used) < 1.2 * MOST_AT_ONCE
    assert used == list(range(len(used)))


def test_streams_are_used_again_behind_what_lies_less_densely() -> None:
    large = Stream(0, RAW, SMALL.packed, MOST_AT_ONCE * BYTES_EACH)
    found = [(number * SMALL.packed, SMALL) for number in range(20_000)]
    far = 20_000 * SMALL.packed + MOST_AT_ONCE * BYTES_EACH
    assert (far, large) in spaced([*found, (far, large)])
    assert (far - 9 * SMALL.packed, SMALL) not in spaced([*found, (far // 2, large)])


def test_streams_that_lie_as_in_documents_are_all_used() -> None:
    # As pages of a long book.
    assert len(starts_of([Stream(0, RAW, SMALL.packed, 600)] * 100_000)) == 100_000
    data = pdf_of([prose(number, 700) for number in range(300)])
    assert len(streams_of(memoryview(data))) == 300


@pytest.mark.parametrize(
    "one",
    [
        Stream(0, RAW, 400, 200),
        Stream(0, PNG | 15, 300_000, 300_000, chunks=(10,) * (MOST_AT_ONCE + 1)),
        Stream(0, RAW, 900_000, 900_000, inner=(SMALL,) * (MOST_AT_ONCE + 1)),
    ],
    ids=["takes more than it gives", "many chunks", "holds many"],
)
def test_streams_that_others_would_have_no_room_beside_are_not_used(one: Stream) -> None:
    assert not is_usable(one)


def test_a_stream_that_gives_less_than_it_takes_is_left_as_it_is() -> None:
    encoder = zlib.compressobj(9)
    data = encoder.compress(PLAIN)
    # Each ends a block in which there is nothing.
    data += b"".join(encoder.flush(zlib.Z_FULL_FLUSH) + b"\0\0\0\xff\xff" * 50 for _ in range(9))
    data += encoder.flush()
    pdf = pdf_of([b"x"]).replace(zlib.compress(b"x", 9), data)
    assert zlib.decompress(data) == PLAIN
    assert streams_of(memoryview(pdf)) == []


def test_of_many_streams_a_block_has_the_first_in_its_recipe() -> None:
    one, many = packed(b"xyz"), MOST_STREAMS + 1000
    streams = [Stream(0, RAW, len(one), 3, Encoding(9))] * many
    old = Expanded(one * many, b"xyz" * many, streams)
    new = Expanded(old.data + b"!", old.text + b"!", streams)
    found = every_way(old, new, 1)
    expanded = [way for way in found if way.codec & EXPANDED]
    assert len(expanded) == 4
    quick = next(way for way in expanded if way.has_references)
    assert decode_block(quick.codec, quick.payload, old.data, len(new.data)) == new.data


def test_a_recipe_counts_what_is_in_streams_and_pictures() -> None:
    holding = Stream(0, RAW, 900, 900, inner=(SMALL,) * 98)
    assert len(leading([holding] * 700)) == MOST_STREAMS // 100
    picture = Stream(0, PNG | 15, 900, 900, chunks=(1,) * 1000)
    assert len(leading([picture] * 70)) == MOST_STREAMS // 1000
