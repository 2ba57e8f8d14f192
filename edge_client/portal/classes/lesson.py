"""What a class plays: the best that is here on big screens, the least pictures on tablets."""

from collections.abc import Mapping, Sequence
from typing import Final

from cache.catalogue_reader import CatalogueFile, CatalogueRendition
from core.class_lesson import ClassLesson, Medium, Still, Subtitles
from core.digest import Digest
from core.errors import UsageError
from core.rendition import TICKS
from edge_client.portal.lessons import Lessons
from edge_client.portal.media import media_url
from edge_client.portal.tracks import tracks

_KIND: Final = "video"
_MILLISECONDS: Final = 1000


async def class_lesson(lessons: Lessons, pack: str, item: str) -> ClassLesson | None:
    """Describe an item for a class; None when it is not here.

    Raises:
        UnavailableError: the catalogue is being repaired.
        UsageError: it is no video.
    """
    found, its = await lessons.pack(pack), await lessons.item(pack, item)
    if found is None or its is None or its.version is None:
        return None
    if its.kind != _KIND:
        raise UsageError("Only a video can be led as a class.")
    files = {one.path: one for one in await lessons.files(pack, item)}
    here = [one for one in await lessons.renditions(pack, item) if one.here]
    entry = files.get(its.entry)
    if entry is None:
        return None
    texts = tracks(list(files.values()), entry)
    screen, pupil = _media(here, files) or (Medium(url=media_url(entry)),) * 2
    return ClassLesson(
        pack=pack,
        item=item,
        version=its.version,
        title=dict(its.title),
        language=found.language,
        length=here[0].rendition.ticks * _MILLISECONDS // TICKS if here else 0,
        screen=screen,
        pupil=pupil,
        cues=await lessons.cues(pack, item),
        subtitles=[
            Subtitles(url=media_url(one.file), tag=one.tag, label=one.label) for one in texts
        ],
        digests=list(dict.fromkeys([*_digests(here, entry), *(one.file.digest for one in texts)])),
    )


def _media(
    here: Sequence[CatalogueRendition], files: Mapping[str, CatalogueFile]
) -> tuple[Medium, Medium] | None:
    """Give the best rendition, and the least that has pictures; the best one comes first."""
    if not here:
        return None
    moving = [one for one in here if one.rendition.height] or here
    return _medium(moving[0], files), _medium(moving[-1], files)


def _medium(one: CatalogueRendition, files: Mapping[str, CatalogueFile]) -> Medium:
    rendition = one.rendition
    return Medium(
        name=rendition.name,
        url=media_url(files[rendition.path]),
        stills=[Still(still.at, media_url(files[still.path])) for still in rendition.pictures],
    )


def _digests(here: Sequence[CatalogueRendition], entry: CatalogueFile) -> list[Digest]:
    if not here:
        return [entry.digest]
    return [digest for one in here for digest in (one.digest, *one.pictures.values())]
