"""Parts of a text: what is cut, and that it comes together again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.bundle.expansion import RAW, Stream, deflate, deflating_recipe, inflate, inflating_recipe
from core.errors import UsageError
from packager.delta.streams import Encodings, streams_of
from packager.delta.texts import Text, joined
from tests.support.archives import png_of, prose, zip_of

DATA = zip_of(
    {"a.txt": prose(1, 3000), "b.png": png_of(1), "c.txt": prose(2, 900), "d.docx": b"x" * 70}
)
STREAMS = streams_of(memoryview(DATA), Encodings())
WHOLE = inflate(DATA, inflating_recipe(STREAMS))


def text() -> Text:
    return Text(lambda offset, length: DATA[offset : offset + length], len(DATA), STREAMS)


def test_a_text_is_the_file_with_its_streams_inflated() -> None:
    one = text()
    assert one.size == len(WHOLE)
    assert not one.is_plain
    assert one.read(one.part(0, one.size)) == WHOLE


@given(st.integers(8000, 12_000))
def test_parts_come_together_again(most: int) -> None:
    one = text()
    parts = list(one.parts(most))
    assert b"".join(one.read(part) for part in parts) == WHOLE
    made = b"".join(
        deflate(one.read(part), deflating_recipe(part.streams), part.length) for part in parts
    )
    assert made == DATA
    assert all(part.size <= most and part.length <= most for part in parts)
    assert joined(parts) == tuple(STREAMS)


@given(st.data())
def test_a_part_holds_what_was_asked_for(choice: st.DataObject) -> None:
    one = text()
    start = choice.draw(st.integers(0, one.size - 1))
    stop = choice.draw(st.integers(start + 1, one.size))
    part = one.part(start, stop)
    assert part.start <= start
    assert part.start + part.size >= stop
    assert one.read(part) == WHOLE[part.start : part.start + part.size]


def test_a_part_is_bounded_in_the_file_too() -> None:
    # Streams that take more than what they inflate to.
    streams = [Stream(3, RAW, 50, 10) for _ in range(20)]
    one = Text(lambda _, length: bytes(length), 20 * 53 + 7, streams)
    parts = list(one.parts(160))
    # Three streams fit in each, and bytes between as far as there is room.
    assert [part.length for part in parts] == [160, 160, 160, 159, 159, 159, 110]
    assert sum(part.length for part in parts) == one.length
    assert sum(part.size for part in parts) == one.size


def test_a_file_that_changed_since_its_streams_were_found_is_named() -> None:
    one = Text(lambda _, length: bytes(length), len(DATA), STREAMS, "a.zip")
    with pytest.raises(UsageError, match=r"a\.zip changed"):
        one.read(one.part(0, one.size))


@pytest.mark.parametrize("size", [0, 1, 5])
def test_a_plain_file_is_its_own_text(size: int) -> None:
    one = Text(lambda offset, length: b"abcde"[offset : offset + length], size)
    assert one.is_plain
    assert b"".join(one.read(part) for part in one.parts(2)) == b"abcde"[:size]
