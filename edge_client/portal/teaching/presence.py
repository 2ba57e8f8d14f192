"""Whether a lesson is here, as a teacher wants to know it."""

from dataclasses import dataclass
from typing import Literal

from cache.catalogue_reader import CatalogueItem
from cache.journal_wishes import Wish
from edge_client.portal.site import Site

State = Literal["here", "sound", "coming", "absent", "unknown", "unpublished", "withdrawn"]


@dataclass(frozen=True, slots=True)
class Presence:
    """One item's.

    Attributes:
        state: ``sound`` for only its sound; ``coming`` when a part of it is here already;
            ``unknown`` when this node has not heard of it; ``unpublished`` when it was wished
            for, and nobody publishes it.
        item: as the catalogue has it; None when unknown.
        missing: bytes to come.
        wish: a teacher's wish for it; None when there is none, or it is done.
    """

    state: State
    item: CatalogueItem | None = None
    missing: int = 0
    wish: Wish | None = None

    @property
    def is_here(self) -> bool:
        """Whether it can be opened."""
        return self.state in {"here", "sound"}

    @property
    def can_be_wished(self) -> bool:
        """Whether a wish would change anything; pictures can be wished for, too."""
        awaits_pictures = self.item is not None and self.item.is_served and not self.item.is_enough
        return awaits_pictures or self.state in {"coming", "absent", "unknown"}

    @property
    def can_be_taught(self) -> bool:
        """Whether a class can be started with it."""
        return self.is_here and self.item is not None and self.item.kind == "video"


async def presence(site: Site, pack: str, item: str) -> Presence:
    """Look whether an item is here.

    Raises:
        UnavailableError: the catalogue is being repaired.
    """
    found = await site.lessons.item(pack, item)
    wish = site.wishes.of(pack, item)
    if found is None:
        lost = wish is not None and (pack, item) in await site.wishes.unpublished()
        return Presence("unpublished" if lost else "unknown", wish=wish)
    if found.withdrawal is not None:
        return Presence("withdrawn", found)
    if not found.is_served:
        state: State = "coming" if found.missing < found.size else "absent"
        return Presence(state, found, found.missing, wish)
    wish = None if found.is_enough else wish
    return Presence("sound" if found.sound_alone else "here", found, found.missing, wish)
