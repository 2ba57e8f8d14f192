"""Cues: the marked points of a lesson, with the guide for the local teacher."""

from collections.abc import Sequence
from typing import Annotated, Final, Literal, get_args

import msgspec

from core.errors import RefusedError

CueKind = Literal["pause", "question", "activity", "discussion", "exercise", "summary"]
KINDS: Final[tuple[str, ...]] = get_args(CueKind)
MOST_CUES: Final = 200
MAX_GUIDE: Final = 2000
_LONGEST_LESSON: Final = 12 * 3600 * 1000


class Cue(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One marked point; the class stops there.

    Attributes:
        at: milliseconds from the lesson's beginning.
        kind: what is done there, one of ``KINDS``; what a newer Packhorse calls otherwise counts
            as a pause.
        title: what the class sees.
        guide: what the local teacher alone sees.
        minutes: how long it should take; 0 for no suggestion.
    """

    at: Annotated[int, msgspec.Meta(ge=0, le=_LONGEST_LESSON)]
    kind: Annotated[str, msgspec.Meta(max_length=40)] = "pause"
    title: Annotated[str, msgspec.Meta(max_length=300)] = ""
    guide: Annotated[str, msgspec.Meta(max_length=MAX_GUIDE)] = ""
    minutes: Annotated[int, msgspec.Meta(ge=0, le=120)] = 0


def check_cues(cues: Sequence[Cue]) -> None:
    """Check what types cannot say.

    Raises:
        RefusedError: two are at the same moment, or they are not in order.
    """
    times = [cue.at for cue in cues]
    if times != sorted(set(times)):
        raise RefusedError("The manifest's cues are not in order.")
