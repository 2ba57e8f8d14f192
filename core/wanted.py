"""What is wanted of a pack, and in which order it is fetched.

Withdrawn items are not wanted, nor are renditions and items that the assignment leaves out.
"""

from collections.abc import Sequence
from typing import Annotated, Final

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


def steps(manifest: Manifest, item: Item, portion: Portion) -> list[set[str]]:
    """Give the paths of an item's wanted files in the order of fetching.

    First what it needs in whatever rendition, with the lowest one that is wanted, so that it can
    be shown early; then each better one.
    """
    paths = {item.entry, *(file.path for file in manifest.files_of(item))}
    if not item.renditions:
        return [paths]
    parts = {one.name: set(one.files) for one in item.renditions}
    lowest, *better = reversed(wanted_of(portion.renditions, list(parts)))
    always = paths.difference(*parts.values())
    return [always | parts[lowest], *(parts[name] for name in better)]


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
