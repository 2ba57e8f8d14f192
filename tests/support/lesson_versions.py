"""Versions of a pack in tests: what their lessons are, in a few words."""

from collections.abc import Mapping, Sequence

from core.cues import Cue
from core.digest import Digest, digest_of
from core.kinds import kind_of
from core.manifest import File, Item, Manifest
from core.names import PackId
from core.rendition import Rendition, Segment
from packager.naming import item_ids, title_from

SIZE = 1000


def digest(content: str) -> Digest:
    """Give the digest of what a lesson holds."""
    return digest_of(content.encode())


def rendition(name: str, source: str, made: str, path: str) -> Rendition:
    """Give a rendition of the video ``source`` at a path."""
    return Rendition(
        name=name,
        path=path,
        source=digest(source),
        settings=f"{name} {made}",
        head=100,
        segments=[Segment(SIZE - 100, 90_000)],
    )


def lesson(
    path: str,
    title: str = "",
    *,
    chinese: str = "",
    also: Sequence[str] = (),
    cues: Sequence[Cue] = (),
    until: str | None = None,
) -> Item:
    """Give a lesson; its id comes when the version is made."""
    titles = {"en": title or title_from(path), **({"zh": chinese} if chinese else {})}
    paths = [path, *also]
    return Item("x", titles, kind_of(path), path, paths, until, [], list(cues))


def version(
    lessons: Sequence[Item], contents: Mapping[str, str], number: int = 1, **said: str
) -> Manifest:
    """Give a version.

    Args:
        lessons: in order.
        contents: of other files than those that hold their own path.
        number: of the version.
        said: of the whole pack.
    """
    ids = item_ids(one.paths[0] for one in lessons)
    items = [
        Item(
            name,
            one.title,
            one.kind,
            one.entry,
            one.paths,
            one.valid_until,
            one.renditions,
            one.cues,
        )
        for name, one in zip(ids, lessons, strict=True)
    ]
    paths = {path for one in items for path in [one.entry, *one.paths] if not path.endswith("/")}
    held = {path: path for path in paths} | dict(contents)
    files = [File(path, digest(text), SIZE, "text/plain") for path, text in sorted(held.items())]
    return Manifest(
        format=1,
        pack=PackId("gd/-/x"),
        version=number,
        title={"en": "X"},
        items=items,
        files=files,
        **said,
    )
