"""Small packs for tests: a manifest from a table of contents."""

from collections.abc import Mapping

from core.digest import Digest, digest_of
from core.manifest import File, Item, Manifest, encode_manifest
from core.names import PackId


def make_manifest(
    files: Mapping[str, bytes],
    items: Mapping[str, list[str]] | None = None,
    *,
    pack: str = "gd/zhuhai/math",
    version: int = 1,
) -> tuple[Manifest, bytes]:
    """Make a manifest and its bytes; without ``items`` each file is an item of its own."""
    listed = items or {f"item-{number}": [path] for number, path in enumerate(sorted(files))}
    manifest = Manifest(
        format=1,
        pack=PackId(pack),
        version=version,
        title={"zh": "五年级数学", "en": "Mathematics 5"},
        subject="mathematics",
        items=[
            Item(id=name, title={"zh": f"第{name}课"}, kind="document",
                 entry=_entry(paths[0], files), paths=paths)
            for name, paths in listed.items()
        ],
        files=[
            File(path, digest_of(data), len(data), "text/plain; charset=utf-8")
            for path, data in sorted(files.items())
        ],
    )  # fmt: skip
    return manifest, encode_manifest(manifest)


def digests(files: Mapping[str, bytes]) -> list[Digest]:
    """Give the digests of contents, in order of path."""
    return [digest_of(data) for _, data in sorted(files.items())]


def _entry(path: str, files: Mapping[str, bytes]) -> str:
    return next(name for name in sorted(files) if name.startswith(path))
