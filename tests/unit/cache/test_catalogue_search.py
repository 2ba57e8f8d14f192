"""Searching the catalogue: Chinese by phrase, other words by their beginning, anything typed."""

import sqlite3
import zlib
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from cache.blobs import BlobStore
from cache.catalogue_reader import CatalogueReader
from cache.catalogue_search import match_of, split
from cache.check import check
from cache.state import StateDirectory
from core.errors import UnavailableError
from core.manifest import encode_manifest
from tests.support.nodes import activate, make_state, opened
from tests.support.packs import make_manifest

PACK = "gd/zhuhai/math"
TITLES = {
    "fractions": {"zh": "分数的初步认识", "en": "Meeting Fractions"},
    "addition": {"zh": "同分母分数加法"},
    "reading": {"zh": "阅读：Ｔｈｅ　Ｃａｆé", "fr": "À l'école"},
    "tibetan": {"bo": "སློབ་ཚན་དང་པོ།"},
    "uyghur": {"ug": "ماتېماتىكا دەرسلىكى"},
}


@pytest.fixture
def state(tmp_path: Path) -> StateDirectory:
    return make_state(tmp_path / "state")


@pytest.fixture
def reader(state: StateDirectory) -> CatalogueReader:
    publish(state, TITLES)
    return CatalogueReader(state.catalogue)


def publish(
    state: StateDirectory, titles: dict[str, dict[str, str]], version: int = 1, **details: str
) -> None:
    """Activate a version whose items have these titles; the first one is here."""
    files = {name: name.encode() for name in titles}
    manifest, _ = make_manifest(files, {name: [name] for name in titles}, version=version)
    items = [msgspec.structs.replace(one, title=titles[one.id]) for one in manifest.items]
    given = {"subject": "数学", "grade": "五年级", **details}
    manifest = msgspec.structs.replace(manifest, items=items, **given)
    BlobStore(state.blobs).add(next(iter(files.values())))
    with opened(state) as catalogue:
        activate(state, catalogue, (manifest, encode_manifest(manifest)))


def found(reader: CatalogueReader, query: str) -> list[str]:
    return [one.item or one.pack for one in reader.search(query, 50)]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("分数", ["fractions", "addition"]),
        ("分", ["fractions", "addition"]),
        ("初步认识", ["fractions"]),
        ("数分", []),
        ("frac", ["fractions"]),
        ("MEETING fractions", ["fractions"]),
        ("raction", []),
        ("cafe", ["reading"]),
        ("ｃａｆÉ", ["reading"]),
        ("ecole", ["reading"]),
        ("分数 meet", ["fractions"]),
        ("meet分数", ["fractions"]),
        ("སློབ་ཚན", ["tibetan"]),
        ("ماتېما", ["uyghur"]),
        ("nothing", []),
    ],
)
def test_words_of_any_language_are_found(
    reader: CatalogueReader, query: str, expected: list[str]
) -> None:
    assert found(reader, query) == expected


def test_packs_come_first_and_subject_and_grade_count(reader: CatalogueReader) -> None:
    assert found(reader, "数学") == [PACK, *TITLES]
    assert found(reader, "五年级 同分母") == ["addition"]
    # Nowhere together, so the characters may stand apart.
    assert found(reader, "五年级数学分母") == ["addition"]


def test_hits_say_where_they_belong_and_whether_they_are_here(reader: CatalogueReader) -> None:
    pack, first, second = reader.search("数学", 3)
    assert (pack.item, pack.kind, pack.is_served) == (None, "", True)
    assert (first.item, first.kind, first.is_served) == ("fractions", "document", True)
    assert first.pack_title == {"zh": "五年级数学", "en": "Mathematics 5"}
    assert not second.is_served


@pytest.mark.parametrize(
    "query",
    ['"', "'", "*", "分*", 'a" OR "b', "NEAR(a b)", "a NOT b", "words:a", "^a", "(", ")", "-", "+a",
     "\0", "a\0b", "{a b}:c", "", " ", "%", "😀", "¦", "分数 ¦ meet", "\ud800", "a " * 200,
     "分" * 500, "ﷺ" * 100, "AND", "OR", ";DROP TABLE search"],
)  # fmt: skip
def test_whatever_is_typed_is_only_words(reader: CatalogueReader, query: str) -> None:
    assert len(found(reader, query)) <= 50
    assert found(reader, "加法") == ["addition"]


def test_no_words_find_nothing(reader: CatalogueReader) -> None:
    assert [match_of(query) for query in ("", " ", "?!", '"*"', "¦")] == [""] * 5
    assert found(reader, "?") == []


def test_a_query_has_a_bounded_number_of_terms() -> None:
    assert match_of("a b c d e f g h i j").count(" AND ") == 7
    assert match_of("分" * 500).count("分") == 100
    assert len(split("x" * 1000)[0]) == 64


def test_a_new_version_is_found_by_its_own_words_alone(
    state: StateDirectory, reader: CatalogueReader
) -> None:
    publish(state, {"addition": {"zh": "小数乘法"}}, version=2, subject="算术")
    assert found(reader, "小数") == ["addition"]
    assert found(reader, "分数") == []
    assert found(reader, "算术") == [PACK, "addition"]
    publish(state, TITLES)
    assert found(reader, "小数") == []
    assert found(reader, "分数") == ["fractions", "addition"]
    assert list(check(state, deep=True).findings) == []


def test_a_rebuilt_catalogue_is_searched_alike(
    state: StateDirectory, reader: CatalogueReader
) -> None:
    before = reader.search("数学", 50)
    state.catalogue.resolve().write_bytes(b"\xff" * 9000)
    with opened(state):
        assert reader.search("数学", 50) == before


def test_a_catalogue_of_an_older_release_is_indexed_when_it_is_opened(
    state: StateDirectory, reader: CatalogueReader
) -> None:
    before = reader.search("数学", 50)
    with closing(sqlite3.connect(state.catalogue)) as connection, connection:
        connection.execute("DROP TABLE search")
        connection.execute("DROP INDEX item_position")
        connection.execute("DELETE FROM migration WHERE checksum = ?", (zlib.crc32(b"search"),))
    with pytest.raises(UnavailableError):
        reader.search("数学", 50)
    with opened(state):
        assert reader.search("数学", 50) == before


def test_a_damaged_index_of_words_is_made_anew_by_the_next_version(
    state: StateDirectory, reader: CatalogueReader
) -> None:
    with closing(sqlite3.connect(state.catalogue)) as connection, connection:
        connection.execute("DELETE FROM search_data WHERE id > 10")
    with pytest.raises(UnavailableError):
        reader.search("分数", 50)
    assert len(reader.items(PACK)) == len(TITLES)
    publish(state, TITLES, version=2)
    assert found(reader, "分数") == ["fractions", "addition"]
    assert list(check(state, deep=True).findings) == []
