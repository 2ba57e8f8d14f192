"""What an earlier Packhorse packed is unpacked by this one."""

import hashlib
import json
from pathlib import Path

import pytest

from core.release import Release, decode_release
from tests.support.rebuild import Blobs, manifest_in, rebuild, tree_of

GOLDEN = Path(__file__).parents[2] / "golden" / "bundle-v1"


def release(version: int) -> Release:
    return decode_release((GOLDEN / f"{version}.release.json").read_bytes())


def decode(base: int, version: int, held: Blobs) -> Blobs:
    link = next(link for link in release(version).bundles if link.base == base)
    bundle = (GOLDEN / f"{base}-{version}.bundle").read_bytes()
    return {**held, **rebuild(bundle, link, release(version), held)}


def test_there_is_a_delta_and_it_is_small() -> None:
    assert [link.base for link in release(2).bundles] == [0, 1]
    assert (GOLDEN / "1-2.bundle").stat().st_size < 1000


@pytest.mark.parametrize("bases", [[(0, 1)], [(0, 2)], [(0, 1), (1, 2)]])
def test_golden_bundles_give_the_golden_files(bases: list[tuple[int, int]]) -> None:
    blobs: Blobs = {}
    for base, version in bases:
        blobs = decode(base, version, blobs)
    version = bases[-1][1]
    tree = tree_of(manifest_in(release(version), blobs), blobs)
    found = {path: hashlib.sha256(data).hexdigest() for path, data in tree.items()}
    assert found == json.loads((GOLDEN / f"{version}.files.json").read_text(encoding="utf-8"))
