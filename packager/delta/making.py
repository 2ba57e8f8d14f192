"""Making the blocks of a bundle with references: what is new, from what is old.

New content comes in the order in which it is given, group by group, in blocks whose text has at
most 16 MiB: a large file has blocks of its own, small ones share them. Each block refers to what
resembles it in the old version, wherever it is. What neither compresses nor resembles anything is
stored, in smaller blocks, so that a node receives it in place and damage costs little.

Blocks are encoded by all processors, as far as memory goes; they come in order.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from core.bundle.codecs import STORED
from core.bundle.compact import CompactBlock, Range
from core.bundle.expansion import MAX_EXPANDED_BYTES
from core.bundle.index import MAX_BLOCK_BYTES, STORED_BLOCK_BYTES
from packager.delta.encode import Encoded, Expanded, encode_with, memory_for
from packager.delta.processes import count_of
from packager.delta.references import Like, Samples, Space, most_alike
from packager.delta.room import Room
from packager.delta.sources import (
    LARGE,
    Absent,
    Forgetful,
    Memory,
    Source,
    find_old,
    samples_of,
    text_of,
    thinness_of,
)
from packager.delta.streams import Encodings
from packager.delta.texts import Part, Text, joined
from packager.delta.workers import Workers

if TYPE_CHECKING:
    from concurrent.futures import Future

LEVEL: Final = 22
# Bytes of a block with its streams inflated; its recipe has some, too.
_MOST_TEXT: Final = MAX_EXPANDED_BYTES // 2
# What does not compress and shares less of itself with old files is not worth a search.
_LEAST_SHARED: Final = 0.02
# Below, starting processes takes longer than they save.
_WORTH_PROCESSES: Final = 8 * 1024 * 1024


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

    def entry(self, digest: bytes) -> CompactBlock:
        """Give what the index says of it, its payload having a digest, or none in a head."""
        return CompactBlock(self.codec, len(self.payload), digest, self.size, self.references)


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


class Work(Protocol):
    """Is told what was done, bytes."""

    def looked(self, size: int) -> None:
        """Old files were looked at."""

    def stored(self, size: int) -> None:
        """Content was stored."""

    def encoded(self, size: int) -> None:
        """Content was encoded, or what amounts to it."""


class Unheard:
    """Tells nobody."""

    def looked(self, size: int) -> None:
        """Old files were looked at."""

    def stored(self, size: int) -> None:
        """Content was stored."""

    def encoded(self, size: int) -> None:
        """Content was encoded."""


_Planned = tuple[int, _Job | MadeBlock]


def make_blocks(
    groups: Sequence[Sequence[New]],
    old: Sequence[Source | Absent],
    level: int = LEVEL,
    work: Work | None = None,
    memory: Memory | None = None,
) -> Iterator[tuple[int, MadeBlock]]:
    """Make the blocks of what is new.

    Args:
        groups: what is to be made, in order; blocks hold parts of one group.
        old: what can be referred to, in the order of the space.
        level: zstd's.
        work: is told what was done, from several threads.
        memory: remembers what is old, and sees that it is whole; without one it is taken as it is.

    Yields:
        The number of the group, and a block.
    """
    size = sum(new.source.size for group in groups for new in group if not new.is_stored)
    if not any(groups):
        return iter(())
    heard = work or Unheard()
    planned = _Planner(old, heard, memory or Forgetful()).work(groups)
    if size < _WORTH_PROCESSES:
        return _here(planned, level, heard)
    return _in_processes(planned, level, heard)


def _here(planned: Iterator[_Planned], level: int, work: Work) -> Iterator[tuple[int, MadeBlock]]:
    for number, one in planned:
        if isinstance(one, MadeBlock):
            work.stored(one.size)
            yield number, one
        else:
            told = _Told(len(one.content.data), work)
            found = encode_with(one.references, one.content, level, told)
            told(1)
            yield number, _made(found, one)


class _Coming(NamedTuple):
    """A block that is being encoded."""

    job: _Job
    future: "Future[Encoded]"
    told: "_Told"

    def arrived(self) -> MadeBlock:
        found = self.future.result()
        self.told(1)
        return _made(found, self.job)


def _in_processes(
    planned: Iterator[_Planned], level: int, work: Work
) -> Iterator[tuple[int, MadeBlock]]:
    """Encode blocks by all processors; no more wait than there are processes."""
    waiting: deque[tuple[int, MadeBlock | _Coming]] = deque()
    most, room = count_of(), Room()

    def next_one() -> tuple[int, MadeBlock]:
        number, one = waiting.popleft()
        if isinstance(one, MadeBlock):
            work.stored(one.size)
            return number, one
        return number, one.arrived()

    with Workers(most) as pool:
        for number, one in planned:
            if isinstance(one, MadeBlock):
                waiting.append((number, one))
            else:
                memory = memory_for(one.references, one.content)
                room.wait_for(memory)
                told = _Told(len(one.content.data), work)
                coming = pool.submit(told, encode_with, one.references, one.content, level)
                room.take(coming, memory)
                waiting.append((number, _Coming(one, coming, told)))
            while len(waiting) > most:
                yield next_one()
        while waiting:
            yield next_one()


class _Told:
    """Is told which share of a block is encoded, and tells of its bytes."""

    def __init__(self, size: int, work: Work) -> None:
        self._size = size
        self._work = work
        self._done = 0

    def __call__(self, share: float) -> None:
        done = int(self._size * min(1.0, share))
        self._work.encoded(max(0, done - self._done))
        self._done = max(done, self._done)


def _made(found: Encoded, job: _Job) -> MadeBlock:
    ranges = job.ranges if found.has_references else ()
    return MadeBlock(found.codec, found.payload, len(job.content.data), ranges)


class _Planner:
    """Plans blocks, and chooses what they refer to.

    Args:
        old: what can be referred to.
        work: is told its bytes.
        memory: knows it, and whether it is whole.
    """

    def __init__(self, old: Sequence[Source | Absent], work: Work, memory: Memory) -> None:
        self._memory = memory
        self._starts = list(accumulate((one.size for one in old), initial=0))
        self._found = [
            find_old(one, memory) if isinstance(one, Source) and one.size else None for one in old
        ]
        self._texts = [one.text if one else Text(_nothing, 0) for one in self._found]
        near = [one.text for one in self._found if one and not one.is_far]
        expected = sum(text.size >> thinness_of(text) for text in near)
        sizes = [one.size for one in old]
        self._space = Space(self._texts, lambda: self._near(sizes, work), self._far, expected)

    def _near(self, sizes: Sequence[int], work: Work) -> Iterator[Samples]:
        """Give the fingerprints of old files that are not far."""
        for number, one in enumerate(self._found):
            if one and not one.is_far and (found := samples_of(one, self._memory)):
                yield Samples(number, *found)
            work.looked(sizes[number])

    def _far(self) -> Iterator[Samples]:
        """Give the anchors of the others."""
        for number, one in enumerate(self._found):
            if one and one.is_far and (found := samples_of(one, self._memory)):
                yield Samples(number, *found)

    def work(self, groups: Sequence[Sequence[New]]) -> Iterator[_Planned]:
        """Give all blocks in order: to be encoded, or made already."""
        encodings = Encodings()
        for number, group in enumerate(groups):
            for pieces in _blocks(group, encodings, self._alike):
                for one in self._planned(pieces):
                    yield number, one

    def _alike(self, piece: _Piece) -> Iterable[int]:
        """Give the granules of what is old under the same path."""
        return chain.from_iterable(self._space.alike(like) for like in _likes([piece]))

    def _planned(self, pieces: Sequence[_Piece]) -> Iterator[_Job | MadeBlock]:
        content = _expanded([(one.text, one.part) for one in pieces])
        is_stored = len(pieces) == 1 and pieces[0].new.is_stored
        if is_stored and self._space.shared(content.text) < _LEAST_SHARED:
            yield from _stored(pieces[0])
            return
        found = self._references(pieces, content.text, may_be_far=is_stored)
        references = _expanded([(self._texts[number], part) for number, part in found])
        yield _Job(references, content, tuple(self._ranges(found)))

    def _references(
        self, pieces: Sequence[_Piece], text: bytes, *, may_be_far: bool
    ) -> list[tuple[int, Part]]:
        """Choose what a block refers to, of what is whole."""
        may_be_far = may_be_far or any(one.new.source.size >= LARGE for one in pieces)
        likes = list(_likes(pieces))
        while True:
            found = self._space.references(text, likes, may_be_far=may_be_far)
            damaged = {number for number, _ in found if not self._is_whole(number)}
            if not damaged:
                return found
            # It would make garbage of every delta that refers to it.
            self._space.drop(damaged)

    def _is_whole(self, number: int) -> bool:
        found = self._found[number]
        return found is not None and self._memory.is_whole(found.source)

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


def _blocks(
    group: Sequence[New], encodings: Encodings, alike: Callable[[_Piece], Iterable[int]]
) -> Iterator[list[_Piece]]:
    """Cut what is new into blocks; small files share them, and are not divided.

    A block has no more files than it can refer to the old versions of: those it cannot refer to
    would be sent as if they were new.
    """
    block: list[_Piece] = []
    size = length = 0
    granules: set[int] = set()
    for new in group:
        text = text_of(new.source, new.source.streams(encodings))
        parts = list(text.parts(MAX_BLOCK_BYTES))
        for part in parts:
            piece = _Piece(new, text, part)
            mine = granules.union(alike(piece))
            is_full = length + part.length > MAX_BLOCK_BYTES or size + part.size > _MOST_TEXT
            is_alone = len(parts) > 1 or new.is_stored or new.is_alone
            if block and (is_full or is_alone or len(mine) > most_alike()):
                yield block
                block, size, length = [], 0, 0
                mine = set(alike(piece))
            block.append(piece)
            size, length, granules = size + part.size, length + part.length, mine
            if is_alone:
                yield block
                block, size, length, granules = [], 0, 0, set()
    if block:
        yield block
