"""``docs/bundle-format.md`` is enough to write a decoder: the one in ``tests/support`` was."""

import json
import zipfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from core.bundle.frame import decompress_exactly
from core.errors import RefusedError
from core.release import encode_release
from packager.folders.applying import apply_bundle
from packager.folders.diffing import diff_folders
from tests.support.archives import gzip_of, pdf_of, png_of, prose, zip_of
from tests.support.packing import build, bundle_bytes, silent, tools_in, write_tree
from tests.support.second_decoder import codecs, second
from tests.support.second_decoder.bundles import decode_folder, decode_pack
from tests.support.second_decoder.reading import WrongBundleError, unzstd
from tests.support.second_decoder.recipes import Stream, read_recipe

GOLDEN = Path(__file__).parents[2] / "golden"
Folder = Mapping[str, bytes | None]


def golden(form: str, name: str) -> bytes:
    return (GOLDEN / f"bundle-{form}" / name).read_bytes()


def digests(files: Folder) -> dict[str, str]:
    return {path: sha256(data or b"").hexdigest() for path, data in files.items()}


def write(place: Path, folder: Folder) -> None:
    place.mkdir()
    for path, data in folder.items():
        file = place / path
        if data is None:
            file.mkdir(parents=True)
        else:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)


def difference(place: Path, old: Folder, new: Folder) -> bytes:
    """Give what ``packhorse pack diff`` makes of two folders."""
    write(place / "old", old)
    write(place / "new", new)
    diff_folders(place / "old", place / "new", place / "bundle", silent)
    return (place / "bundle").read_bytes()


@pytest.mark.parametrize("form", ["v1", "v2"])
def test_the_golden_packs_are_decoded(form: str) -> None:
    releases = [golden(form, f"{version}.release.json") for version in (1, 2)]
    wanted = [json.loads(golden(form, f"{version}.files.json")) for version in (1, 2)]

    first = decode_pack(golden(form, "0-1.bundle"), releases[0])
    second = decode_pack(golden(form, "0-2.bundle"), releases[1])

    assert [digests(first.files), digests(second.files)] == wanted
    assert decode_pack(golden(form, "1-2.bundle"), releases[1], first) == second


def test_the_golden_folder_is_decoded() -> None:
    with zipfile.ZipFile(GOLDEN / "bundle-v2" / "folder.zip") as archive:
        old = {name: archive.read(name) for name in archive.namelist() if name[-1] != "/"}

    new = decode_folder(golden("v2", "folder.bundle"), old)

    assert digests(new) == json.loads(golden("v2", "2.files.json"))


@pytest.mark.parametrize("name", ["blocks.docx.json", "blocks.html.json"])
def test_the_golden_blocks_are_decoded(name: str) -> None:
    told = json.loads(golden("v2", name))
    references, content = (bytes.fromhex(told[key]) for key in ("references", "content"))

    for block in told["blocks"]:
        given_to_it = references if block["has_references"] else b""
        payload = bytes.fromhex(block["payload"])
        made = codecs.decoded(block["codec"], payload, given_to_it, len(content))
        assert made == content


def course(edition: int) -> Folder:
    """Give a folder with streams of every kind, inside each other, too."""
    text = prose(7, 20_000)
    edited = text[:9000] + b"edition %d" % edition + text[9000:]
    deepest = zip_of({"a.xml": edited, "b.xml": prose(8, 5000)}, 9)
    slide = {
        "text.xml": prose(9, 6000) + b"%d" % edition,
        "stored.png": png_of(edition),
        "deflated.png": png_of(edition + 1),
    }
    return {
        "zip in zip in zip.zip": zip_of({"2.zip": zip_of({"3.zip": deepest})}, 1),
        "slides.odp": zip_of(slide, stored=frozenset({"stored.png"})),
        "picture.PNG": png_of(edition),
        "sheet.pdf": pdf_of([prose(10, 9000), edited]),
        "log.gz": gzip_of(edited, "log"),
        "page.html": edited,
    }


