"""The admin's folder as a whole: settings, files, cues, and the items that they make."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from core.errors import UsageError
from core.kinds import extension, kind_of
from core.manifest import File, Item
from packager.cues.files import LessonCues, cue_files, read_cues
from packager.items import Draft, find_items, owners
from packager.naming import item_ids, title_from
from packager.pages import page_title
from packager.reading import Found
from packager.settings import Settings, read_settings, titled
from packager.walk import walk

MAX_ITEMS: Final = 10_000
MAX_ITEM_PATHS: Final = 1000
_PLAYABLE: Final = {"mp4", "m4v", "webm", "ogv"}


class Video(NamedTuple):
    """A video that is to have renditions: its item's number, its path, and which are wanted."""

    item: int
    path: str
    wanted: tuple[str, ...]


@dataclass(frozen=True)
class Folder:
    """What the packager understood of a folder.

    Attributes:
        place: where it is.
        settings: its ``pack.toml``.
        files: its files, sorted by path; those of cues left out.
        skipped: what is left out.
        items: its items in teaching order.
        cues: by the file that opens the lesson.
        videos: those that are to have renditions.
        replaced: paths of the videos whose renditions are in the pack in their place.
        made: those renditions' files.
    """

    place: Path
    settings: Settings
    files: list[Found]
    skipped: list[str]
    items: list[Item]
    cues: Mapping[str, LessonCues] = field(default_factory=dict)
    videos: Sequence[Video] = ()
    replaced: frozenset[str] = frozenset()
    made: Sequence[File] = ()

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(found.signature.size for found in self.files)

    def item_sizes(self) -> list[int]:
        """Bytes of the files that each item needs, in the items' order."""
        sizes = [0] * len(self.items)
        needing = owners((item.paths for item in self.items), (f.path for f in self.files))
        for found in self.files:
            for number in needing[found.path]:
                sizes[number] += found.signature.size
        return sizes


def scan(place: Path, workspace: Path | None = None) -> Folder:
    """Understand a folder; reads ``pack.toml``, cues and page titles, no other content.

    Args:
        place: the folder.
        workspace: the packager's own directory, left out when it is inside.

    Raises:
        UsageError: something in it is wrong; the sentence names the file or key.
    """
    settings = read_settings(place)
    found = walk(place, workspace)
    files = {file.path: file for file in found.files}
    guides = set(cue_files(files))
    _check_listed(settings, guides)
    own = [file for file in found.files if file.path not in guides]
    drafts = find_items((file.path for file in own), settings.items)
    _check_counts(drafts)
    cues = read_cues(drafts, files)
    ids = item_ids(draft.place or settings.id for draft in drafts)
    items = [
        _item(name, draft, settings, files, cues.get(draft.entry))
        for name, draft in zip(ids, drafts, strict=True)
    ]
    videos = _videos(drafts, settings, own)
    given = {video.item for video in videos}
    items = [one if n in given else as_it_is(one) for n, one in enumerate(items)]
    return Folder(place, settings, own, found.skipped, items, cues, videos)


def as_it_is(item: Item) -> Item:
    """Give an item whose video stays what it is: what no browser plays is a file to take home."""
    if item.kind != "video" or extension(item.entry) in _PLAYABLE:
        return item
    return msgspec.structs.replace(item, kind="document")


def _videos(drafts: Sequence[Draft], settings: Settings, files: Iterable[Found]) -> list[Video]:
    """Find the videos that are to have renditions: those that open an item, and no page needs."""
    needing = owners((draft.paths for draft in drafts), (file.path for file in files))
    found = []
    for number, draft in enumerate(drafts):
        own = draft.listed.renditions
        wanted = settings.renditions if own is None else own
        others = {drafts[n].kind for n in needing[draft.entry] if n != number}
        if wanted and draft.kind == "video" and not others:
            found.append(Video(number, draft.entry, wanted))
    return found


def _check_listed(settings: Settings, guides: Collection[str]) -> None:
    for listed in settings.items:
        if listed.path in guides:
            raise UsageError(
                "pack.toml lists {path}, which has the cues of a video and is no lesson.",
                hint="Take the [[item]] out.",
                path=repr(listed.path),
            )


def _check_counts(drafts: Iterable[Draft]) -> None:
    drafts = list(drafts)
    if len(drafts) > MAX_ITEMS:
        raise UsageError(
            "The folder has {count} items; a pack has at most {limit}.",
            hint="Make several packs of it.",
            count=len(drafts),
            limit=MAX_ITEMS,
        )
    for draft in drafts:
        if len(draft.paths) > MAX_ITEM_PATHS:
            raise UsageError(
                "{entry} needs more than {limit} files beside it at the top of the folder.",
                hint="Put the page and its files into a folder of their own.",
                entry=draft.entry,
                limit=MAX_ITEM_PATHS,
            )


def _item(
    name: str,
    draft: Draft,
    settings: Settings,
    files: Mapping[str, Found],
    lesson: LessonCues | None,
) -> Item:
    listed = draft.listed
    titles = dict(listed.titles) or titled(_title(draft, settings, files), settings.language)
    return Item(
        name,
        titles,
        draft.kind,
        draft.entry,
        draft.paths,
        listed.valid_until,
        cues=lesson.cues if lesson else [],
    )


def _title(draft: Draft, settings: Settings, files: Mapping[str, Found]) -> str:
    is_page = draft.kind == "html" and kind_of(draft.entry) == "html"
    if is_page and (title := page_title(files[draft.entry])):
        return title
    if not draft.place:
        return settings.id.rpartition("/")[2]
    return title_from(draft.place, folder=draft.place.endswith("/"))
