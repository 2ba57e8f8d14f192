"""A pack of 40 lessons with renditions, as it is before and after a teacher's afternoon.

One video is replaced, three titles are changed, and two chapters change places. Videos are encoded
once, and kept with the other pairs; the delta is made anew by each measurement.
"""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from benchmarks.delta.corpus import ROOT, Pair, made
from benchmarks.delta.making import Prose
from core.manifest import Manifest
from packager.workspace import Workspace
from tests.support.lessons import write_lesson

NAME: Final = "pack-of-lessons"
_CHAPTERS: Final = 8
_LESSONS: Final = 5
_SECONDS: Final = 8
_REPLACED: Final = 17
_RENAMED: Final = (3, 21, 38)
_MOVED: Final = {2: 6, 6: 2}
_LEVELS: Final = ("bundles", "built")


class Afternoon(NamedTuple):
    """What the pack's delta came to.

    Attributes:
        size: bytes of the delta, index included.
        renditions: bytes of the files that a node lacks.
    """

    size: int
    renditions: int


def pack_pair(root: Path = ROOT) -> Pair:
    """Give what both versions' nodes hold, as plain folders; made unless it is here."""
    return made(NAME, _make, root)


def afternoon(pair: Pair, scratch: Path) -> Afternoon:
    """Build the newer version once more, its videos being encoded."""
    place = scratch / "workspace"
    shutil.copytree(pair.old.parent / "workspace", place)
    for folder in _LEVELS:
        shutil.rmtree(place / folder)
    _build(pair.old.parent / "second", place)
    workspace = Workspace(place)
    first, second = _versions(workspace)
    delta = next(one.link for one in workspace.all_built() if one.link.base == first.version)
    old, new = first.digests(), second.digests()
    return Afternoon(delta.length, sum(size for one, size in new.items() if one not in old))


def _make(place: Path) -> None:
    workspace = place / "workspace"
    text = Prose(8)
    titles = [text.sentence()[:40] for _ in range(_CHAPTERS * _LESSONS)]
    videos = place / "videos"
    videos.mkdir()
    for number in [*range(len(titles)), -1]:
        write_lesson(videos / f"{number}.mp4", _SECONDS, number + 2)
    _lay(place / "first", 1, titles, videos)
    _build(place / "first", workspace)
    for number in _RENAMED:
        titles[number] = text.sentence()[:40]
    (videos / "-1.mp4").replace(videos / f"{_REPLACED}.mp4")
    _lay(place / "second", 2, titles, videos, _MOVED)
    _build(place / "second", workspace)
    shutil.rmtree(videos)
    made = Workspace(workspace)
    for folder, manifest in zip(("old", "new"), _versions(made), strict=True):
        for file in manifest.files:
            target = place / folder / file.path
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(made.blob(file.digest), target)


def _versions(workspace: Workspace) -> Iterator[Manifest]:
    """Give both versions, the older one first."""
    for known in sorted(workspace.versions(), key=lambda one: one.version):
        manifest = workspace.manifest_of(known)
        assert manifest is not None
        yield manifest


def _lay(
    folder: Path, version: int, titles: list[str], videos: Path, moved: dict[int, int] | None = None
) -> None:
    """Write a pack's folder."""
    items: list[str] = []
    for number, title in enumerate(titles):
        chapter = number // _LESSONS
        place = folder / f"{(moved or {}).get(chapter, chapter):02} chapter"
        place.mkdir(parents=True, exist_ok=True)
        path = place / f"{number % _LESSONS + 1} lesson.mp4"
        shutil.copyfile(videos / f"{number}.mp4", path)
        relative = path.relative_to(folder).as_posix()
        items.append(f'[[item]]\npath = "{relative}"\ntitle = "{title}"\n')
    head = f'id = "demo/county/lessons"\nversion = {version}\n'
    (folder / "pack.toml").write_text(head + "".join(sorted(items)))


def _build(folder: Path, workspace: Path) -> None:
    """Build it as an admin does."""
    command = [*(sys.executable, "-m", "packhorse", "pack", "build", folder), "--json"]
    done = subprocess.run(
        [*map(str, command), "--workspace", str(workspace)], check=True, stdout=subprocess.PIPE
    )
    assert json.loads(done.stdout)["pack"] == "demo/county/lessons"
