"""What a class plays, as it was when the class began: a newer version changes nothing of it."""

from typing import Annotated, Final

import msgspec

from core.cues import MOST_CUES, Cue

MAX_BYTES: Final = 4 << 20
_Text = Annotated[str, msgspec.Meta(max_length=1000)]
_Place = Annotated[int, msgspec.Meta(ge=0, le=2**40)]


class Still(msgspec.Struct, frozen=True):
    """A picture beside sound alone, from ``at`` (milliseconds) on."""

    at: _Place
    url: _Text


class Medium(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One rendition.

    Attributes:
        name: such as ``240p`` or ``audio``; empty for a file that is as its publisher made it.
        url: of its file, on the portal.
        stills: pictures of sound alone.
    """

    name: _Text = ""
    url: _Text
    stills: Annotated[list[Still], msgspec.Meta(max_length=500)] = []


class Subtitles(msgspec.Struct, frozen=True, kw_only=True):
    """Subtitles in one language; ``tag`` and ``label`` may be empty."""

    url: _Text
    tag: _Text = ""
    label: _Text = ""


class ClassLesson(msgspec.Struct, frozen=True, kw_only=True):
    """The lesson of a class.

    Attributes:
        title: text by language.
        language: of the lesson, as its publisher wrote it.
        length: milliseconds; 0 when it is not known.
        screen: what big screens play.
        pupil: what tablets play.
        digests: of all files that it needs, first that of ``screen``; they are kept while the
            class runs.
    """

    pack: _Text
    item: _Text
    version: Annotated[int, msgspec.Meta(ge=1, le=2**53)]
    title: dict[str, str]
    language: _Text
    length: _Place
    screen: Medium
    pupil: Medium
    cues: Annotated[list[Cue], msgspec.Meta(max_length=MOST_CUES)] = []
    subtitles: Annotated[list[Subtitles], msgspec.Meta(max_length=20)] = []
    digests: Annotated[list[_Text], msgspec.Meta(max_length=1000)] = []
