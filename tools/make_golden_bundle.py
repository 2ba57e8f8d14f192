"""Make tests/golden/bundle-v1: two versions of a small pack, with full bundles and a delta.

Run once for each bundle format, by hand: what it made then must be decoded by every later
Packhorse, so it is never made again.

    .venv/bin/python -m tools.make_golden_bundle tests/golden/bundle-v1
"""

import hashlib
import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from core.release import encode_release
from packager.build import Build, Tools, build_bundles, read_folder
from packager.bundler import Levels
from packager.manifests import make_manifest
from packager.scan import scan
from packager.workspace import Workspace

TOML = """id = "gd/zhuhai/golden"
language = "zh"
valid_until = 2099-07-01
[title]
zh = "黄金"
en = "Golden"
"""
PUBLISHED = "2026-11-22T00:00:00Z"


def noise(size: int) -> bytes:
    """Give bytes that cannot be compressed, always the same."""
    return b"".join(hashlib.sha256(b"%d" % n).digest() for n in range(size // 32 + 1))[:size]


FIRST = {
    "01 分数.mp4": noise(70_000),
    "01 分数.zh.vtt": b"WEBVTT\n",
    "02 page/index.html": b"<title>Fish</title>" + b"<p>fish</p>" * 500,
    "03 sheet.txt": b"one line\n" * 200,
    "empty.txt": b"",
}
SECOND = {
    **FIRST,
    "02 page/index.html": FIRST["02 page/index.html"] + b"<p>more fish</p>",
    "04 renamed.txt": FIRST["03 sheet.txt"],
    "05 new.txt": b"new\n",
}
del SECOND["03 sheet.txt"]


@contextmanager
def silent(label: str, total: int) -> Iterator[Callable[[int], None]]:
    """Show no progress."""
    del label, total
    yield lambda _: None


def main(place: Path) -> None:
    """Write releases, bundles and what they must give."""
    place.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as temporary:
        tools = Tools(Workspace(Path(temporary, "work")), silent, Levels(), 3)
        one = build(Path(temporary, "one"), FIRST, 1, tools, None)
        two = build(Path(temporary, "two"), SECOND, 2, tools, one)
        for made, files in ((one, FIRST), (two, SECOND)):
            keep(place, made, files, tools)


def build(
    folder: Path, files: dict[str, bytes], version: int, tools: Tools, base: Build | None
) -> Build:
    """Build one version of the pack."""
    for path, data in {"pack.toml": TOML.encode(), **files}.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    found = scan(folder)
    digests = read_folder(found, tools, datetime(2026, 11, 22, tzinfo=UTC))
    manifest = make_manifest(found, digests, version)
    return build_bundles(found, manifest, [base.manifest] if base else [], tools)


def keep(place: Path, made: Build, files: dict[str, bytes], tools: Tools) -> None:
    """Copy what was made for one version."""
    version = made.manifest.version
    (place / f"{version}.release.json").write_bytes(encode_release(made.release(PUBLISHED)))
    for bundle in made.bundles:
        data = tools.workspace.bundle(bundle.link.index).read_bytes()
        (place / f"{bundle.link.base}-{version}.bundle").write_bytes(data)
    expected = {path: hashlib.sha256(data).hexdigest() for path, data in files.items()}
    text = json.dumps(expected, ensure_ascii=False, indent=1)
    (place / f"{version}.files.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
