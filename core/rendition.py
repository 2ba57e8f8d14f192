"""Renditions: the encodings of an item's video, each one file, cut into segments that stand alone.

The file is fragmented MP4: ``head`` bytes that say how to decode it, then the segments, each
beginning with a key frame. So a channel or a player takes byte ranges of one blob. A video
rendition has exactly one H.264 and one AAC track (48 kHz, stereo), one of sound alone only the
latter.

An item is here when its other files are and any one rendition is.
"""

import re
from collections.abc import Sequence
from itertools import accumulate
from typing import Annotated, Final

import msgspec

from core.digest import Digest, parse_digest
from core.errors import RefusedError

TICKS: Final = 90_000
"""Ticks in a second."""
AUDIO: Final = "audio"
BEST: Final = "best"
VIDEO: Final = "video"
"""Names, as ``best``, one of an item's renditions: its lowest that has moving pictures."""
MOST_RENDITIONS: Final = 8
MOST_SEGMENTS: Final = 20_000
MOST_PICTURES: Final = 500
_NAME: Final = re.compile(r"(?:[1-9][0-9]{1,3}p|audio)\Z")
_MAX_SIZE: Final = 1 << 32

_Size = Annotated[int, msgspec.Meta(ge=1, le=_MAX_SIZE)]
_Path = Annotated[str, msgspec.Meta(max_length=1000)]
_Pixels = Annotated[int, msgspec.Meta(ge=0, le=16_384)]


class Segment(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A time slice: its bytes, and its duration in ``TICKS``."""

    size: _Size
    ticks: Annotated[int, msgspec.Meta(ge=1, le=60 * TICKS)]


class Picture(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A still that is shown from ``at`` (milliseconds) on, beside sound alone."""

    at: Annotated[int, msgspec.Meta(ge=0, le=2**40)]
    path: _Path


class Rendition(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One encoding.

    Attributes:
        name: its height and ``p``, such as ``240p``, or ``audio`` for sound alone.
        path: its file.
        source: digest of the file it was made from.
        settings: how it was made, as the packager names it; the same source and settings are
            never encoded again once they are published.
        width: of the picture; 0 for sound alone.
        height: the same.
        head: bytes before the first segment.
        segments: in order; together with ``head`` they are the whole file.
        pictures: of sound alone, sorted by time.
    """

    name: str
    path: _Path
    source: Digest
    settings: Annotated[str, msgspec.Meta(max_length=200)]
    width: _Pixels = 0
    height: _Pixels = 0
    head: _Size
    segments: Annotated[list[Segment], msgspec.Meta(min_length=1, max_length=MOST_SEGMENTS)]
    pictures: Annotated[list[Picture], msgspec.Meta(max_length=MOST_PICTURES)] = []

    @property
    def size(self) -> int:
        """Bytes of its file."""
        return self.head + sum(one.size for one in self.segments)

    @property
    def ticks(self) -> int:
        """Its duration."""
        return sum(one.ticks for one in self.segments)

    @property
    def rate(self) -> float:
        """Bits a second, on average."""
        return 8 * self.size * TICKS / self.ticks

    @property
    def files(self) -> list[str]:
        """Paths of all files that showing it needs."""
        return [self.path, *dict.fromkeys(picture.path for picture in self.pictures)]


def offsets(rendition: Rendition) -> list[int]:
    """Give where each segment begins in the file, bytes; at the end the file's size."""
    return list(accumulate((one.size for one in rendition.segments), initial=rendition.head))


def starts(rendition: Rendition) -> list[int]:
    """Give when each segment begins, in ticks; at the end the duration."""
    return list(accumulate((one.ticks for one in rendition.segments), initial=0))


def rank(name: str) -> tuple[int, int]:
    """Give a key that sorts the best rendition first, sound alone last."""
    return (1, 0) if name == AUDIO else (0, -int(name[:-1]))


def wanted_of(names: Sequence[str], there: Sequence[str]) -> list[str]:
    """Choose those of an item's renditions that an assignment wants.

    ``best`` is its best one, ``video`` its lowest with moving pictures. A name that the item
    lacks counts as its nearest lower one, else as its lowest, and so does a name that is no
    rendition's.

    Args:
        names: as the assignment gives them; none for all.
        there: the item's, best first.
    """
    if not names or not there:
        return list(there)
    chosen = {_nearest(name, there) for name in names}
    return [name for name in there if name in chosen]


def _nearest(name: str, there: Sequence[str]) -> str:
    if name == BEST:
        return there[0]
    if name == VIDEO:
        return next((one for one in reversed(there) if one != AUDIO), there[-1])
    if not _NAME.match(name):
        return there[-1]
    return next((one for one in there if rank(one) >= rank(name)), there[-1])


def check_renditions(renditions: Sequence[Rendition], sizes: dict[str, int]) -> None:
    """Check what types cannot say.

    Args:
        renditions: of one item.
        sizes: of the files that the item has, by path.

    Raises:
        RefusedError: names are unknown, double or unsorted, a file is not the item's, sizes
            contradict each other, or pictures are unsorted.
    """
    names = [one.name for one in renditions]
    if len(names) > MOST_RENDITIONS or not all(map(_NAME.match, names)):
        raise _wrong("names")
    if names != sorted(set(names), key=rank):
        raise _wrong("order")
    for one in renditions:
        parse_digest(one.source)
        if any(path not in sizes for path in one.files):
            raise _wrong("files")
        if sizes[one.path] != one.size:
            raise _wrong("segments")
        times = [picture.at for picture in one.pictures]
        if times != sorted(set(times)):
            raise _wrong("pictures")
        if (one.name == AUDIO) != (one.height == 0):
            raise _wrong("height")


def _wrong(what: str) -> RefusedError:
    return RefusedError("The manifest's renditions are wrong: {what}.", what=what)
