"""A folder whose videos have given way to their renditions."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

import msgspec

from core.digest import Digest
from core.errors import PackhorseError
from core.manifest import File, Item, Manifest
from core.rendition import Rendition
from packager.build import Tools, read_folder
from packager.renditions.making import Maker, Wanted
from packager.renditions.outlook import Prospect, check_ahead
from packager.renditions.places import Places, stem_of
from packager.renditions.ready import Ready, answering, ready_in
from packager.renditions.records import Records
from packager.scan import Folder, Video, as_it_is
from packager.workspace import Workspace

Result = list[Ready] | PackhorseError


@dataclass(frozen=True)
class Rendered:
    """What became of a folder's videos.

    Attributes:
        folder: with renditions where there are some.
        kept: paths of the videos that are packed as they are.
        warnings: why, a sentence each.
    """

    folder: Folder
    kept: list[str]
    warnings: list[PackhorseError]


def rendered_folder(
    folder: Folder, tools: Tools, now: datetime, newest: Manifest | None = None
) -> tuple[Rendered, dict[str, Digest]]:
    """Take a folder in, and make what renditions its videos lack.

    Args:
        folder: as it was scanned.
        tools: the workspace, and what is told of the progress.
        now: the machine's clock.
        newest: the published version whose files can be fetched.

    Returns:
        The folder with its renditions, and the digests of its files by path.

    Raises:
        ExhaustedError: the disk is full.
        UsageError: a file changed meanwhile or cannot be read, a rendition's name is taken, or
            cues are beyond a video's end.
    """
    videos = {video.path for video in folder.videos}
    digests = read_folder(folder, tools, now, videos)
    rendered = render(folder, digests, tools, newest)
    if rendered.kept:
        # Packed as they are, they are content like the rest.
        digests = read_folder(folder, tools, now, videos - set(rendered.kept))
    return rendered, digests


def render(
    folder: Folder, digests: Mapping[str, Digest], tools: Tools, newest: Manifest | None = None
) -> Rendered:
    """Give each video of a folder its renditions; arguments as for ``rendered_folder``.

    Raises:
        ExhaustedError: the disk is full.
        UsageError: a rendition's name is taken, or cues are beyond a video's end.
    """
    if not folder.videos:
        return Rendered(folder, [], [])
    there = _published(tools.workspace, newest)
    files = {found.path: found for found in folder.files}
    wanted = {
        video.path: Wanted(digests[video.path], files[video.path], video.wanted)
        for video in folder.videos
    }
    results: dict[Wanted, Result] = {}
    for one in wanted.values():
        if found := answering(there.get(one.source, []), one.names):
            results[one] = found
    left = [one for one in dict.fromkeys(wanted.values()) if one not in results]
    maker = Maker(tools.workspace, tools.phases, there)
    outlook = {
        one: Prospect.made(found) for one, found in results.items() if isinstance(found, list)
    }
    outlook |= maker.look(left)
    # What is wrong is told before hours of work.
    check_ahead(folder, {path: outlook[one] for path, one in wanted.items() if one in outlook})
    results |= maker.make(left)
    return _composed(folder, digests, {path: results[one] for path, one in wanted.items()})


def _published(workspace: Workspace, newest: Manifest | None) -> dict[Digest, list[Ready]]:
    """Give the published renditions that can be fetched or are here, by their source."""
    records = Records(workspace)
    found = ready_in(newest) if newest else {}
    for known in workspace.versions():
        manifest = workspace.manifest_of(known) if known.published else None
        for source, ready in ready_in(manifest).items() if manifest else ():
            found.setdefault(source, []).extend(one for one in ready if records.has(one))
    return found


def _composed(
    folder: Folder, digests: Mapping[str, Digest], results: Mapping[str, Result]
) -> Rendered:
    items = list(folder.items)
    made: list[File] = []
    kept, warnings = [], []
    replaced = {path for path, result in results.items() if isinstance(result, list)}
    places = Places(folder, replaced)
    for video in folder.videos:
        result = results[video.path]
        item = items[video.item]
        if isinstance(result, PackhorseError):
            kept.append(video.path)
            warnings.append(result)
            items[video.item] = as_it_is(item)
            continue
        placed = [one.placed(stem_of(video.path), digests[video.path]) for one in result]
        files = [file for _, new in placed for file in new]
        places.take(video.path, [file.path for file in files])
        made += files
        items[video.item] = _item(item, video, [one for one, _ in placed], files)
    new = replace(folder, items=items, made=made, replaced=frozenset(replaced))
    return Rendered(new, kept, warnings)


def _item(item: Item, video: Video, renditions: list[Rendition], files: list[File]) -> Item:
    if any(path.endswith("/") and video.path.startswith(path) for path in item.paths):
        paths = item.paths
    else:
        own = [one.path for one in renditions]
        stills = dict.fromkeys(
            file.path.rpartition("/")[0] + "/" for file in files if file.path not in own
        )
        paths = [*own, *stills, *(path for path in item.paths if path != video.path)]
    entry = renditions[0].path
    return msgspec.structs.replace(item, entry=entry, paths=paths, renditions=renditions)
