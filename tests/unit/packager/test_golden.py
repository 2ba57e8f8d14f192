"""What an earlier Packhorse packed is unpacked by this one."""

import hashlib
import json
import shutil
from pathlib import Path

import pytest

from core.bundle.codecs import EXPANDED, PARTS, PATCH, STORED, ZSTD, decode_block
from core.release import Release, decode_release
from packager.folders.applying import apply_bundle
from tests.support.rebuild import Blobs, manifest_in, rebuild, tree_of

GOLDEN = Path(__file__).parents[2] / "golden"
V2 = GOLDEN / "bundle-v2"
FORMATS = pytest.mark.parametrize("place", [GOLDEN / "bundle-v1", V2], ids=["v1", "v2"])


def release(place: Path, version: int) -> Release:
    return decode_release((place / f"{version}.release.json").read_bytes())


def decode(place: Path, base: int, version: int, held: Blobs) -> Blobs:
    link = next(link for link in release(place, version).bundles if link.base == base)
    bundle = (place / f"{base}-{version}.bundle").read_bytes()
    return {**held, **rebuild(bundle, link, release(place, version), held)}


def digests(place: Path, version: int) -> dict[str, str]:
    return dict(json.loads((place / f"{version}.files.json").read_text(encoding="utf-8")))


@FORMATS
def test_there_is_a_delta_and_it_is_small(place: Path) -> None:
    first, second = release(place, 2).bundles
    assert (first.base, second.base) == (0, 1)
    assert 2 * second.length < first.length


@FORMATS
@pytest.mark.parametrize("bases", [[(0, 1)], [(0, 2)], [(0, 1), (1, 2)]])
def test_golden_bundles_give_the_golden_files(place: Path, bases: list[tuple[int, int]]) -> None:
    blobs: Blobs = {}
    for base, version in bases:
        blobs = decode(place, base, version, blobs)
    version = bases[-1][1]
    tree = tree_of(manifest_in(release(place, version), blobs), blobs)
    found = {path: hashlib.sha256(data).hexdigest() for path, data in tree.items()}
    assert found == digests(place, version)


def test_the_golden_folder_is_made_of_the_older_one(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    shutil.unpack_archive(V2 / "folder.zip", old)
    apply_bundle(old, V2 / "folder.bundle", new)
    files = (path for path in new.rglob("*") if path.is_file())
    found = {
        path.relative_to(new).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
    }
    assert found == digests(V2, 2)


@pytest.mark.parametrize(
    ("name", "codecs"),
    [
        ("docx", {STORED, ZSTD, ZSTD | EXPANDED, PATCH | EXPANDED, PARTS | EXPANDED}),
        ("html", {STORED, ZSTD, PATCH, PARTS}),
    ],
)
def test_golden_blocks_give_what_they_were_made_of(name: str, codecs: set[int]) -> None:
    told = json.loads((V2 / f"blocks.{name}.json").read_text(encoding="utf-8"))
    references, content = bytes.fromhex(told["references"]), bytes.fromhex(told["content"])
    assert {block["codec"] for block in told["blocks"]} == codecs
    for block in told["blocks"]:
        given = references if block["has_references"] else b""
        payload = bytes.fromhex(block["payload"])
        assert decode_block(block["codec"], payload, given, len(content)) == content
