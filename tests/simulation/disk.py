"""What a simulated node has on its disk, and what is outstanding of what it knows to be published.

Blobs are durable once whole. What is half received is durable by pieces of 256 KiB; a power cut
takes the rest.
"""

from collections.abc import Iterator
from typing import Final

from core.plan.outstanding import (
    Outstanding,
    OutstandingItem,
    OutstandingPack,
    Removable,
    Step,
)
from tests.simulation.content import Blob, Content, blob_of, every_step
from tests.simulation.scenario import ItemFacts, StepFacts, VersionFacts

_PIECE: Final = 256 * 1024
_FLOOR: Final = 1_000_000


class Disk:
    """Files and what is known about them.

    Args:
        content: decides what is served.
        size: bytes that fit.
    """

    def __init__(self, content: Content, size: int) -> None:
        self.content = content
        self.sizes: dict[Blob, int] = {}
        self.staged: dict[Blob, int] = {}
        self.filled = 0
        self.known: dict[str, VersionFacts] = {}
        self.before: dict[str, VersionFacts] = {}
        self.withdrawn: dict[str, frozenset[str]] = {}
        self.unassigned: set[str] = set()
        self.listed: dict[str, int] = {}
        self._size = size
        self._found: Outstanding | None = None
        self._packs: dict[str, OutstandingPack | None] = {}

    @property
    def used(self) -> int:
        """Bytes that are taken."""
        return sum(self.sizes.values()) + sum(self.staged.values()) + self.filled

    @property
    def usable(self) -> int:
        """Bytes that may still be filled, but for a floor that stays free."""
        return max(0, self._size - _FLOOR - self.used)

    @property
    def is_below_floor(self) -> bool:
        """Whether the floor does not stay free, and not because others filled the disk."""
        return self.used - self.filled > max(0, self._size - _FLOOR)

    def changed(self, pack: str = "") -> None:
        """Note that what is outstanding may be something else now, of one pack or all."""
        self._found = None
        if pack:
            self._packs.pop(pack, None)
        else:
            self._packs.clear()

    def learn(
        self,
        newest: dict[str, VersionFacts],
        withdrawn: dict[str, frozenset[str]],
        unassigned: set[str],
    ) -> None:
        """Learn what is published; withdrawals take effect before anything else is done."""
        for pack, items in withdrawn.items():
            if self.withdrawn.get(pack) != items:
                self.withdrawn[pack] = items
                self.content.withdraw(pack, items)
        self.known = {
            pack: one
            for pack, one in newest.items()
            if pack not in unassigned or pack in self.listed
        }
        self.unassigned = set(unassigned)
        self.changed()

    def list_pack(self, pack: str) -> None:
        """Activate the newest version: its manifest is here."""
        version = self.known[pack]
        self.content.activate(version)
        self.listed[pack] = version.version
        for item in version.items:
            for step in every_step(item):
                if self.sizes.get(blob_of(pack, item, step)) is not None:
                    self.content.arrived(blob_of(pack, item, step))
        self.clean(pack)
        self.changed(pack)

    def receive(self, blob: Blob, count: int) -> None:
        """Write bytes of what is half received."""
        self.staged[blob] = self.staged.get(blob, 0) + count

    def keep(self, blob: Blob, size: int) -> None:
        """Let a blob become whole and durable."""
        self.staged.pop(blob, None)
        self.sizes[blob] = size
        self.content.arrived(blob)
        self.clean(blob.pack)
        self.changed(blob.pack)

    def lose_power(self) -> None:
        """Lose what was not durable."""
        self.staged = {
            blob: count - count % _PIECE for blob, count in self.staged.items() if count >= _PIECE
        }
        self.changed()

    def remove(self, pack: str) -> None:
        """Remove a pack: references first, blobs after."""
        self.content.drop(pack)
        for blob in [one for one in self.sizes if one.pack == pack]:
            del self.sizes[blob]
        self.staged = {one: size for one, size in self.staged.items() if one.pack != pack}
        self.known.pop(pack, None)
        self.listed.pop(pack, None)
        self.changed()

    def clean(self, pack: str) -> None:
        """Remove what a whole new version has made needless."""
        version = self.known[pack]
        gone = self.withdrawn.get(pack, frozenset())
        needed = {
            blob_of(pack, item, step)
            for item in version.items
            if item.item not in gone
            for step in every_step(item)
        }
        wanted = {
            blob_of(pack, item, step)
            for item in version.items
            if item.item not in gone
            for step in item.steps
        }
        if all(one in self.sizes for one in wanted):
            old = [one for one in self.sizes if one.pack == pack and one not in needed]
            self.content.lost(old)
            for blob in old:
                del self.sizes[blob]
        for blob in [one for one in self.staged if one.pack == pack and one not in needed]:
            del self.staged[blob]

    def line_bytes(self, pack: str, item: ItemFacts, step: StepFacts) -> int:
        """Give what still travels for a step: less where the revision before is here."""
        before = Blob(pack, item.item, item.revision - 1, step.rendition)
        total = step.delta if before in self.sizes else step.line
        return max(0, total - self.staged.get(blob_of(pack, item, step), 0))

    def outstanding(self) -> Outstanding:
        """Give what is wanted and not here."""
        if self._found is None:
            for pack, one in self.known.items():
                if pack not in self._packs:
                    self._packs[pack] = self._pack(one) if self._lacks(one) else None
            packs = [found for pack in self.known if (found := self._packs[pack]) is not None]
            removable = [
                Removable(pack, sum(s for b, s in self.sizes.items() if b.pack == pack))
                for pack in sorted(self.unassigned)
                if pack in self.known
            ]
            self._found = Outstanding(packs=packs, removable=removable)
        return self._found

    def _lacks(self, version: VersionFacts) -> bool:
        if version.pack in self.unassigned:
            return False
        is_listed = self.listed.get(version.pack) == version.version
        return not is_listed or any(True for _ in self._items(version))

    def _pack(self, version: VersionFacts) -> OutstandingPack:
        is_listed = self.listed.get(version.pack) == version.version
        return OutstandingPack(
            pack=version.pack,
            version=version.version,
            priority=version.priority,
            is_listed=is_listed,
            head=0 if is_listed else version.head,
            line=0 if is_listed else sum(s.line for i in version.items for s in i.steps),
            size=0 if is_listed else sum(s.size for i in version.items for s in i.steps),
            items=list(self._items(version)) if is_listed else [],
        )

    def _items(self, version: VersionFacts) -> Iterator[OutstandingItem]:
        served = self.content.served()
        gone = self.withdrawn.get(version.pack, frozenset())
        for item in version.items:
            if item.item in gone:
                continue
            steps = [self._step(version.pack, item, step) for step in item.steps]
            if all(step.is_here for step in steps):
                continue
            yield OutstandingItem(
                item=item.item,
                steps=steps,
                is_served=(version.pack, item.item) in served,
                spare=item.spare and self._step(version.pack, item, item.spare),
            )

    def _step(self, pack: str, item: ItemFacts, step: StepFacts) -> Step:
        if blob_of(pack, item, step) in self.sizes:
            return Step(step.rendition, 0, 0, step.sound_alone)
        line = self.line_bytes(pack, item, step)
        left = max(1, step.size - self.staged.get(blob_of(pack, item, step), 0))
        return Step(step.rendition, line, left, step.sound_alone)
