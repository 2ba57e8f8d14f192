import time
import tracemalloc
import zlib
from random import Random
from typing import TYPE_CHECKING

import pytest

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
from packager.delta import streams
from packager.delta.streams import MOST_INFLATED, Encodings, streams_of
from tests.support.archives import gzip_of, overlapping, pdf_of, png_of, prose, zip_of

if TYPE_CHECKING:
    from collections.abc import Callable

TEXTS = {f"{n}.txt": prose(n, 2000 + 500 * n) for n in range(4)}


def found(data: bytes) -> list[Stream]:
    return streams_of(memoryview(data), Encodings())


def expanded(data: bytes, streams: list[Stream]) -> bytearray:
    """Inflate a file, and see that it can be deflated again."""
    text = inflate(data, inflating_recipe(streams))
    assert deflate(text, deflating_recipe(streams), len(data)) == data
    return text


@pytest.mark.parametrize("level", range(1, 10))
def test_an_archive_of_any_level_is_taken_apart(level: int) -> None:
    data = zip_of(TEXTS, level)
    streams = found(data)
    assert [one.kind for one in streams] == [RAW] * 4
    assert [one.plain for one in streams] == [len(text) for text in TEXTS.values()]
    assert all(text in expanded(data, streams) for text in TEXTS.values())


def test_a_pdf_is_taken_apart() -> None:
    data = pdf_of(list(TEXTS.values()))
    streams = found(data)
    assert [one.kind for one in streams] == [15] * 4
    assert all(text in expanded(data, streams) for text in TEXTS.values())


def test_a_picture_in_chunks_is_taken_apart() -> None:
    data = png_of(1, chunk=100)
    (one,) = found(data)
    assert one.kind == PNG | 15
    assert len(one.chunks) > 1
    assert one.plain == 40 * 181
    expanded(data, [one])


@pytest.mark.parametrize("name", ["", "notes.txt"])
def test_a_gzip_file_is_taken_apart(name: str) -> None:
    data = gzip_of(TEXTS["3.txt"], name)
    assert TEXTS["3.txt"] in expanded(data, found(data))


def test_files_in_files_are_taken_apart() -> None:
    inner = zip_of(TEXTS)
    outer = zip_of(
        {"deflated.docx": inner, "stored.docx": inner, "picture.png": png_of(1)},
        stored=frozenset({"stored.docx"}),
    )
    streams = found(outer)
    assert [len(one.inner) for one in streams] == [4, 0, 0, 0, 0, 1]
    text = expanded(outer, streams)
    assert text.count(TEXTS["0.txt"]) == 2


def test_files_too_deep_in_files_stay_as_they_are() -> None:
    data = zip_of(TEXTS)
    for _ in range(5):
        data = zip_of({"inner.zip": data})
    text = expanded(data, found(data))
    assert TEXTS["0.txt"] not in text


def test_streams_of_another_encoder_are_left_out() -> None:
    # Ended by an empty block, as a flush does: the same text, other bytes.
    encoder = zlib.compressobj(6, zlib.DEFLATED, 31)
    data = encoder.compress(TEXTS["0.txt"]) + encoder.flush(zlib.Z_SYNC_FLUSH) + encoder.flush()
    assert len(streams_of(memoryview(data), None)) == 1
    assert found(data) == []


def test_what_is_not_understood_stays_as_it_is() -> None:
    whole = zip_of(TEXTS)
    chance = Random(1)
    for head in (b"PK\x03\x04", b"%PDF-", b"\x1f\x8b\x08", b"\x89PNG\r\n\x1a\n"):
        for size in (0, 1, 5, 30, 3000):
            assert found(head + chance.randbytes(size)) == []
    assert found(whole[: len(whole) // 2]) == []
    assert found(b"") == []


def test_a_damaged_archive_gives_what_can_be_read() -> None:
    data = bytearray(zip_of(TEXTS))
    chance = Random(2)
    for _ in range(60):
        data[chance.randrange(len(data))] = chance.randrange(256)
        whole = bytes(data)
        expanded(whole, found(whole))


def test_a_bomb_is_left_as_it_is() -> None:
    data = zip_of({"zeros": bytes(MOST_INFLATED + 1), "text": TEXTS["0.txt"]})
    assert [one.plain for one in found(data)] == [len(TEXTS["0.txt"])]


def test_members_that_overlap_are_looked_at_once() -> None:
    data = overlapping(bytes(MOST_INFLATED), 2000)
    began = time.process_time()
    assert len(found(data)) == 1
    # Looked at each time, they would take minutes.
    assert time.process_time() - began < 5


def test_a_search_for_streams_comes_to_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "_MOST_WORK", 50 * 65_536)
    monkeypatch.setattr(streams, "_WORK_PER_BYTE", 0)
    # Each is cut off where the next one begins.
    part = b"stream\n" + zlib.compress(bytes(50_000), 0)[:40_000]
    whole = pdf_of(list(TEXTS.values()))
    assert len(found(whole[:9] + part * 30 + whole[9:])) == 4
    assert found(whole[:9] + part * 60 + whole[9:]) == []


def test_places_are_looked_at_one_after_the_other() -> None:
    data = pdf_of([])[:9] + b"stream\nx\x9c" * 100_000
    tracemalloc.start()
    assert streams_of(memoryview(data)) == []
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # Known at once, each takes more than a hundred bytes.
    assert peak < len(data)


def test_of_very_many_places_the_first_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "_MOST_PLACES", 3)
    assert len(found(pdf_of(list(TEXTS.values())))) == 3
    assert found(zip_of(TEXTS)) == []
    assert len(found(zip_of({name: TEXTS[name] for name in list(TEXTS)[:3]}))) == 3


def raw(data: bytes) -> tuple[bytes, Stream]:
    packed = zlib.compress(data, 9, -15)
    return packed, Stream(0, RAW, len(packed), len(data), Encoding(9))


def test_a_recipe_that_would_make_too_much_is_refused() -> None:
    packed, one = raw(bytes(8 * 1024 * 1024))
    count = MAX_EXPANDED_BYTES // one.plain + 1
    with pytest.raises(RefusedError):
        inflate(packed * count, inflating_recipe([one] * count))


def test_recipes_that_do_not_fit_are_refused() -> None:
    packed, one = raw(TEXTS["0.txt"])
    recipe = deflating_recipe([one])
    for data, size in ((TEXTS["0.txt"][:-1], len(packed)), (TEXTS["0.txt"], len(packed) + 1)):
        with pytest.raises(RefusedError):
            deflate(data, recipe, size)
    for data in (packed[:-1], packed[:-1] + b"\0", b""):
        with pytest.raises(RefusedError):
            inflate(data, inflating_recipe([one]))


def test_damaged_recipes_are_refused_or_give_their_size() -> None:
    data = zip_of({"a.docx": zip_of(TEXTS), "p.png": png_of(1)})
    streams = found(data)
    text = inflate(data, inflating_recipe(streams))
    chance = Random(3)
    works: list[tuple[bytes, Callable[[bytes], bytearray]]] = [
        (inflating_recipe(streams), lambda damaged: inflate(data, damaged)),
        (deflating_recipe(streams), lambda damaged: deflate(text, damaged, len(data))),
    ]
    for recipe, work in works:
        refused = 0
        for _ in range(300):
            damaged = bytearray(recipe)
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
            try:
                work(bytes(damaged[: chance.randrange(len(damaged) + 1)]))
            except RefusedError:
                refused += 1
        assert refused > 200
