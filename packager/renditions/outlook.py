"""What a folder's videos will become, without making anything."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from core.errors import PackhorseError
from core.rendition import TICKS
from packager.cues.files import check_ends
from packager.media.facts import Facts
from packager.media.plan import steps
from packager.renditions.looking import Phases, look
from packager.renditions.places import Places, path_of, stem_of
from packager.renditions.ready import Ready
from packager.scan import Folder


class Prospect(NamedTuple):
    """What is known of a video's renditions before they are made.

    Attributes:
        names: theirs, best first.
        length: theirs, in milliseconds.
    """

    names: list[str]
    length: int

    @classmethod
    def planned(cls, facts: Facts, wanted: Sequence[str]) -> "Prospect":
        """Tell it of renditions that are to be made."""
        return cls([step.name for step in steps(facts, wanted)], facts.length)

    @classmethod
    def made(cls, ready: Sequence[Ready]) -> "Prospect":
        """Tell it of renditions that are there."""
        ticks = max(sum(segment.ticks for segment in one.segments) for one in ready)
        return cls([one.name for one in ready], ticks * 1000 // TICKS)


class Outlook(NamedTuple):
    """What will become of a folder's videos.

    Attributes:
        names: of the renditions, by the item's number.
        warnings: why videos can only be packed as they are.
    """

    names: dict[int, list[str]]
    warnings: list[PackhorseError]


def look_ahead(folder: Folder, phases: Phases) -> Outlook:
    """Look at a folder's videos.

    Raises:
        UsageError: a rendition's name is taken, or cues are beyond a video's end.
    """
    files = {found.path: found for found in folder.files}
    found: dict[str, Prospect] = {}
    failed: dict[int, PackhorseError] = {}
    for outcome in look({video: files[video.path] for video in folder.videos}, phases):
        video = outcome.key
        if outcome.answer and outcome.answer.facts:
            found[video.path] = Prospect.planned(outcome.answer.facts, video.wanted)
        elif outcome.error:
            failed[video.item] = outcome.error
    check_ahead(folder, found)
    names = {one.item: found[one.path].names for one in folder.videos if one.path in found}
    return Outlook(names, [failed[number] for number in sorted(failed)])


def check_ahead(folder: Folder, prospects: Mapping[str, Prospect]) -> None:
    """Check what is to be made before anything is.

    Args:
        folder: as it was scanned.
        prospects: of its videos, by their paths.

    Raises:
        UsageError: a rendition's name is taken, or cues are beyond a video's end.
    """
    places = Places(folder, prospects)
    for video, one in prospects.items():
        places.take(video, [path_of(stem_of(video), name) for name in one.names])
    check_ends(folder.cues, {video: one.length for video, one in prospects.items()})
