"""Comparing two versions of a pack."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from core.digest import Digest
from core.manifest import Item, Manifest
from packager.changes.lessons import PLACES, Lesson, What, differing, lessons_of
from packager.changes.pairing import misplaced, paired

Kind = Literal["added", "changed", "moved", "removed"]
KINDS: Final[tuple[Kind, ...]] = ("added", "changed", "moved", "removed")


@dataclass(frozen=True)
class Change:
    """A lesson that differs.

    Attributes:
        kind: how. One that was changed and moved is changed.
        was: what it was; None when it was added.
        now: what it is; None when it was removed.
        what: what of it differs; nothing of those that were added or removed.
        size: bytes of its files that the old version lacks; a file of several lessons counts once.
        behind: the lesson before it in the new order; None for the first one.
    """

    kind: Kind
    was: Item | None
    now: Item | None
    what: tuple[What, ...] = ()
    size: int = 0
    behind: Item | None = None

    @property
    def item(self) -> Item:
        """What it is, or was."""
        if found := self.now or self.was:
            return found
        raise AssertionError(self.kind)


@dataclass(frozen=True)
class Changes:
    """What differs between two versions.

    Attributes:
        lessons: those that differ: in the new order, then those that were removed, in the old one.
        unchanged: those that do not, in the new order.
        pack: what is said of the whole pack and differs, by the manifest's names.
        files: how many files that belong to no lesson were added, changed or removed.
    """

    lessons: list[Change]
    unchanged: list[Item]
    pack: tuple[str, ...] = ()
    files: int = 0

    def of(self, kind: Kind) -> list[Change]:
        """Give the lessons that differ in one way."""
        return [one for one in self.lessons if one.kind == kind]


def compare(old: Manifest | None, new: Manifest) -> Changes:
    """Compare two versions of a pack.

    Args:
        old: the version before; None when there is none.
        new: the version that is compared with it.
    """
    before, after = lessons_of(old) if old else [], lessons_of(new)
    pairs = paired(before, after)
    elsewhere = _elsewhere(before, after, pairs)
    sizes = _sizes(old, after)
    lessons: list[Change] = []
    unchanged: list[Item] = []
    for number, one in enumerate(after):
        behind = after[number - 1].item if number else None
        if number not in pairs:
            lessons.append(Change("added", None, one.item, (), sizes[number], behind))
            continue
        was = before[pairs[number]]
        what = differing(was, one, is_misplaced=number in elsewhere)
        if what:
            kind: Kind = "moved" if PLACES.issuperset(what) else "changed"
            lessons.append(Change(kind, was.item, one.item, what, sizes[number], behind))
        else:
            unchanged.append(one.item)
    kept = set(pairs.values())
    gone = (one.item for number, one in enumerate(before) if number not in kept)
    lessons += [Change("removed", item, None) for item in gone]
    if old is None:
        return Changes(lessons, unchanged)
    return Changes(lessons, unchanged, _pack(old, new), _files(old, before, new, after))


def _elsewhere(
    before: Sequence[Lesson], after: Sequence[Lesson], pairs: Mapping[int, int]
) -> set[int]:
    """Give the lessons that went elsewhere in the order; those in other folders did anyway."""
    numbers = [
        number
        for number, was in sorted(pairs.items())
        if after[number].folder == before[was].folder
    ]
    return {numbers[place] for place in misplaced([pairs[number] for number in numbers])}


def _sizes(old: Manifest | None, after: Sequence[Lesson]) -> list[int]:
    held = set(old.digests()) if old else set[Digest]()
    sizes = []
    for one in after:
        fresh = {file.digest: file.size for file in one.files if file.digest not in held}
        held.update(fresh)
        sizes.append(sum(fresh.values()))
    return sizes


def _pack(old: Manifest, new: Manifest) -> tuple[str, ...]:
    return tuple(
        name
        for name in new.__struct_fields__
        if name not in {"version", "items", "files"} and getattr(old, name) != getattr(new, name)
    )


def _files(old: Manifest, before: Sequence[Lesson], new: Manifest, after: Sequence[Lesson]) -> int:
    """Count the files of no lesson that differ."""
    there, here = dict(_others(old, before)), dict(_others(new, after))
    return sum(here.get(path) != there.get(path) for path in here.keys() | there.keys())


def _others(manifest: Manifest, lessons: Sequence[Lesson]) -> Iterator[tuple[str, Digest]]:
    named = {file.path for one in lessons for file in one.files}
    return ((file.path, file.digest) for file in manifest.files if file.path not in named)
