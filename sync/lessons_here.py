"""What of the timetable's lessons is here, and what is not to come.

The catalogue is asked again about a lesson only when something has been written to it.
"""

from dataclasses import dataclass
from typing import Final

from cache.catalogue_reader import CatalogueItem, CatalogueReader
from core.display import few_titles
from core.manifest import Titles
from core.plan.outstanding import Outstanding, OutstandingPack
from core.plan.situation import Absence, Occurrence
from core.timetable import Slot

_WISHED_ONLY: Final = 10
"""Priority of a pack of which only wished items are wanted."""


@dataclass(frozen=True, slots=True)
class _Known:
    """What the catalogue says of an item: None where it does not know it."""

    item: CatalogueItem | None
    rendition: str = ""


@dataclass(frozen=True, slots=True)
class _Coming:
    """What is to come of a pack.

    Attributes:
        items: None while nobody knows which.
        is_wished: whether only wishes want it.
    """

    items: frozenset[str] | None
    is_wished: bool


def _coming(pack: OutstandingPack) -> _Coming:
    items = frozenset(one.item for one in pack.items) if pack.is_listed else None
    return _Coming(items, pack.priority == _WISHED_ONLY)


class LessonsHere:
    """Asks the catalogue, and remembers its answers.

    Args:
        catalogue: says what is here.
    """

    def __init__(self, catalogue: CatalogueReader) -> None:
        self._catalogue = catalogue
        self._state: object = None
        self._known: dict[tuple[str, str], _Known] = {}
        self._outstanding: Outstanding | None = None
        self._coming: dict[str, _Coming] = {}

    def here(
        self,
        outstanding: Outstanding,
        *,
        unwanted: frozenset[str],
        unpublished: frozenset[tuple[str, str]],
        has_heard: bool,
    ) -> "Here":
        """Look anew.

        Args:
            outstanding: what is to come.
            unwanted: packs that are here and that no assignment wants.
            unpublished: wished items that nobody publishes.
            has_heard: whether a hub, a stick or another node has ever told what there is.

        Raises:
            UnavailableError: the catalogue is damaged.
        """
        state = self._catalogue.state()
        if state != self._state:
            self._state = state
            self._known.clear()
        if outstanding is not self._outstanding:
            self._outstanding = outstanding
            self._coming = {one.pack: _coming(one) for one in outstanding.packs}
        return Here(self, self._coming, unwanted, unpublished, has_heard=has_heard)

    def known(self, pack: str, item: str) -> _Known:
        """Give what the catalogue says of an item."""
        found = self._known.get((pack, item))
        if found is None:
            found = self._known[pack, item] = self._ask(pack, item)
        return found

    def has(self, pack: str) -> bool:
        """Say whether the catalogue knows a pack."""
        return any(one.id == pack for one in self._catalogue.packs())

    def _ask(self, pack: str, item: str) -> _Known:
        found = self._catalogue.item(pack, item)
        if found is None or not found.is_served:
            return _Known(found)
        # Best first.
        best = (one for one in self._catalogue.renditions(pack, item) if one.here)
        return _Known(found, next((one.rendition.name for one in best), ""))


@dataclass(frozen=True, slots=True)
class Here:
    """One look: what is here, and what is to come."""

    _lessons: LessonsHere
    _packs: dict[str, _Coming]
    _unwanted: frozenset[str]
    _unpublished: frozenset[tuple[str, str]]
    has_heard: bool

    def is_enough(self, pack: str, item: str) -> bool:
        """Say whether a wish for an item is done."""
        found = self._lessons.known(pack, item).item
        return found is not None and found.is_enough

    def occurrence(self, channel: str, slot: Slot) -> Occurrence:
        """Say how one lesson stands."""
        known = self._lessons.known(slot.pack, slot.item)
        item = known.item
        return Occurrence(
            channel=channel,
            start=slot.start,
            minutes=slot.minutes,
            pack=slot.pack,
            item=slot.item,
            title=_titles(slot, item),
            rendition=known.rendition,
            is_here=item is not None and item.is_served,
            sound_alone=item is not None and item.sound_alone,
            absence=self._absence(slot.pack, slot.item, item),
        )

    def _absence(self, pack: str, name: str, item: CatalogueItem | None) -> Absence:
        if item is not None and (item.is_served or item.withdrawal is not None):
            return "" if item.is_served else "withdrawn"
        if (pack, name) in self._unpublished:
            return "unpublished"
        coming = self._packs.get(pack)
        if coming is not None:
            return _absence_of(coming, name, item)
        if pack in self._unwanted:
            return "unassigned"
        if item is None and self._lessons.has(pack):
            return "unpublished"
        return "unassigned" if item is None and self.has_heard else ""


def _absence_of(coming: _Coming, name: str, item: CatalogueItem | None) -> Absence:
    """Say whether an item of a pack of which something is to come is not among that."""
    if coming.items is None or name in coming.items:
        return ""
    if coming.is_wished and item is not None:
        return "unassigned"
    return "unpublished" if item is None else ""


def _titles(slot: Slot, item: CatalogueItem | None) -> Titles:
    if slot.title:
        return {"": slot.title}
    return few_titles(item.title) if item else {}
