"""What is known of a source, and what is to be made of it: what processes tell each other."""

from typing import Annotated, Final

import msgspec

from core.control import Wording

# The longest video, in milliseconds: five hours, which are less than a rendition's 4 GiB.
LONGEST: Final = 5 * 3600 * 1000
# A source that is larger cannot be a rendition as it is: those have less than 4 GiB.
LARGEST: Final = 4_000_000_000
# Pixels along an edge of a source.
WIDEST: Final = 8192


class Sight(msgspec.Struct, frozen=True, kw_only=True):
    """A source's picture.

    Attributes:
        place: its number among the file's pictures, from 0.
        width: as it is to be seen: upright, with square pixels.
        height: the same.
        rate: frames a second, as numerator and denominator.
        start: when the first frame is shown, in seconds of the file.
        length: from the first frame to the end of the last, in milliseconds.
        copied: whether it is fit as it is.
        interlaced: whether frames hold two moments each.
        keys: the longest time between key frames, in milliseconds.
    """

    place: int
    width: int
    height: int
    rate: tuple[int, int]
    start: float
    length: int
    copied: bool
    interlaced: bool
    keys: int


class Sound(msgspec.Struct, frozen=True, kw_only=True):
    """A source's sound; ``place`` among the sounds, the others as of ``Sight``."""

    place: int
    start: float
    length: int
    copied: bool


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """A source. It has at least one of both.

    Attributes:
        size: its bytes.
    """

    size: int
    sight: Sight | None
    sound: Sound | None

    @property
    def start(self) -> float:
        """The file's moment that becomes 0, in seconds."""
        first = self.sight or self.sound
        return first.start if first else 0.0

    @property
    def length(self) -> int:
        """How long its renditions are, in milliseconds."""
        sight = self.sight.length if self.sight else 0
        sound = 0
        if self.sound:
            sound = round((self.sound.start - self.start) * 1000) + self.sound.length
        # A picture that ends a little early is nothing that anybody sees.
        return sight if self.sight and sound <= sight + SPARE else max(sight, sound)


SPARE: Final = 500
"""Milliseconds by which picture and sound may differ in length without a word."""


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """A rendition that is to be made.

    Attributes:
        name: as in the manifest.
        settings: as in the manifest.
        width: of its picture; 0 for sound alone.
        height: the same.
        rate: frames a second, as numerator and denominator; unused for sound alone.
        video_bits: bits a second for the picture; 0 where it is copied, or sound alone.
        audio_bits: for the sound; 0 where it is copied.
        alone: whether its picture is copied and nothing else made of the source decodes one.
    """

    name: str
    settings: str
    width: int = 0
    height: int = 0
    rate: tuple[int, int] = (0, 1)
    video_bits: int = 0
    audio_bits: int = 0
    alone: bool = False

    @property
    def copies_picture(self) -> bool:
        """Whether the source's picture stays as it is."""
        return bool(self.height) and not self.video_bits


class Still(msgspec.Struct, frozen=True):
    """A picture beside sound alone: from when on, in milliseconds, and its file."""

    at: int
    file: str


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """What was made of a step: its file's index, and its pictures."""

    head: int
    segments: list[tuple[int, int]]
    stills: Annotated[list[Still], msgspec.Meta(max_length=500)] = []


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker is asked: to look at a source, or with facts and a step to make that.

    Attributes:
        file: the source.
        name: its path in the pack, for sentences.
        target: the file to write.
        threads: how many to use.
    """

    file: str
    name: str
    facts: Facts | None = None
    step: Step | None = None
    target: str = ""
    threads: int = 1


class Answer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A line of a worker's: how far it is, or one of what ends it.

    Attributes:
        share: that is done.
        facts: what it found.
        made: what it made.
        refused: why the source cannot be taken.
        passing: whether that lies in reaching the file, and may be otherwise the next time.
        is_full: the disk is.
    """

    share: float = 0.0
    facts: Facts | None = None
    made: Made | None = None
    refused: Wording | None = None
    passing: bool = False
    is_full: bool = False

    @property
    def is_last(self) -> bool:
        """Whether nothing follows."""
        return bool(self.facts or self.made or self.refused or self.is_full)
