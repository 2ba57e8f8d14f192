"""What a class plays: the best that is here on big screens, the least pictures on tablets."""

from core.class_lesson import ClassLesson, Medium, Subtitles
from core.errors import UsageError
from edge_client.portal.lessons import Lessons
from edge_client.portal.media import media_url
from edge_client.portal.tracks import tracks

_KIND = "video"


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
    files = await lessons.files(pack, item)
    file = next((one for one in files if one.path == its.entry), None)
    if file is None:
        return None
    texts = tracks(files, file)
    whole = Medium(url=media_url(file))
    return ClassLesson(
        pack=pack,
        item=item,
        version=its.version,
        title=dict(its.title),
        language=found.language,
        length=0,
        screen=whole,
        pupil=whole,
        subtitles=[
            Subtitles(url=media_url(one.file), tag=one.tag, label=one.label) for one in texts
        ],
        digests=[file.digest, *(one.file.digest for one in texts)],
    )
