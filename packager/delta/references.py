"""Choosing what a block refers to: of the old version, and of what earlier blocks have made.

Everything old is one long *space* of texts, cut into granules; behind it comes what blocks make, as
they are planned. First come the granules of old files of the same paths, then those that share most
fingerprints with the block that no granule chosen before has, until the budget is spent.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from packager.delta.covering import Shared, cover
from packager.delta.fingerprints import (
    DENSE,
    THIN,
    Hashes,
    Places,
    anchors,
    fingerprints,
    thinned,
)
from packager.delta.lookup import GRANULE, Lookup
from packager.delta.texts import Part, Text, place_of

BUDGET: Final = 20 * 1024 * 1024
"""Bytes of references, inflated: what a node of 1 GB can hold beside a block."""
# Fingerprints of files that are not far; where there would be more, they are thinned.
_MOST_SAMPLES: Final = 6 * 1024 * 1024
# Fingerprints that only what was made has, for which a block is worth less without that block.
_LEAST_MADE: Final = 64
# Fingerprints of what was made that are known; where there would be more, they are thinned.
_MOST_MADE: Final = 2 * 1024 * 1024
_THINNEST: Final = 24
# Streams for which there is no room are passed over, so many of them.
_MOST_PASSED: Final = 16
_MOST_GRANULES: Final = BUDGET // GRANULE
MOST_ALIKE: Final = _MOST_GRANULES * 3 // 4
"""Granules of files of the same paths that a block may refer to; some is left for what moved."""
_MARGIN: Final = 4 * GRANULE


@dataclass(frozen=True, slots=True)
class Like:
    """Something of a block that has an old file of the same path.

    Attributes:
        old: the old text's number.
        start, stop: what of the new text is in the block.
        size: bytes of all of the new text.
    """

    old: int
    start: int
    stop: int
    size: int


@dataclass(frozen=True, slots=True)
class Samples:
    """Fingerprints of an old text.

    Attributes:
        text: its number.
        hashes: the fingerprints.
        places: where they are in it.
    """

    text: int
    hashes: Hashes
    places: Places


class Choice(NamedTuple):
    """What a block may refer to.

    Attributes:
        parts: text number and part of each, in the order of the space.
        missed: how many of its fingerprints are elsewhere in the space, for want of room.
    """

    parts: list[tuple[int, Part]]
    missed: int


def _nothing(offset: int, length: int) -> bytes:
    raise LookupError(f"{length} bytes from {offset} of a file that is not here")


ABSENT: Final = Text(_nothing, 0)
"""The text of a file that nobody reads."""
Gather = Callable[[], Iterable[Samples]]


class Space:
    """All old texts, one behind the other, and what was made of new ones.

    Args:
        texts: the texts.
        near: gives the fingerprints of those that are not far.
        far: gives the anchors of the others; is called when a block may share some.
        expected: how many fingerprints of texts that are not far there are, about.
    """

    def __init__(self, texts: Sequence[Text], near: Gather, far: Gather, expected: int) -> None:
        self._texts = [*texts]
        self._sizes = [text.size for text in texts]
        self._starts: list[int] = []
        self._dropped: set[int] = set()
        self._end = 0
        was_plain = True
        for text in texts:
            if not (was_plain and text.is_plain):
                # What is beside streams shall not bring these along, inflated.
                self._align()
            was_plain = text.is_plain
            self._starts.append(self._end)
            self._end += text.size
        self._first_made = -(-self._end // GRANULE)
        more = max(1, -(-expected // _MOST_SAMPLES))
        # A bit more of it halves a sample.
        self._thinness = DENSE if more == 1 else DENSE + (more - 1).bit_length()
        self._near = Lookup(
            (hashes, places + self._starts[one.text])
            for one in near()
            for hashes, places in [self._thin(one)]
        )
        self._gather_far = far
        self._far: Lookup | None = None
        self._group = len(self._texts)
        self.begin()

    def begin(self) -> None:
        """Begin a group: its blocks refer to nothing that those before it have made."""
        self._made = Lookup(())
        self._made_thinness = self._thinness
        # So that no granule has something of two groups.
        self._align()
        for number in range(self._group, len(self._texts)):
            # Nobody reads it any more, and it remembers all its streams.
            self._texts[number] = ABSENT
        self._group = len(self._texts)

    def grow(self, parts: Sequence[tuple[Text, Part]], block: bytes = b"") -> None:
        """Add what a block makes; those behind it in its group may refer to that.

        Args:
            parts: what of which new text it is. The parts of a text come one after the other.
            block: the text of all of them, unless nothing is to refer to it.
        """
        hashes, places = fingerprints(block, self._made_thinness)
        # One place of each is enough; a block of one byte over and over has a single one.
        hashes, firsts = np.unique(hashes, return_index=True)
        places = places[firsts]
        while len(self._made) + len(hashes) > _MOST_MADE and self._made_thinness < _THINNEST:
            self._made_thinness += 1
            self._made = self._made.thinned(self._made_thinness)
            hashes, places = thinned(hashes, places, self._made_thinness)
        room = max(0, _MOST_MADE - len(self._made))
        self._made = self._made.grown(hashes[:room], places[:room] + self._end)
        for text, part in parts:
            if not part.start:
                self._texts.append(text)
                self._sizes.append(0)
                self._starts.append(self._end)
            self._sizes[-1] += part.size
            self._end += part.size

    def _align(self) -> None:
        """Let what comes next begin a granule."""
        self._end = -(-self._end // GRANULE) * GRANULE

    def text(self, number: int) -> Text:
        """Give a text by its number; new ones are behind the old ones."""
        return self._texts[number]

    def drop(self, numbers: Iterable[int]) -> None:
        """Let nothing refer to some texts any more."""
        self._dropped.update(numbers)

    def shared(self, block: bytes) -> float:
        """Give the share of a block's fingerprints that are somewhere in the space."""
        near = self._near.share(np.unique(fingerprints(block, max(THIN, self._thinness))[0]))
        return near + self._anchors().share(np.unique(anchors(block)[0]))

    def _thin(self, one: Samples) -> tuple[Hashes, Places]:
        if self._thinness == DENSE:
            return one.hashes, one.places
        return thinned(one.hashes, one.places, self._thinness)

    def _anchors(self) -> Lookup:
        if self._far is None:
            self._far = Lookup(
                (one.hashes, one.places + self._starts[one.text]) for one in self._gather_far()
            )
        return self._far

    def references(
        self, block: bytes, likes: Sequence[Like], most: int, *, may_be_far: bool = True
    ) -> Choice:
        """Choose what a block refers to.

        Args:
            block: its text.
            likes: what of it has an old file of the same path.
            most: of how many parts.
            may_be_far: whether it may share something with far files of other paths.
        """
        found = np.unique(fingerprints(block, self._thinness)[0])
        near = Shared.joined([self._near.shared(found), self._made.shared(found)])
        shared = near
        if may_be_far:
            far = self._anchors().shared(np.unique(anchors(block)[0]))
            shared = Shared.joined([near, Shared(far.granules, far.fingerprints + len(found))])
        chosen = self._cover(shared, self._same_paths(likes))
        if may_be_far:
            chosen += self._edges(chosen)
        kept = self._kept(chosen, most)
        parts = [*self._parts(kept)]
        # Where the index is short of entries, half a block would have half of them.
        is_short = len(kept) < len(chosen) or len(chosen) >= _MOST_GRANULES
        has_entries = 2 * len(parts) < most
        return Choice(parts, near.missed(kept) if is_short and has_entries else 0)

    def alike(self, like: Like) -> range:
        """Give the granules of the old file of the same path, as far as it is of use."""
        size = self._texts[like.old].size
        if not size or like.old in self._dropped:
            return range(0)
        low, high = 0, size
        is_whole = like.stop - like.start == like.size
        if not is_whole or size > 2 * like.size + _MARGIN:
            low = max(0, like.start * size // like.size - _MARGIN)
            high = min(size, -(-like.stop * size // like.size) + _MARGIN)
        start = self._starts[like.old]
        return range((start + low) // GRANULE, (start + high - 1) // GRANULE + 1)

    def _same_paths(self, likes: Sequence[Like]) -> list[int]:
        found = dict.fromkeys(granule for like in likes for granule in self.alike(like))
        return [*found][:MOST_ALIKE]

    def _cover(self, shared: Shared, first: Sequence[int]) -> list[int]:
        """Choose granules, but none that were made where they are worth little.

        A block that refers to no other is of use without it: to a school that fetches a lesson
        alone, and where the other cannot be made.
        """
        is_old = shared.granules < self._first_made
        of_old = cover(shared.only(is_old), first, _MOST_GRANULES)
        if is_old.all():
            return of_old
        of_both = cover(shared, first, _MOST_GRANULES)
        gain = shared.had(of_both) - shared.had(of_old)
        return of_both if gain >= _LEAST_MADE else of_old

    def _edges(self, chosen: Sequence[int]) -> list[int]:
        """Give what is beside granules: anchors are too few to tell where likeness ends."""
        beside = {granule + side for granule in chosen for side in (-1, 1)}.difference(chosen)
        within = sorted(one for one in beside if 0 <= one < self._first_made)
        return within[: _MOST_GRANULES - len(chosen)]

    def _kept(self, granules: Sequence[int], most: int) -> list[int]:
        """Give those granules for which there is room, first ones first.

        They may come to more than they have themselves: streams that they touch are whole.
        """
        found = [*granules]
        for _ in range(_MOST_PASSED):
            count = self._count_of_room(found, most)
            # Where it is entries that are short, whatever is left out makes room for no more.
            if count == len(found) or len([*self._parts(found[: count + 1])]) > most:
                return found[:count]
            spanned = self._spanned(found[count])
            found[count:] = [one for one in found[count:] if one not in spanned]
        return found[: self._count_of_room(found, most)]

    def _spanned(self, granule: int) -> range:
        """Give the granules of all that comes with one: those of the streams that it touches."""
        spans = [
            (self._starts[number] + part.start, self._starts[number] + part.start + part.size)
            for number, part in self._parts([granule])
        ]
        last = max(stop for _, stop in spans) - 1
        return range(min(start for start, _ in spans) // GRANULE, last // GRANULE + 1)

    def _count_of_room(self, granules: Sequence[int], most: int) -> int:
        """Say how many of the first granules there is room for."""
        low, high = 0, len(granules)
        middle = high
        while low < high:
            if self._has_room(granules[:middle], most):
                low = middle
            else:
                high = middle - 1
            middle = (low + high + 1) // 2
        return low

    def _has_room(self, granules: Sequence[int], most: int) -> bool:
        left = BUDGET
        for count, (_, part) in enumerate(self._parts(granules), 1):
            left -= part.size
            if count > most or left < 0:
                return False
        return True

    def _parts(self, granules: Sequence[int]) -> Iterator[tuple[int, Part]]:
        """Give the parts of texts that granules are, those that touch being one."""
        last, end = -1, 0
        for number, start, stop in self._within(sorted(granules)):
            # A stream that two ranges touch is whole in the first.
            begin = max(start, end) if number == last else start
            if begin < stop:
                part = self._texts[number].part(begin, stop)
                last, end = number, part.start + part.size
                yield number, part

    def _within(self, granules: Sequence[int]) -> Iterator[tuple[int, int, int]]:
        """Give what of which text granules are: its number, and from where to where in it."""
        for start, stop in _ranges(granules, self._end):
            number = place_of(self._starts, start)
            while number < len(self._texts) and self._starts[number] < stop:
                begin = self._starts[number]
                first = max(0, start - begin)
                last = min(self._sizes[number], stop - begin)
                if last > first and number not in self._dropped:
                    yield number, first, last
                number += 1


def _ranges(granules: Sequence[int], end: int) -> list[tuple[int, int]]:
    """Give the ranges that granules are; the last one may be short."""
    ranges: list[tuple[int, int]] = []
    for granule in granules:
        start, stop = granule * GRANULE, min((granule + 1) * GRANULE, end)
        if ranges and ranges[-1][1] == start:
            ranges[-1] = ranges[-1][0], stop
        elif stop > start:
            ranges.append((start, stop))
    return ranges
