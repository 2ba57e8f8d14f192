"""Planning the blocks of a bundle with references: what each makes, and what it refers to.

New content comes in the order in which it is given, group by group, in blocks whose text has at
most 16 MiB: a large file has blocks of its own, small ones share them. Each block refers to what
resembles it in the old version, wherever it is, and to what earlier blocks of its group make. What
neither compresses nor resembles anything is stored, in smaller blocks, so that a node receives it
in place and damage costs little.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain
from pathlib import Path
from typing import Final, NamedTuple, Protocol

from core.bundle.codecs import STORED
from core.bundle.compact import MAX_REFERENCES, CompactBlock, Range
from core.bundle.expansion import MAX_EXPANDED_BYTES
from core.bundle.index import MAX_BLOCK_BYTES, MAX_ENTRIES, STORED_BLOCK_BYTES
from packager.delta.encode import Expanded
from packager.delta.references import ABSENT, MOST_ALIKE, Choice, Like, Samples, Space
from packager.delta.sources import (
    LARGE,
    Absent,
    Memory,
    Source,
    find_old,
    samples_of,
    text_of,
    thinness_of,
)
from packager.delta.streams import Encodings
from packager.delta.texts import Part, Text, joined

# Bytes of a block with its streams inflated; its recipe has some, too.
_MOST_TEXT: Final = MAX_EXPANDED_BYTES // 2
# What does not compress and shares less of itself with old files is not worth a search.
_LEAST_SHARED: Final = 0.02
# What a block misses that it could refer to, fingerprints, for which it is divided.
_WORTH_DIVIDING: Final = 512
_LEAST_DIVIDED: Final = 2 * 1024 * 1024
_LEAST_BLOCK: Final = 512 * 1024
# So many parts a block may refer to as long as any are left, however small its share.
_FEW_PARTS: Final = 640


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
        references: parts of the space: old files one behind the other, then new ones.
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


class Job(NamedTuple):
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


Planned = tuple[int, Job | MadeBlock]
"""The number of the group, and a block that is to be encoded, or is made already."""


class _Entries:
    """Sees to it that an index has no more entries than it may.

    Each block has its share of them, by its files and by its bytes. What is stored mostly refers
    to nothing, and to few parts if it does.

    Args:
        new: what is to be made.
    """

    def __init__(self, new: Sequence[New]) -> None:
        self._files = sum(not one.is_stored for one in new)
        self._bytes = sum(one.source.size for one in new if not one.is_stored)
        self._left = max(0, MAX_ENTRIES - len(new) - sum(_most_blocks(one) for one in new))

    def of(self, pieces: Sequence[_Piece]) -> int:
        """Give how many parts a block may refer to."""
        files, size = _weight(pieces)
        share = files / max(files, self._files, 1) + size / max(size, self._bytes, 1)
        most = max(int(self._left * share / 2), min(_FEW_PARTS, self._left))
        return min(MAX_REFERENCES, most)

    def take(self, pieces: Sequence[_Piece], parts: int) -> None:
        """Know that a block is planned, and refers to so many parts."""
        files, size = _weight(pieces)
        self._files -= files
        self._bytes -= size
        self._left -= parts


def _most_blocks(one: New) -> int:
    """Give how many blocks a file may have, and be a part of, at most."""
    return 1 + one.source.size // (STORED_BLOCK_BYTES if one.is_stored else _LEAST_BLOCK)


def _weight(pieces: Sequence[_Piece]) -> tuple[int, int]:
    """Give how many files end in a block, and its bytes; nothing of what is stored."""
    encoded = [one for one in pieces if not one.new.is_stored]
    ending = sum(one.part.offset + one.part.length == one.text.length for one in encoded)
    return ending, sum(one.part.length for one in encoded)


class Planner:
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
        texts = [one.text if one else ABSENT for one in self._found]
        near = [one.text for one in self._found if one and not one.is_far]
        expected = sum(text.size >> thinness_of(text) for text in near)
        sizes = [one.size for one in old]
        self._space = Space(texts, lambda: self._near(sizes, work), self._far, expected)

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

    def work(self, groups: Sequence[Sequence[New]]) -> Iterator[Planned]:
        """Give all blocks in order: to be encoded, or made already."""
        encodings = Encodings()
        self._entries = _Entries([new for group in groups for new in group])
        for number, group in enumerate(groups):
            self._space.begin()
            for pieces in _blocks(group, encodings, self._alike):
                for one in self._planned(pieces):
                    yield number, one

    def _alike(self, piece: _Piece) -> Iterable[int]:
        """Give the granules of what is old under the same path."""
        return chain.from_iterable(self._space.alike(like) for like in _likes([piece]))

    def _planned(self, pieces: Sequence[_Piece]) -> Iterator[Job | MadeBlock]:
        content = _expanded([(one.text, one.part) for one in pieces])
        is_stored = len(pieces) == 1 and pieces[0].new.is_stored
        if is_stored and self._space.shared(content.text) < _LEAST_SHARED:
            self._grow(pieces)
            self._entries.take(pieces, 0)
            yield from _stored(pieces[0])
            return
        found = self._references(pieces, content.text, may_be_far=is_stored)
        if found.missed >= _WORTH_DIVIDING and (halves := _halves(pieces)):
            # Each half has room for references of its own.
            for half in halves:
                yield from self._planned(half)
            return
        references = _expanded([(self._space.text(number), part) for number, part in found.parts])
        ranges = tuple(self._ranges(found.parts))
        self._grow(pieces, b"" if is_stored else content.text)
        self._entries.take(pieces, len(found.parts))
        yield Job(references, content, ranges)

    def _grow(self, pieces: Sequence[_Piece], text: bytes = b"") -> None:
        """Let later blocks refer to what one makes, if to anything of it."""
        self._space.grow([(one.text, one.part) for one in pieces], text)
        for one in pieces:
            if not one.part.start:
                self._starts.append(self._starts[-1] + one.text.length)

    def _references(self, pieces: Sequence[_Piece], text: bytes, *, may_be_far: bool) -> Choice:
        """Choose what a block refers to, of what is whole."""
        may_be_far = may_be_far or any(one.new.source.size >= LARGE for one in pieces)
        likes = list(_likes(pieces))
        most = self._entries.of(pieces)
        while True:
            found = self._space.references(text, likes, most, may_be_far=may_be_far)
            damaged = {number for number, _ in found.parts if not self._is_whole(number)}
            if not damaged:
                return found
            # It would make garbage of every delta that refers to it.
            self._space.drop(damaged)

    def _is_whole(self, number: int) -> bool:
        if number >= len(self._found):
            # A new file was seen to be whole, or is seen to be when all is made.
            return True
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


def _halves(pieces: Sequence[_Piece]) -> tuple[list[_Piece], list[_Piece]] | None:
    """Divide a block in two; None where that is not worth it, or not possible."""
    size = sum(one.part.size for one in pieces)
    if size < 2 * _LEAST_DIVIDED:
        return None
    if len(pieces) > 1:
        ends = accumulate(one.part.size for one in pieces[:-1])
        count = 1 + min(enumerate(ends), key=lambda end: abs(end[1] - size // 2))[0]
        return [*pieces[:count]], [*pieces[count:]]
    (one,) = pieces
    start, stop = one.part.start, one.part.start + one.part.size
    first = one.text.part(start, start + size // 2)
    if first.start + first.size >= stop:
        return None
    second = one.text.part(first.start + first.size, stop)
    return [one._replace(part=first)], [one._replace(part=second)]


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
            if block and (is_full or is_alone or len(mine) > MOST_ALIKE):
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