def kinds_seen(streams: Sequence[Stream], depth: int = 1) -> set[tuple[str, int]]:
    """Give what kinds of streams there are, and how deep each lies."""
    found: set[tuple[str, int]] = set()
    for one in streams:
        kind = "png" if one.in_png else "raw" if one.kind == 1 else "zlib"
        found |= {(kind, depth)} | kinds_seen(one.inside, depth + 1)
    return found


def test_streams_in_streams_and_pictures_in_archives_are_decoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[bool, set[tuple[str, int]]] = {False: set(), True: set()}

    def watched(data: bytes, *, to_deflate: bool) -> list[Stream]:
        streams = read_recipe(data, to_deflate=to_deflate)
        seen[to_deflate] |= kinds_seen(streams)
        return streams

    monkeypatch.setattr(codecs, "read_recipe", watched)
    old, new = course(1), course(2)

    assert decode_folder(difference(tmp_path, old, new), old) == new
    every = {("zlib", 1), ("png", 1), ("raw", 1), ("png", 2), ("raw", 2), ("raw", 3)}
    assert seen[False] >= every
    assert seen[True] >= every


def test_what_was_in_an_archive_and_is_in_none_now_is_decoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = prose(11, 40_000)
    old, new = {"a.zip": zip_of({"a.txt": text})}, {"a.txt": text[:20_000] + b"!" + text[20_000:]}
    recipes: list[bool] = []

    def watched(data: bytes, *, to_deflate: bool) -> list[Stream]:
        recipes.append(to_deflate)
        return read_recipe(data, to_deflate=to_deflate)

    monkeypatch.setattr(codecs, "read_recipe", watched)

    assert decode_folder(difference(tmp_path, old, new), old) == new
    assert recipes == [False]


def test_rows_of_every_kind_are_decoded(tmp_path: Path) -> None:
    long = prose(12, 3000)
    old = {
        "a/kept.TXT": b"kept",
        "a/gone.txt": b"gone",
        "a/moved.txt": long,
        "b": b"a file, then a folder",
        "c/empty": b"",
        "d": None,
        "课/一.html": long + b"1",
        ".hidden": b"no extension",
    }
    new = {
        "a/kept.TXT": b"kept",
        "a/kept too.txt": b"kept",
        "z/moved.txt": long,
        "b/c": None,
        "c/empty": b"not any more",
        "c/also empty": b"",
        "d": b"a folder, then a file",
        "课/一.html": long + b"2",
        "课/二.html": long + b"2",
    }

    assert decode_folder(difference(tmp_path, old, new), old) == new


def test_both_count_the_same_entries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = {f"{n}.txt": prose(n, 600) for n in range(5)} | {"empty": b"", "none": None}
    new = {path: data and data + b"!" for path, data in old.items()} | {"also empty": b""}
    bundle = difference(tmp_path, old, new)
    accepted = []
    for limit in range(99):
        monkeypatch.setattr("core.bundle.index.MAX_ENTRIES", limit)
        monkeypatch.setattr(second, "MOST_ENTRIES", limit)
        with suppress(RefusedError):
            apply_bundle(tmp_path / "old", tmp_path / "bundle", tmp_path / f"made-{limit}")
            accepted.append(("apply", limit))
        with suppress(WrongBundleError):
            assert decode_folder(bundle, old) == new
            accepted.append(("second", limit))
    least = accepted[0][1]
    assert accepted[:2] == [("apply", least), ("second", least)]
    assert least > 10


@pytest.mark.parametrize("is_told", [False, True])
def test_a_frame_of_no_bytes_tells_its_size(*, is_told: bool) -> None:
    """The library cannot be given 0 bytes of room: it takes them for a size that is not known."""
    frame = zstandard.ZstdCompressor(write_content_size=is_told).compress(b"")
    if is_told:
        assert decompress_exactly(frame, 0, "It") == unzstd(frame, 0) == b""
        return
    with pytest.raises(RefusedError):
        decompress_exactly(frame, 0, "It")
    with pytest.raises(WrongBundleError):
        unzstd(frame, 0)


