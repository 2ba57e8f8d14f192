"""What a simulated node holds: versions, blobs, and what is served of them; survives power cuts.

The rules are those of ``cache.catalogue``; ``stores`` has the same with the real catalogue, and a
test holds the two equal.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple, Protocol

from tests.simulation.scenario import ItemFacts, StepFacts, VersionFacts

# Only sound ranks behind any version with pictures.
_SOUND: Final = 1 << 20


class Blob(NamedTuple):
    """The files of one rendition of one revision of an item."""

    pack: str
    item: str
    revision: int
    rendition: str


def blob_of(pack: str, item: ItemFacts, step: StepFacts) -> Blob:
    """Name what a step of an item is."""
    return Blob(pack, item.item, item.revision, step.rendition)


class Content(Protocol):
    """What decides which version of an item is served."""

    def activate(self, version: VersionFacts) -> None:
        """Make a version its pack's newest one."""

    def arrived(self, blob: Blob) -> None:
        """Note a blob that is durable."""

    def withdraw(self, pack: str, items: frozenset[str]) -> None:
        """Let exactly these be withdrawn."""

    def lost(self, blobs: Iterable[Blob]) -> None:
        """Note blobs that are about to be removed."""

    def drop(self, pack: str) -> None:
        """Forget a pack."""

    def served(self) -> Mapping[tuple[str, str], int]:
        """Give the version in which each item is served."""

    def reopen(self) -> None:
        """Open it again after a power cut."""


class MemoryContent:
    """Content without a database, for weeks by the thousand."""

    def __init__(self) -> None:
        self._versions: dict[str, list[VersionFacts]] = {}
        self._held: set[Blob] = set()
        self._withdrawn: dict[str, frozenset[str]] = {}
        self._served: dict[tuple[str, str], int] = {}

    def activate(self, version: VersionFacts) -> None:
        """Make a version its pack's newest one."""
        known = self._versions.setdefault(version.pack, [])
        if version not in known:
            known.append(version)
        self._serve(version.pack)

    def arrived(self, blob: Blob) -> None:
        """Note a blob that is durable."""
        self._held.add(blob)
        self._serve(blob.pack)

    def withdraw(self, pack: str, items: frozenset[str]) -> None:
        """Let exactly these be withdrawn."""
        self._withdrawn[pack] = items
        self._serve(pack)

    def lost(self, blobs: Iterable[Blob]) -> None:
        """Note blobs that are about to be removed."""
        gone = set(blobs)
        self._held -= gone
        for pack in {one.pack for one in gone}:
            self._serve(pack)

    def drop(self, pack: str) -> None:
        """Forget a pack."""
        self._versions.pop(pack, None)
        self._held = {one for one in self._held if one.pack != pack}
        self._serve(pack)

    def served(self) -> Mapping[tuple[str, str], int]:
        """Give the version in which each item is served."""
        return self._served

    def reopen(self) -> None:
        """Open it again after a power cut; all of it is durable."""

    def _serve(self, pack: str) -> None:
        for place in [one for one in self._served if one[0] == pack]:
            del self._served[place]
        versions = self._versions.get(pack, [])
        gone = self._withdrawn.get(pack, frozenset())
        listed = {one.item for one in versions[-1].items} - gone if versions else set()
        ranks: dict[str, int] = {}
        for number, version in enumerate(versions):
            for item in version.items:
                rank = self._rank(pack, item, number + 1) if item.item in listed else 0
                if rank and rank >= ranks.get(item.item, rank):
                    ranks[item.item] = rank
                    self._served[pack, item.item] = version.version

    def _rank(self, pack: str, item: ItemFacts, number: int) -> int:
        """Rank a version of an item; 0 where it cannot be shown, less where only sound is here."""
        here = [one for one in every_step(item) if blob_of(pack, item, one) in self._held]
        if not here:
            return 0
        is_whole = all(blob_of(pack, item, one) in self._held for one in item.steps)
        sound_alone = all(one.sound_alone for one in here)
        return number - _SOUND if sound_alone and not is_whole else number


def every_step(item: ItemFacts) -> Iterator[StepFacts]:
    """Give all renditions of an item, any one of which shows it."""
    yield from item.steps
    if item.spare is not None:
        yield item.spare
