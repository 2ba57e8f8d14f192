"""Making the blocks of a bundle with references: what is new, from what is old.

New content comes in the order in which it is given, group by group, in blocks whose text has at
most 16 MiB: a large file has blocks of its own, small ones share them. Each block refers to what
resembles it in the old version, wherever it is. What neither compresses nor resembles anything is
stored, in smaller blocks, so that a node receives it in place and damage costs little.

Blocks are encoded by all processors; they come in order.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from core.bundle.codecs import STORED
from core.bundle.compact import Range
from core.bundle.expansion import MAX_EXPANDED_BYTES, Stream
from core.bundle.index import MAX_BLOCK_BYTES, STORED_BLOCK_BYTES
from core.bundle.same_deflate import has_same_deflate
from packager.delta.encode import Encoded, Expanded, encode_with
from packager.delta.fingerprints import DENSE, THIN, Hashes, Places, fingerprints
from packager.delta.processes import count_of
from packager.delta.references import Like, Space
from packager.delta.streams import HEAD_BYTES, Encodings, may_have_streams, streams_of
from packager.delta.texts import Part, Text, joined
from packager.delta.workers import Workers
from packager.faults import changed

if TYPE_CHECKING:
    from concurrent.futures import Future

LEVEL: Final = 22
# From here on an old file is sampled thinly; what it shares with a new one is long.
_LARGE: Final = 4 * 1024 * 1024
# Parts in which a file's fingerprints are looked for.
_CHUNK: Final = 8 * 1024 * 1024
# Bytes of a block with its streams inflated; its recipe has some, too.
_MOST_TEXT: Final = MAX_EXPANDED_BYTES // 2
# What does not compress and shares less of itself with old files is not worth a search.
_LEAST_SHARED: Final = 0.02
# Below, starting processes takes longer than they save.
_WORTH_PROCESSES: Final = 8 * 1024 * 1024


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
            UsageError: it has become shorter.
        """
        with self.place.open("rb") as file:
            file.seek(offset)
            data = file.read(length)
        if len(data) != length:
            raise changed(str(self.place))
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


@dataclass(frozen=True, slots=True)
class Absent:
    """An old file that is not here: nothing refers to it, but it has its place in the space."""

    size: int


@dataclass(frozen=True, slots=True)
class New:
    """A file that is to be made.

    Attributes:
        source: where it is.
        old: the number of the old file of the same path.
        is_stored: whether it does not compress.
        is_alone: whether it shares no block with others.
    """

    source: Source
    old: int | None = None
    is_stored: bool = False
    is_alone: bool = False


class MadeBlock(NamedTuple):
    """A block that was made.

    Attributes:
        codec: by which it is decoded.
        payload: its bytes in the bundle.
        size: bytes that it makes.
        references: parts of the space, old files one behind the other.
        place, offset: of a block that is stored, where its bytes are; None where they are of
            several files.
    """

    codec: int
    payload: bytes
    size: int
    references: tuple[Range, ...] = ()
    place: Path | None = None
    offset: int = 0


class _Piece(NamedTuple):
    """A part of a new file in a block."""

    new: New
    text: Text
    part: Part


class _Job(NamedTuple):
    """A block that is to be encoded.

    Attributes:
        references: what it may refer to.
        content: what it makes.
        ranges: where the references are in the space.
    """

    references: Expanded
    content: Expanded
    ranges: tuple[Range, ...]


Looked = Callable[[int], None]
_Work = tuple[int, _Job | MadeBlock]


def make_blocks(
    groups: Sequence[Sequence[New]],
    old: Sequence[Source | Absent],
    level: int = LEVEL,
    looked: Looked = lambda _: None,
) -> Iterator[tuple[int, MadeBlock]]:
    """Make the blocks of what is new.

    Args:
        groups: what is to be made, in order; blocks hold parts of one group.
        old: what can be referred to, in the order of the space.
        level: zstd's.
        looked: is told bytes of what is old once it was looked at.

    Yields:
        The number of the group, and a block.
    """
    size = sum(new.source.size for group in groups for new in group if not new.is_stored)
    work = _Planner(old, looked).work(groups)
    if size < _WORTH_PROCESSES:
        return _here(work, level)
    return _in_processes(work, level)


def _here(work: Iterator[_Work], level: int) -> Iterator[tuple[int, MadeBlock]]:
    for number, one in work:
        if isinstance(one, MadeBlock):
            yield number, one
        else:
            found = encode_with(one.references, one.content, level)
            yield number, _made(found, len(one.content.data), one.ranges)


def _in_processes(work: Iterator[_Work], level: int) -> Iterator[tuple[int, MadeBlock]]:
    """Encode blocks by all processors; no more wait than there are processes."""
    most = count_of()
    waiting: deque[tuple[int, MadeBlock | tuple[Future[Encoded], int, tuple[Range, ...]]]]
    waiting = deque()
    with Workers(most) as pool:
        for number, one in work:
            if isinstance(one, MadeBlock):
                waiting.append((number, one))
            else:
                coming = pool.submit(encode_with, one.references, one.content, level)
                waiting.append((number, (coming, len(one.content.data), one.ranges)))
            while len(waiting) > most:
                yield _arrived(*waiting.popleft())
        while waiting:
            yield _arrived(*waiting.popleft())


