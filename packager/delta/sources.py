"""Files, old and new, and what is remembered of old ones.

What a block may refer to is found by an old file's streams and fingerprints. To find those, the
file is read once; they are remembered by its digest, so that the next build need not.

A *far* file is large and does not compress: a video. What is new shares long runs with it, if
anything, so its anchors are enough, and those are looked up only for what may hold as much.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import Final, Protocol

import msgspec
import numpy as np

from core.bundle.expansion import Stream
from core.bundle.same_deflate import has_same_deflate
from packager.delta.fingerprints import DENSE, THIN, Hashes, Places, anchors, fingerprints
from packager.delta.probing import compresses
from packager.delta.streams import (
    HEAD_BYTES,
    MOST_WITH_INNER,
    Encodings,
    may_have_streams,
    streams_of,
)
from packager.delta.texts import Text
from packager.faults import changed

LARGE: Final = 4 * 1024 * 1024
"""From here on an old file is sampled thinly; what it shares with a new one is long."""
# Parts in which a file's fingerprints are looked for; none may be less than a stream has.
_CHUNK: Final = MOST_WITH_INNER
# Larger files are looked at where they lie. Whoever cut one short meanwhile would end the process.
_IN_MEMORY: Final = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Source:
    """A file, old or new.

    Attributes:
        place: where it lies.
        size: its bytes.
        name: under which it is remembered: its digest, or nothing.
    """

    place: Path
    size: int
    name: str = ""

    def read(self, offset: int, length: int) -> bytes:
        """Read a part of it.

        Raises:
            UsageError: it has become shorter, or is gone.
        """
        try:
            with self.place.open("rb") as file:
                file.seek(offset)
                data = file.read(length)
        except FileNotFoundError as error:
            raise changed(str(self.place)) from error
        if len(data) != length:
            raise changed(str(self.place))
        return data

    def streams(self, encodings: Encodings | None) -> list[Stream]:
        """Find its streams."""
        if not self.may_have_streams():
            return []
        if self.size <= _IN_MEMORY:
            return streams_of(memoryview(self.read(0, self.size)), encodings)
        with (
            self.place.open("rb") as file,
            mmap(file.fileno(), 0, access=ACCESS_READ) as mapped,
            memoryview(mapped) as data,
        ):
            return streams_of(data, encodings)

    def may_have_streams(self) -> bool:
        """Tell by its first bytes whether it may have streams that can be used here."""
        return has_same_deflate() and may_have_streams(self.read(0, min(self.size, HEAD_BYTES)))

    def is_far(self) -> bool:
        """Whether it is large and does not compress."""
        return (
            self.size >= LARGE
            and not self.may_have_streams()
            and not compresses(self.read, self.size)
        )


@dataclass(frozen=True, slots=True)
class Absent:
    """An old file that is not here: nothing refers to it, but it has its place in the space."""

    size: int


class Known(msgspec.Struct, frozen=True, array_like=True):
    """What is known of an old file.

    Attributes:
        streams: as far as they can be used here.
        is_far: whether its fingerprints are those of its anchors.
        hashes, places: the fingerprints, and their places in the text, 8 bytes each.
    """

    streams: list[Stream]
    is_far: bool
    hashes: bytes
    places: bytes

    def samples(self) -> tuple[Hashes, Places]:
        """Give the fingerprints, and their places in the text."""
        return np.frombuffer(self.hashes, np.uint64), np.frombuffer(self.places, np.int64)


class Memory(Protocol):
    """Remembers old files."""

    def is_whole(self, old: Source) -> bool:
        """Whether an old file is what it was, byte for byte."""

    def get(self, old: Source) -> Known | None:
        """Give what is known of an old file, if anything."""

    def put(self, old: Source, known: Known) -> None:
        """Remember an old file."""


class Forgetful:
    """Remembers nothing, and takes files as they are."""

    def is_whole(self, old: Source) -> bool:
        """Whether it is: it is."""
        del old
        return True

    def get(self, old: Source) -> Known | None:
        """Give nothing."""
        del old
        return None

    def put(self, old: Source, known: Known) -> None:
        """Forget it."""
        del old, known


@dataclass(frozen=True, slots=True)
class Old:
    """An old file, its streams found.

    Attributes:
        source: the file.
        text: it, with its streams inflated.
        streams: those.
        is_far: whether it is far.
    """

    source: Source
    text: Text
    streams: list[Stream]
    is_far: bool


def find_old(source: Source, memory: Memory) -> Old | None:
    """Find the streams of an old file; None when it is damaged.

    A far one is looked at when its fingerprints are wanted.
    """
    known = memory.get(source)
    if known:
        return Old(source, text_of(source, known.streams), known.streams, known.is_far)
    if source.is_far():
        return Old(source, text_of(source, []), [], is_far=True)
    if not memory.is_whole(source):
        return None
    streams = source.streams(None)
    return Old(source, text_of(source, streams), streams, is_far=False)


def samples_of(old: Old, memory: Memory) -> tuple[Hashes, Places] | None:
    """Give the fingerprints of an old file, and where they are in it; None when it is damaged."""
    known = memory.get(old.source)
    if known:
        return known.samples()
    if not memory.is_whole(old.source):
        return None
    hashes, places = _gathered(_anchors(old.source) if old.is_far else _fingerprints(old.text))
    memory.put(old.source, Known(old.streams, old.is_far, hashes.tobytes(), places.tobytes()))
    return hashes, places


def text_of(source: Source, streams: list[Stream]) -> Text:
    """Give a file with its streams inflated."""
    return Text(source.read, source.size, streams, str(source.place))


def thinness_of(text: Text) -> int:
    """Give how thinly an old text that is not far is sampled."""
    return DENSE if text.size <= LARGE else THIN


def _fingerprints(text: Text) -> Iterator[tuple[Hashes, Places]]:
    for part in text.parts(_CHUNK):
        hashes, places = fingerprints(text.read(part), thinness_of(text))
        yield hashes, places + part.start


def _anchors(source: Source) -> Iterator[tuple[Hashes, Places]]:
    for start in range(0, source.size, _CHUNK):
        hashes, places = anchors(source.read(start, min(_CHUNK, source.size - start)))
        yield hashes, places + start


def _gathered(found: Iterable[tuple[Hashes, Places]]) -> tuple[Hashes, Places]:
    hashes, places = [np.zeros(0, np.uint64)], [np.zeros(0, np.int64)]
    for some, at in found:
        hashes.append(some)
        places.append(at)
    return np.concatenate(hashes), np.concatenate(places)
