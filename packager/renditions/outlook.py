"""What a folder's videos will become, without making anything."""

from typing import NamedTuple

from core.errors import PackhorseError
from packager.cues.files import check_ends
from packager.media.plan import steps
from packager.renditions.looking import Phases, look
from packager.renditions.places import check_ahead
from packager.scan import Folder


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
    names: dict[int, list[str]] = {}
    failed: dict[int, PackhorseError] = {}
    lengths: dict[str, int] = {}
    for outcome in look({video: files[video.path] for video in folder.videos}, phases):
        video = outcome.key
        if outcome.answer and outcome.answer.facts:
            facts = outcome.answer.facts
            names[video.item] = [step.name for step in steps(facts, video.wanted)]
            lengths[video.path] = facts.length
        elif outcome.error:
            failed[video.item] = outcome.error
    check_ahead(folder, {one.path: names[one.item] for one in folder.videos if one.item in names})
    check_ends(folder.cues, lengths)
    return Outlook(names, [failed[number] for number in sorted(failed)])