def _arrived(
    number: int, one: "MadeBlock | tuple[Future[Encoded], int, tuple[Range, ...]]"
) -> tuple[int, MadeBlock]:
    return number, one if isinstance(one, MadeBlock) else _made(one[0].result(), *one[1:])


def _made(found: Encoded, size: int, ranges: tuple[Range, ...]) -> MadeBlock:
    return MadeBlock(found.codec, found.payload, size, ranges if found.has_references else ())


class _Planner:
    """Plans blocks, and chooses what they refer to.

    Args:
        old: what can be referred to.
        looked: is told its bytes.
    """

    def __init__(self, old: Sequence[Source | Absent], looked: Looked) -> None:
        self._starts = list(accumulate((one.size for one in old), initial=0))
        self._texts = [
            _text(one, None) if isinstance(one, Source) else Text(_nothing, 0) for one in old
        ]
        self._space = Space(self._texts, self._samples(old, looked))

    def work(self, groups: Sequence[Sequence[New]]) -> Iterator[_Work]:
        """Give all blocks in order: to be encoded, or made already."""
        encodings = Encodings()
        for number, group in enumerate(groups):
            for pieces in _blocks(group, encodings):
                for one in self._planned(pieces):
                    yield number, one

    def _samples(
        self, old: Sequence[Source | Absent], looked: Looked
    ) -> Iterator[tuple[Hashes, Places]]:
        for one, text in zip(old, self._texts, strict=True):
            yield _samples(text)
            looked(one.size)

    def _planned(self, pieces: Sequence[_Piece]) -> Iterator[_Job | MadeBlock]:
        content = _expanded([(one.text, one.part) for one in pieces])
        is_stored = len(pieces) == 1 and pieces[0].new.is_stored
        if is_stored and self._space.shared(content.text) < _LEAST_SHARED:
            yield from _stored(pieces[0])
            return
        found = self._space.references(content.text, list(_likes(pieces)))
        references = _expanded([(self._texts[number], part) for number, part in found])
        yield _Job(references, content, tuple(self._ranges(found)))

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


def _expanded(parts: Sequence[tuple[Text, Part]]) -> Expanded:
    """Read parts of texts, one behind the other."""
    data = b"".join(text.read_file(part) for text, part in parts)
    streams = joined([part for _, part in parts])
    # Without streams it is the same, and not twice in memory.
    whole = b"".join(text.read(part) for text, part in parts) if streams else data
    return Expanded(data, whole, streams)


def _likes(pieces: Sequence[_Piece]) -> Iterator[Like]:
    for new, text, part in pieces:
        if new.old is not None:
            yield Like(new.old, part.start, part.start + part.size, text.size)


def _stored(piece: _Piece) -> Iterator[MadeBlock]:
    """Give the blocks of what is stored as it is."""
    part = piece.part
    for start in range(part.offset, part.offset + part.length, STORED_BLOCK_BYTES):
        size = min(STORED_BLOCK_BYTES, part.offset + part.length - start)
        source = piece.new.source
        yield MadeBlock(STORED, source.read(start, size), size, (), source.place, start)


def _nothing(offset: int, length: int) -> bytes:
    raise LookupError(f"{length} bytes from {offset} of a file that is not here")


def _text(source: Source, encodings: Encodings | None) -> Text:
    streams = source.streams(encodings) if has_same_deflate() else []
    return Text(source.read, source.size, streams)


def _samples(text: Text) -> tuple[Hashes, Places]:
    """Give the fingerprints of an old file."""
    thinness = DENSE if text.size <= _LARGE else THIN
    hashes, places = [np.zeros(0, np.uint64)], [np.zeros(0, np.int64)]
    for part in text.parts(_CHUNK):
        found, at = fingerprints(text.read(part), thinness)
        hashes.append(found)
        places.append(at + part.start)
    return np.concatenate(hashes), np.concatenate(places)


def _blocks(group: Sequence[New], encodings: Encodings) -> Iterator[list[_Piece]]:
    """Cut what is new into blocks; small files share them, and are not divided."""
    block: list[_Piece] = []
    size = length = 0
    for new in group:
        text = _text(new.source, encodings)
        parts = list(text.parts(MAX_BLOCK_BYTES))
        for part in parts:
            is_full = length + part.length > MAX_BLOCK_BYTES or size + part.size > _MOST_TEXT
            is_alone = len(parts) > 1 or new.is_stored or new.is_alone
            if block and (is_full or is_alone):
                yield block
                block, size, length = [], 0, 0
            block.append(_Piece(new, text, part))
            size, length = size + part.size, length + part.length
            if is_alone:
                yield block
                block, size, length = [], 0, 0
    if block:
        yield block
