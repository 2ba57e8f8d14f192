"""Making the blocks of a bundle with references: what is new, from what is old.

New content comes in the order in which it is given, in blocks whose text has at most 16 MiB: a
large file has blocks of its own, small ones share them. Each block refers to what resembles it in
the old version, wherever it is.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from core.bundle.compact import Range
from core.bundle.expansion import MAX_EXPANDED_BYTES, Stream
from core.bundle.index import MAX_BLOCK_BYTES
from packager.delta.encode import Encoded, Expanded, encode_with
from packager.delta.fingerprints import DENSE, THIN, Hashes, Places, fingerprints
from packager.delta.references import Like, Space
from packager.delta.streams import HEAD_BYTES, Encodings, may_have_streams, streams_of
from packager.delta.texts import Part, Text, joined

LEVEL: Final = 22
# From here on an old file is sampled thinly; what it shares with a new one is long.
_LARGE: Final = 4 * 1024 * 1024
# Parts in which a file's fingerprints are looked for.
_CHUNK: Final = 8 * 1024 * 1024
# Bytes of a block with its streams inflated; its recipe has some, too.
_MOST_TEXT: Final = MAX_EXPANDED_BYTES // 2


@dataclass(frozen=True, slots=True)
class Source:
    """A file, old or new.

    Attributes:
        place: where it lies.
        size: its bytes.
    """

    place: Path
    size: int

    def read(self, offset: int, length: int) -> bytes:
        """Read a part of it.

        Raises:
            ShortFileError: it has become shorter.
        """
        with self.place.open("rb") as file:
            file.seek(offset)
            data = file.read(length)
        if len(data) != length:
            raise ShortFileError(f"{self.place} became shorter while it was read")
        return data

    def streams(self, encodings: Encodings | None) -> list[Stream]:
        """Find its streams."""
        if not may_have_streams(self.read(0, min(self.size, HEAD_BYTES))):
            return []
        with (
            self.place.open("rb") as file,
            mmap(file.fileno(), 0, access=ACCESS_READ) as mapped,
            memoryview(mapped) as data,
        ):
            return streams_of(data, encodings)


class ShortFileError(OSError):
    """A file became shorter while it was read."""


class MadeBlock(NamedTuple):
    """A block that was made.

    Attributes:
        encoded: its codec and payload.
        size: bytes that it makes.
        references: parts of the space, old files one behind the other.
    """

    encoded: Encoded
    size: int
    references: tuple[Range, ...]


class _Piece(NamedTuple):
    """A part of a new file in a block."""

    source: int
    text: Text
    part: Part


def make_blocks(
    new: Sequence[Source], old: Sequence[Source], same_path: Mapping[int, int]
) -> Iterator[MadeBlock]:
    """Make the blocks of what is new.

    Args:
        new: what is to be made, in order.
        old: what can be referred to, in the order of the space.
        same_path: by number of what is new: the number of what was old at its path.
    """
    return _Maker(new, old, same_path).blocks()


class _Maker:
    def __init__(
        self, new: Sequence[Source], old: Sequence[Source], same_path: Mapping[int, int]
    ) -> None:
        self._new, self._old, self._same_path = new, old, same_path
        self._starts = list(accumulate((one.size for one in old), initial=0))
        self._texts = [_text(one, None) for one in old]
        samples = [_samples(text) for text in self._texts]
        self._space = Space(self._texts, samples)

    def blocks(self) -> Iterator[MadeBlock]:
        """Make one block after the other."""
        for pieces in _blocks(self._new):
            yield self._made(pieces)

    def _made(self, pieces: Sequence[_Piece]) -> MadeBlock:
        content = Expanded(
            b"".join(one.text.read(one.part) for one in pieces),
            joined([one.part for one in pieces]),
        )
        data = b"".join(
            self._new[one.source].read(one.part.offset, one.part.length) for one in pieces
        )
        found = self._space.references(content.text, list(self._likes(pieces)))
        references = Expanded(
            b"".join(self._texts[number].read(part) for number, part in found),
            joined([part for _, part in found]),
        )
        encoded = encode_with(references, content, data, LEVEL)
        ranges = tuple(self._ranges(found)) if encoded.has_references else ()
        return MadeBlock(encoded, len(data), ranges)

    def _likes(self, pieces: Sequence[_Piece]) -> Iterator[Like]:
        for source, text, part in pieces:
            old = self._same_path.get(source)
            if old is not None:
                yield Like(old, part.start, part.start + part.size, text.size)

    def _ranges(self, found: Sequence[tuple[int, Part]]) -> Iterator[Range]:
        """Give where references are in the space, those that touch being one."""
        start = stop = -1
        for number, part in found:
            begin = self._starts[number] + part.offset
            if begin != stop:
                if start >= 0:
                    yield Range(start, stop - start)
                start = begin
            stop = begin + part.length
        if start >= 0:
            yield Range(start, stop - start)


def _text(source: Source, encodings: Encodings | None) -> Text:
    return Text(source.read, source.size, source.streams(encodings))


def _samples(text: Text) -> tuple[Hashes, Places]:
    """Give the fingerprints of an old file."""
    thinness = DENSE if text.size <= _LARGE else THIN
    hashes, places = [np.zeros(0, np.uint64)], [np.zeros(0, np.int64)]
    for part in text.parts(_CHUNK):
        found, at = fingerprints(text.read(part), thinness)
        hashes.append(found)
        places.append(at + part.start)
    return np.concatenate(hashes), np.concatenate(places)


def _blocks(new: Sequence[Source]) -> Iterator[list[_Piece]]:
    """Cut what is new into blocks; small files are not divided."""
    encodings = Encodings()
    block: list[_Piece] = []
    size = length = 0
    for number, source in enumerate(new):
        text = _text(source, encodings)
        for part in text.parts(MAX_BLOCK_BYTES):
            is_full = length + part.length > MAX_BLOCK_BYTES or size + part.size > _MOST_TEXT
            if block and is_full:
                yield block
                block, size, length = [], 0, 0
            block.append(_Piece(number, text, part))
            size, length = size + part.size, length + part.length
    if block:
        yield block
