"""What is wanted of a pack, and in which order it is fetched.

Withdrawn items are not wanted, nor are renditions and items that the assignment leaves out.
"""

from collections.abc import Sequence
from typing import Annotated, Final, NamedTuple

import msgspec

from core.digest import Digest
from core.manifest import Item, Manifest
from core.rendition import AUDIO, VIDEO, wanted_of
from core.withdrawal import Withdrawal, covering, covering_pack

_Name = Annotated[str, msgspec.Meta(max_length=100)]


class Portion(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is wanted of a pack.

    Attributes:
        renditions: names as the assignment gives them, sorted; empty for all.
        items: ids of those that are wanted, sorted; None for all.
    """

    renditions: Annotated[tuple[_Name, ...], msgspec.Meta(max_length=1000)] = ()
    items: Annotated[tuple[_Name, ...], msgspec.Meta(max_length=10_000)] | None = None

    def has(self, item: str) -> bool:
        """Say whether an item is wanted."""
        return self.items is None or item in self.items


EVERYTHING: Final = Portion()
LEAST: Final = Portion((AUDIO, VIDEO))
"""What a class needs, and no more: the lowest rendition, and the lowest with moving pictures."""


class ItemStep(NamedTuple):
    """What makes an item better by one step.

    Attributes:
        rendition: its name; empty for an item that has none.
        paths: of the files that come with it.
    """

    rendition: str
    paths: set[str]


def item_steps(manifest: Manifest, item: Item, portion: Portion) -> list[ItemStep]:
    """Give an item's wanted files in the order of fetching.

    First what it needs in whatever rendition, with the lowest one that is wanted, so that it can
    be shown early; then each better one.
    """
    paths = {item.entry, *(file.path for file in manifest.files_of(item))}
    if not item.renditions:
        return [ItemStep("", paths)]
    parts = {one.name: set(one.files) for one in item.renditions}
    lowest, *better = reversed(wanted_of(portion.renditions, list(parts)))
    always = paths.difference(*parts.values())
    return [
        ItemStep(lowest, always | parts[lowest]),
        *(ItemStep(name, parts[name]) for name in better),
    ]


def steps(manifest: Manifest, item: Item, portion: Portion) -> list[set[str]]:
    """Give the paths alone of an item's steps."""
    return [step.paths for step in item_steps(manifest, item, portion)]


def spare_of(item: Item, portion: Portion) -> str | None:
    """Name the rendition that an item is taken in where those that are wanted are too large.

    It is its lowest one with moving pictures, else its sound; None where there is none below
    those that are wanted.
    """
    names = [one.name for one in item.renditions]
    wanted = wanted_of(portion.renditions, names)
    below = names[names.index(wanted[-1]) + 1 :] if wanted else []
    return wanted_of((VIDEO,), below)[0] if below else None


def demanded(portion: Portion, item: str, *, wished: bool) -> Portion | None:
    """Say what is wanted of one item: a wish adds what a class needs; None for nothing."""
    if not wished:
        return portion if portion.has(item) else None
    if not portion.has(item):
        return LEAST
    if not portion.renditions:
        return portion
    return Portion(tuple(sorted({*portion.renditions, *LEAST.renditions})), portion.items)


def wanted_digests(
    manifest: Manifest, withdrawals: Sequence[Withdrawal], portion: Portion = EVERYTHING
) -> dict[Digest, int]:
    """Give size by digest of the blobs that are wanted."""
    if not withdrawals and portion == EVERYTHING:
        return manifest.digests()
    if covering_pack(withdrawals, manifest.version):
        return {}
    named: set[str] = set()
    wanted: set[str] = set()
    for item in manifest.items:
        named |= {item.entry, *(file.path for file in manifest.files_of(item))}
        if portion.has(item.id) and covering(withdrawals, item.id, manifest.version) is None:
            wanted.update(*steps(manifest, item, portion))
    return {
        file.digest: file.size
        for file in manifest.files
        if file.path in wanted or (file.path not in named and portion.items is None)
    }
