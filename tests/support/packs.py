"""Small packs for tests: a manifest from a table of contents."""

from collections.abc import Mapping, Sequence

from core.cues import Cue
from core.digest import Digest, digest_of
from core.kinds import Kind, media_type
from core.manifest import File, Item, Manifest, encode_manifest
from core.names import PackId
from core.rendition import AUDIO, TICKS, Picture, Rendition, Segment


def make_manifest(
    files: Mapping[str, bytes],
    items: Mapping[str, list[str]] | None = None,
    *,
    pack: str = "gd/zhuhai/math",
    version: int = 1,
    renditions: Mapping[str, list[Rendition]] | None = None,
    cues: Mapping[str, list[Cue]] | None = None,
    kind: Kind = "document",
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
            Item(id=name, title={"zh": f"第{name}课"}, kind=kind,
                 entry=_entry(paths[0], files), paths=paths,
                 renditions=(renditions or {}).get(name, []), cues=(cues or {}).get(name, []))
            for name, paths in listed.items()
        ],
        files=[
            File(path, digest_of(data), len(data), _type(path))
            for path, data in sorted(files.items())
        ],
    )  # fmt: skip
    return manifest, encode_manifest(manifest)


def slight_rendition(
    name: str, path: str, files: Mapping[str, bytes], pictures: Sequence[str] = ()
) -> Rendition:
    """Describe a rendition of contents that are no video: a head of one byte, one segment."""
    height = 0 if name == AUDIO else int(name[:-1])
    return Rendition(
        name=name,
        path=path,
        source=digest_of(b"the source"),
        settings="made up for a test",
        width=height,
        height=height,
        head=1,
        segments=[Segment(len(files[path]) - 1, TICKS)],
        pictures=[Picture(number * 1000, one) for number, one in enumerate(pictures)],
    )


def digests(files: Mapping[str, bytes]) -> list[Digest]:
    """Give the digests of contents, in order of path."""
    return [digest_of(data) for _, data in sorted(files.items())]


def _type(path: str) -> str:
    return "text/plain; charset=utf-8" if "." not in path else media_type(path)


def _entry(path: str, files: Mapping[str, bytes]) -> str:
    return next(name for name in sorted(files) if name.startswith(path))
