"""Building packs in tests: quick levels, no progress."""

import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from core.digest import Digest
from core.manifest import Manifest, encode_manifest
from packager.build import Build, Tools, build_bundles, read_folder
from packager.bundler import Levels
from packager.manifests import make_manifest
from packager.scan import scan
from packager.workspace import Workspace
from tests.support.rebuild import Blobs, manifest_in, rebuild, tree_of

QUICK = Levels(1, 1)
# After every file of a test was written: their times prove nothing yet.
NOW = datetime(2026, 11, 24, 8, 30, tzinfo=UTC)


@contextmanager
def silent(label: str, total: int) -> Iterator[Callable[[int], None]]:
    """Show no progress."""
    del label, total
    yield lambda _: None


def tools_in(place: Path, deltas: int = 3) -> Tools:
    """Give tools with a workspace at ``place``."""
    return Tools(Workspace(place), silent, QUICK, deltas)


def write_tree(folder: Path, files: Mapping[str, bytes]) -> None:
    """Make a folder hold exactly ``files`` and a small pack.toml."""
    if folder.exists():
        shutil.rmtree(folder)
    toml = b'id = "demo/county/fish"\nrenditions = []\n'
    for path, content in {**files, "pack.toml": toml}.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)


def build(folder: Path, tools: Tools, version: int, bases: list[Manifest]) -> Build:
    """Build a version of a folder."""
    found = scan(folder, tools.workspace.place)
    digests = read_folder(found, tools, NOW)
    return build_bundles(found, make_manifest(found, digests, version), bases, tools)


def bundle_bytes(made: Build, tools: Tools) -> dict[int, bytes]:
    """Give the bytes of every bundle by its base, dropped ones included."""
    return {
        bundle.link.base: tools.workspace.bundle(bundle.link.index).read_bytes()
        for bundle in [*made.bundles, *made.dropped]
    }


def decode(
    made: Build, tools: Tools, base: int, held: Mapping[Digest, bytes]
) -> tuple[dict[str, bytes], Blobs]:
    """Rebuild a version from one bundle and what a node of ``base`` holds.

    Returns:
        Content by path, and all blobs that the node then holds.
    """
    release = made.release("2026-11-24T08:30:00Z")
    bundles = [*made.bundles, *made.dropped]
    link = next(bundle.link for bundle in bundles if bundle.link.base == base)
    blobs = {**held, **rebuild(bundle_bytes(made, tools)[base], link, release, held)}
    manifest = manifest_in(release, blobs)
    assert encode_manifest(manifest) == blobs[release.manifest]
    return tree_of(manifest, blobs), blobs