def test_no_letters_but_a_to_z_are_made_small(tmp_path: Path) -> None:
    # Sorted by its small letter, Ä would come behind á.
    old = {"1.Ä": prose(13, 3000), "2.á": prose(14, 3000), "3.B": prose(15, 3000), "4.a": b"4"}
    new = {path: data + b"!" for path, data in old.items()}

    assert decode_folder(difference(tmp_path, old, new), old) == new


def test_the_packs_of_today_are_decoded(tmp_path: Path) -> None:
    folder, tools = tmp_path / "fish", tools_in(tmp_path / "work")
    pages = {f"{n:02}.html": prose(n, 900) for n in range(12)}
    versions = [
        {**pages, "slides.odp": zip_of({"text.xml": prose(20, 20_000)}), "empty.txt": b""},
        {
            **{f"renamed/{path}": page for path, page in pages.items()},
            "slides.odp": zip_of({"text.xml": prose(20, 20_000) + b"!"}),
            "empty.txt": b"",
            "11.html": pages["11.html"] + b"!",
        },
    ]
    write_tree(folder, versions[0])
    before = build(folder, tools, 1, [])
    write_tree(folder, versions[1])
    after = build(folder, tools, 2, [before.manifest])
    releases = [encode_release(one.release("2026-11-24T08:30:00Z")) for one in (before, after)]
    bundles = bundle_bytes(after, tools)

    first = decode_pack(bundle_bytes(before, tools)[0], releases[0])
    assert first.files == versions[0]
    assert bundles[1][7] == 2
    second = decode_pack(bundles[1], releases[1], first)
    assert second.files == versions[1]
    assert decode_pack(bundles[0], releases[1]) == second


def test_a_bit_that_differs_is_refused() -> None:
    release, bundle = golden("v2", "2.release.json"), golden("v2", "1-2.bundle")
    base = decode_pack(golden("v2", "0-1.bundle"), golden("v2", "1.release.json"))
    head = json.loads(release)["bundles"][1]["index_length"]

    for at in [*range(0, 40, 8), *range(40, len(bundle), 4999)]:
        damaged = bytearray(bundle)
        damaged[at] ^= 1 << at % 8
        why = "release names another" if at < head else "block has another digest"
        with pytest.raises(WrongBundleError, match=why):
            decode_pack(bytes(damaged), release, base)


def test_another_old_folder_is_refused(tmp_path: Path) -> None:
    old: Folder = {"a": b"1", "b": None}
    bundle = difference(tmp_path, old, {"a": b"2"})

    for other in ({"a": b"1"}, {"a": b"1", "b": b""}, {"a": b"3", "b": None}):
        with pytest.raises(WrongBundleError, match="another old folder"):
            decode_folder(bundle, other)


TEXTS = st.lists(st.integers(0, 7), max_size=5).map(
    lambda seeds: b"".join(prose(seed, 700) for seed in seeds)
)
FILES = st.one_of(
    TEXTS,
    TEXTS.map(lambda text: gzip_of(text, "a")),
    st.integers(0, 3).map(png_of),
    st.tuples(TEXTS, st.integers(0, 3), st.sampled_from([1, 6, 9])).map(
        lambda drawn: zip_of({"a": drawn[0], "b.png": png_of(drawn[1])}, drawn[2])
    ),
    TEXTS.map(lambda text: zip_of({"inner.zip": zip_of({"a.txt": text, "b.txt": text[::-1]})})),
)
NAMES = st.sampled_from(["a.html", "B.html", "c/d.ZIP", "c/e.zip", "c/.f", "课/一.html", "g."])
FOLDERS = st.builds(
    lambda files, empty: {**files, **dict.fromkeys(empty)},
    st.dictionaries(NAMES, FILES, max_size=6),
    st.sets(st.sampled_from(["c/empty", "h.html"])),
)


@settings(max_examples=12, deadline=None)
@given(FOLDERS, FOLDERS)
def test_what_two_folders_differ_by_is_decoded(old: Folder, new: Folder) -> None:
    with TemporaryDirectory() as place:
        bundle = difference(Path(place), old, new)

    assert decode_folder(bundle, old) == new
