"""In which quality an item is shown: the best that is here, unless the reader asks for another.

The choice is in the address (``?rendition=240p``), so it works without scripts.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from cache.catalogue_reader import CatalogueRendition
from core.kinds import MEDIA_TYPES, extension
from core.rendition import AUDIO, Rendition


@dataclass(frozen=True, slots=True)
class Quality:
    """A rendition that can be chosen.

    Attributes:
        name: of the rendition, such as ``240p`` or ``audio``.
        size: bytes of its file.
        is_shown: whether it is the one on this page.
        has_pictures: whether sound alone has stills.
    """

    name: str
    size: int
    is_shown: bool
    has_pictures: bool


@dataclass(frozen=True, slots=True)
class Showing:
    """How an item's renditions are shown.

    Attributes:
        rendition: the one on the page.
        choices: those that are here, best first; empty when there is only one.
        lacks_better: whether better ones than the best that is here have not come yet.
        pictures: of sound alone: from which millisecond on, and the address of each.
    """

    rendition: Rendition
    choices: list[Quality]
    lacks_better: bool
    pictures: list[tuple[int, str]]

    @property
    def is_sound(self) -> bool:
        """Say whether it is sound alone."""
        return self.rendition.name == AUDIO


def showing(renditions: Sequence[CatalogueRendition], wish: str) -> Showing | None:
    """Choose among an item's renditions; None when none is here.

    Args:
        renditions: the item's, best first.
        wish: the name of one, as the address has it; anything else means the best.
    """
    here = [one for one in renditions if one.here]
    if not here:
        return None
    shown = next((one for one in here if one.rendition.name == wish), here[0])
    pictures = shown.rendition.pictures
    return Showing(
        rendition=shown.rendition,
        choices=[_quality(one, shown) for one in here] if len(here) > 1 else [],
        lacks_better=not renditions[0].here,
        pictures=[
            (one.at, f"/media/{shown.pictures[one.path]}.{_suffix(one.path)}") for one in pictures
        ],
    )


def subtitles_stem(rendition: Rendition) -> str:
    """Give what the names of a video's subtitles begin with: ``01`` for ``01.240p.mp4``."""
    stem = rendition.path.rpartition(".")[0]
    return stem.removesuffix(f".{rendition.name}")


def _suffix(path: str) -> str:
    suffix = extension(path)
    return suffix if suffix in MEDIA_TYPES else "bin"


def _quality(one: CatalogueRendition, shown: CatalogueRendition) -> Quality:
    rendition = one.rendition
    return Quality(rendition.name, rendition.size, one is shown, bool(rendition.pictures))
