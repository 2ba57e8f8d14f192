"""Make tests/golden/bundle-vN: two versions of a small pack, with full bundles and a delta.

Of two plain folders with the same files it makes what ``packhorse pack diff`` gives, too, and of
one file a block by each codec.

Run once for each bundle format, by hand: what it made then must be decoded by every later
Packhorse, so it is never made again.

    .venv/bin/python -m tools.make_golden_bundle tests/golden/bundle-v2
"""

import hashlib
import io
import json
import shutil
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from core.bundle.expansion import inflate, inflating_recipe
from core.release import encode_release
from packager.build import Build, Tools, build_bundles, read_folder
from packager.bundler import Levels
from packager.delta.encode import Expanded, every_way
from packager.delta.streams import Encodings, streams_of
from packager.folders.diffing import diff_folders
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


def words(count: int, seed: int = 0) -> list[str]:
    """Give words that compress somewhat, always the same."""
    return [hashlib.sha256(b"%d %d" % (seed, n)).hexdigest()[: 3 + n % 5] for n in range(count)]


def text(changes: dict[int, str], count: int = 3000) -> str:
    """Give a text with some of its words changed."""
    return " ".join(changes.get(n, word) for n, word in enumerate(words(count)))


def archive(changes: dict[int, str]) -> bytes:
    """Give a zip archive with a changed text, another one, and a gzip file."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as target:
        for name, data in {
            "content.xml": text(changes).encode(),
            "styles.xml": " ".join(words(500, 1)).encode(),
            "more/inner.gz": zlib.compress(text(changes, 900).encode(), wbits=31),
        }.items():
            target.writestr(zipfile.ZipInfo(name, (2026, 9, 1, 8, 0, 0)), data, compresslevel=6)
    return packed.getvalue()


def records(changed: int) -> bytes:
    """Give a table of numbers, of which each so many-th row is changed."""
    rows = [{"id": n, "score": n * n % 101 + (n % changed == 0)} for n in range(4000)]
    return json.dumps(rows).encode()


FIRST = {
    "01 分数.mp4": noise(70_000),
    "01 分数.zh.vtt": b"WEBVTT\n",
    "02 page/index.html": b"<title>Fish</title>" + b"<p>fish</p>" * 500,
    "03 sheet.txt": b"one line\n" * 200,
    "empty.txt": b"",
    **{f"pages/{n:02}.html": f"<p>{text({}, 40 + n)}</p>".encode() for n in range(30)},
    "06 document.docx": archive({}),
    "07 script.js": text({}, 9000).encode(),
    "08 bank.json": records(5000),
}
SECOND = {
    **FIRST,
    **{f"pages/{n:02}.html": f"<p>{text({7: 'cat'}, 40 + n)}</p>".encode() for n in range(30)},
    "06 document.docx": archive({70: "hare", 1200: "tortoise"}),
    "07 script.js": text(dict.fromkeys(range(40, 9000, 700), "fox"), 9000).encode(),
    "08 bank.json": records(60),
    "09 film with a new title.mp4": noise(70_000)[:40_000] + noise(75_000)[70_000:],
    "10 new.docx": archive({5: "new"}),
    "11 another film.mp4": noise(180_000)[110_000:],
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
            lay(Path(temporary, f"plain-{made.manifest.version}"), files)
        old, new = Path(temporary, "plain-1"), Path(temporary, "plain-2")
        diff_folders(old, new, place / "folder.bundle", silent)
        shutil.make_archive(str(place / "folder"), "zip", old)
        for name in ("06 document.docx", "pages/05.html"):
            keep_blocks(place, old / name, new / name)


def build(
    folder: Path, files: dict[str, bytes], version: int, tools: Tools, base: Build | None
) -> Build:
    """Build one version of the pack."""
    lay(folder, {"pack.toml": TOML.encode(), **files})
    found = scan(folder)
    digests = read_folder(found, tools, datetime(2026, 11, 22, tzinfo=UTC))
    manifest = make_manifest(found, digests, version)
    return build_bundles(found, manifest, [base.manifest] if base else [], tools)


def lay(folder: Path, files: dict[str, bytes]) -> None:
    """Write files into a folder."""
    for path, data in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)


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


def keep_blocks(place: Path, old: Path, new: Path) -> None:
    """Encode a file by each codec, with another one as its references."""
    references, content = expanded(old, None), expanded(new, Encodings())
    blocks = [
        {"codec": one.codec, "payload": one.payload.hex(), "has_references": one.has_references}
        for one in every_way(references, content, 22)
    ]
    told = {"references": references.data.hex(), "content": content.data.hex(), "blocks": blocks}
    text = json.dumps(told, indent=1)
    (place / f"blocks{new.suffix}.json").write_text(text + "\n", encoding="utf-8")


def expanded(file: Path, encodings: Encodings | None) -> Expanded:
    """Read a file as blocks see it."""
    data = file.read_bytes()
    streams = streams_of(memoryview(data), encodings)
    return Expanded(data, bytes(inflate(data, inflating_recipe(streams))), streams)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
