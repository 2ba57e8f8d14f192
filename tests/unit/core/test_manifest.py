from typing import Any

import msgspec
import pytest

from core.digest import digest_of
from core.errors import RefusedError
from core.manifest import (
    File,
    Item,
    Manifest,
    best_title,
    decode_manifest,
    encode_manifest,
)
from core.names import PackId

A, B = digest_of(b"a"), digest_of(b"b")


def manifest(**changes: Any) -> Manifest:
    base = Manifest(
        format=1,
        pack=PackId("gd/zhuhai/math"),
        version=3,
        title={"zh": "数学", "en": "Mathematics"},
        items=[
            Item(id="video", title={"zh": "第一课"}, kind="video", entry="1.mp4", paths=["1.mp4"]),
            Item(id="page", title={}, kind="html", entry="p/index.html", paths=["p/"]),
        ],
        files=[
            File("1.mp4", A, 1, "video/mp4"),
            File("p/index.html", B, 1, "text/html"),
            File("p/x/y.png", A, 1, "image/png"),
        ],
    )
    return msgspec.structs.replace(base, **changes)


def test_round_trip_is_canonical() -> None:
    data = encode_manifest(manifest())
    assert decode_manifest(data) == manifest()
    assert encode_manifest(decode_manifest(data)) == data


def test_files_of_an_item() -> None:
    one = manifest()
    assert [file.path for file in one.files_of(one.items[0])] == ["1.mp4"]
    assert [file.path for file in one.files_of(one.items[1])] == ["p/index.html", "p/x/y.png"]
    assert one.digests() == {A: 1, B: 1}


def test_an_id_ends_where_it_seems_to() -> None:
    data = encode_manifest(manifest()).replace(b'"id":"page"', b'"id":"page\\n"')
    with pytest.raises(RefusedError, match="regex"):
        decode_manifest(data)


def test_items_that_name_billions_of_files_are_refused() -> None:
    """Such a manifest has a megabyte or two; what it asks of a node would never end."""
    files = [File(f"p/{n:05}", A, 1, "") for n in range(10_000)]
    items = [Item(f"i{n}", {}, "pdf", files[0].path, ["p/"]) for n in range(101)]
    with pytest.raises(RefusedError, match="too many files together"):
        encode_manifest(manifest(files=files, items=items))
    assert len(manifest(files=files, items=items[:99]).files_of(items[0])) == 10_000


def test_a_folder_is_not_its_neighbour() -> None:
    files = [File(path, A, 1, "") for path in ("a", "p!/x", "p/x", "p/y/z", "p0", "pq")]
    one = manifest(files=files, items=[])
    item = Item("i", {}, "pdf", "a", ["p/", "a", "p/y/"])
    assert [file.path for file in one.files_of(item)] == ["a", "p/x", "p/y/z"]


def test_unknown_fields_of_a_newer_packager_are_ignored() -> None:
    data = encode_manifest(manifest())
    assert decode_manifest(data[:-1] + b',"cues":[1]}') == manifest()


def test_a_newer_format_is_named() -> None:
    data = encode_manifest(manifest()).replace(b'"format":1', b'"format":2')
    with pytest.raises(RefusedError, match="format 2") as caught:
        decode_manifest(data)
    assert "Update" in caught.value.hint


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"files": manifest().files[::-1]}, "not sorted"),
        ({"files": [*manifest().files, File("q", A, 2, "")]}, "two sizes"),
        ({"files": [*manifest().files, File("q/..", A, 1, "")]}, r"'\.\.'"),
        ({"items": [manifest().items[0], manifest().items[0]]}, "same id"),
        ({"items": [Item("x", {}, "pdf", "no.pdf", ["1.mp4"])]}, "not in the pack"),
        ({"items": [Item("x", {}, "pdf", "1.mp4", ["gone/"])]}, "gone/"),
        ({"items": [Item("x", {}, "html", "p/", ["p/"])]}, "not in the pack"),
        ({"valid_until": "next year"}, "not a date"),
        ({"valid_until": "2027-13-01"}, "not a date"),
        ({"pack": PackId("../../x")}, "not a pack id"),
    ],
)
def test_contradictions_are_refused(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(RefusedError, match=reason):
        encode_manifest(manifest(**changes))


@pytest.mark.parametrize(
    "data",
    [b"", b"[]", b"{", b'{"format":"1"}', b"\xff", b"[" * 100_000, b'{"format":1,"pack":7}'],
)
def test_garbage_is_refused_in_a_sentence(data: bytes) -> None:
    with pytest.raises(RefusedError, match="manifest"):
        decode_manifest(data)


@pytest.mark.parametrize(
    ("titles", "language", "expected"),
    [
        ({"zh": "课", "en": "Lesson"}, "en", "Lesson"),
        ({"zh": "课", "en": "Lesson"}, "zh_Hans", "课"),
        ({"zh": "课", "bo": "སློབ"}, "en", "课"),
        ({"ug": "دەرس"}, "en", "دەرس"),
        ({}, "en", "x"),
        ({"en": ""}, "en", "x"),
    ],
)
def test_best_title(titles: dict[str, str], language: str, expected: str) -> None:
    assert best_title(titles, language, "x") == expected
