"""What a lesson is made of, and what of it differs between two versions."""

from collections import defaultdict
from typing import Final, Literal, NamedTuple

from core.digest import Digest
from core.kinds import extension
from core.manifest import File, Item, Manifest
from packager.items import INDEXES

What = Literal[
    "title", "content", "subtitles", "renditions", "cues", "valid_until", "folder", "name", "order"
]
PLACES: Final[frozenset[What]] = frozenset({"folder", "name", "order"})
"""What differs of a lesson that is only elsewhere."""
_SUBTITLES: Final = {"vtt", "srt"}


class Lesson(NamedTuple):
    """An item, and what it is made of.

    Attributes:
        item: as the manifest has it.
        files: all of its files.
        plain: digests by path of those that are neither subtitles nor renditions.
        subtitles: digests.
        sources: digests of the videos that its renditions were made of.
    """

    item: Item
    files: list[File]
    plain: dict[str, Digest]
    subtitles: list[Digest]
    sources: frozenset[Digest]

    @property
    def identity(self) -> tuple[Digest, ...]:
        """What stays when it gets another place, or other renditions."""
        return tuple(sorted([*self.plain.values(), *self.sources]))

    @property
    def folder(self) -> str:
        """The folder that it lies in, with a slash at its end; empty at the top."""
        return folder_of(self.item)


def lessons_of(manifest: Manifest) -> list[Lesson]:
    """Give the lessons of a version, in order.

    A page needs all of its folder; what another lesson is made of does not count as its own.
    """
    owners: dict[str, set[int]] = defaultdict(set)
    for number, item in enumerate(manifest.items):
        for path in [item.entry, *item.paths, *_made_files(item)]:
            owners[path].add(number)
    return [
        _lesson(
            item,
            [one for one in manifest.files_of(item) if number in owners.get(one.path, {number})],
        )
        for number, item in enumerate(manifest.items)
    ]


def folder_of(item: Item) -> str:
    """Give the folder that an item lies in, with a slash at its end; empty at the top."""
    folder, _, name = item.entry.rpartition("/")
    is_page = item.kind == "html" and name.casefold() not in INDEXES
    if not is_page:
        # It may be a whole folder.
        around = [path for path in item.paths if path.endswith("/")]
        folder = next(
            (one[:-1].rpartition("/")[0] for one in around if item.entry.startswith(one)), folder
        )
    return folder and folder + "/"


def differing(was: Lesson, now: Lesson, *, is_misplaced: bool) -> tuple[What, ...]:
    """Say what of a lesson differs.

    Args:
        was: the lesson in the old version.
        now: the same in the new one.
        is_misplaced: whether it went elsewhere in the order of its folder.
    """
    old, new = was.item, now.item
    is_renamed = old.id != new.id
    is_elsewhere = is_renamed and was.folder != now.folder
    is_other = old.kind != new.kind or _has_other_content(was, now)
    names = [[one.name for one in item.renditions] for item in (old, new)]
    found: dict[What, bool] = {
        "title": old.title != new.title,
        "content": is_other,
        "subtitles": was.subtitles != now.subtitles,
        # Another video has other renditions of course.
        "renditions": names[0] != names[1] or (not is_other and _made(was) != _made(now)),
        "cues": old.cues != new.cues,
        "valid_until": old.valid_until != new.valid_until,
        "folder": is_elsewhere,
        "name": is_renamed and not is_elsewhere,
        "order": is_misplaced,
    }
    if old != new and not any(found.values()):
        # It opens with another of its files.
        found["content"] = True
    return tuple(word for word, is_so in found.items() if is_so)


def _lesson(item: Item, files: list[File]) -> Lesson:
    made = _made_files(item)
    own = [file for file in files if file.path not in made]
    return Lesson(
        item,
        files,
        {file.path: file.digest for file in own if extension(file.path) not in _SUBTITLES},
        sorted(file.digest for file in own if extension(file.path) in _SUBTITLES),
        frozenset(one.source for one in item.renditions),
    )


def _made_files(item: Item) -> set[str]:
    """Give the paths of its renditions' files."""
    return {path for one in item.renditions for path in one.files}


def _has_other_content(was: Lesson, now: Lesson) -> bool:
    if was.identity != now.identity:
        return True
    if was.item.id != now.item.id:
        return False
    # A video that is packed as it is may give way to renditions, which is no other content.
    videos = was.sources | now.sources
    before, after = (
        {path: digest for path, digest in one.plain.items() if digest not in videos}
        for one in (was, now)
    )
    return before != after


def _made(one: Lesson) -> list[tuple[str, str, list[Digest]]]:
    """Say what renditions are, wherever they lie."""
    digests = {file.path: file.digest for file in one.files}
    return [
        (made.name, made.settings, [digests[path] for path in made.files])
        for made in one.item.renditions
    ]
