"""Which bytes go into which block: pure, decided from sizes, paths and items.

Aims, in this order:
    1. An item can be fetched without most of the others, and a large file alone.
    2. Similar files lie together: sorted by (extension, folder, name).
    3. Few blocks: each costs about 60 bytes of index.

So blocks are made item by item in teaching order; items whose small files come to less than
``GROUP_BYTES`` share a block with the next. Changed files, which a delta makes from their old
versions, are small in a bundle whatever they hold, so they are one group. Where there are so many
small ones that their digests would cost more than a little, they are the first group of all.

A rendition shares no block with anything else: a school may want that one alone. Those of an item
follow one another as a node fetches them, the lowest first.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final, NamedTuple

from core.bundle.compact import MAX_PRELUDE_BYTES
from core.bundle.index import MAX_BLOCK_BYTES, STORED_BLOCK_BYTES
from core.digest import DIGEST_BYTES, Digest
from core.kinds import extension

GROUP_BYTES: Final = 256 * 1024
# From here on a file has blocks of its own.
LARGE_BYTES: Final = 1024 * 1024
# Small incompressible files are not worth a block of their own.
STORED_BYTES: Final = 64 * 1024
# What files take in a bundle, about: changed ones, and those that compress.
_CHANGED: Final = 0.1
_COMPRESSED: Final = 0.3
# Digests that come to less of a bundle are told.
_LEAST_SHARE: Final = 0.005
# And files that come to more would keep lessons waiting.
_MOST_UNTOLD: Final = 1024 * 1024
# Ranks: files of several items first, then the items, then files of none.
SHARED: Final = -1


class Piece(NamedTuple):
    """A slice of a blob."""

    digest: Digest
    offset: int
    length: int


@dataclass(frozen=True)
class Content:
    """A blob that a bundle is to make.

    Attributes:
        digest: its digest.
        size: its bytes.
        path: the first path that has it.
        rank: its place among the items.
        stored: whether compression gains nothing.
        changed: whether it takes the place of an old file.
        rung: of which rendition of the item it is, 1 for the lowest; 0 for none.
    """

    digest: Digest
    size: int
    path: str
    rank: int = 0
    stored: bool = False
    changed: bool = False
    rung: int = 0


@dataclass(frozen=True)
class PlannedBlock:
    """What a block is to hold."""

    slices: tuple[Piece, ...]
    stored: bool = False

    @property
    def size(self) -> int:
        """Bytes that it makes."""
        return sum(piece.length for piece in self.slices)


@dataclass(frozen=True)
class Group:
    """Contents whose blocks hold nothing else.

    Attributes:
        contents: those, in order.
        is_told: whether their digests are told before they are made.
    """

    contents: list[Content]
    is_told: bool = True


def plan_groups(contents: Iterable[Content]) -> list[Group]:
    """Give what belongs together, empty files left out, in the bundle's order."""
    ordered = sorted((c for c in contents if c.size), key=_order)
    renditions = [content for content in ordered if content.rung]
    plain = [content for content in ordered if not content.rung]
    groups: list[Group] = []
    untold = _untold(ordered)
    if untold:
        plain = [content for content in plain if not _is_small(content)]
        groups.append(Group(untold, is_told=False))
    if changed := [content for content in plain if content.changed]:
        groups.append(Group(_arranged(changed)))
    fresh = _groups([content for content in plain if not content.changed])
    groups += [Group(_arranged(group)) for group in fresh]
    for _, alike in groupby(renditions, key=lambda one: (one.rank, one.rung)):
        groups.append(Group(_arranged(list(alike))))
    return groups


def _arranged(contents: list[Content]) -> list[Content]:
    """Put small files first, similar ones together."""
    small = [content for content in contents if _is_small(content)]
    small.sort(key=lambda content: _order(content)[2:])
    return [*small, *(content for content in contents if not _is_small(content))]


def _untold(contents: Sequence[Content]) -> list[Content]:
    """Give the small files that come first, since telling their digests would cost too much."""
    small = [content for content in contents if not content.rung and _is_small(content)]
    guess = {True: 0.0, False: 0.0}
    for content in contents:
        guess[not content.rung and _is_small(content)] += _guess(content)
    is_much = DIGEST_BYTES * len(small) > _LEAST_SHARE * sum(guess.values())
    if not any(content.changed for content in small) or not is_much:
        return []
    if guess[True] > _MOST_UNTOLD or sum(content.size for content in small) > MAX_PRELUDE_BYTES:
        return []
    return sorted(small, key=lambda content: _order(content)[2:])


def _guess(content: Content) -> float:
    """Guess the bytes that a file takes in a bundle."""
    if content.stored:
        return content.size
    return content.size * (_CHANGED if content.changed else _COMPRESSED)


def plan_blocks(contents: Iterable[Content]) -> list[PlannedBlock]:
    """Give the blocks that make ``contents`` without references, in the bundle's order."""
    return [block for group in plan_groups(contents) for block in _blocks(group.contents)]


def _order(content: Content) -> tuple[int, int, str, str, str]:
    folder, _, name = content.path.rpartition("/")
    return content.rank, content.rung, extension(content.path), folder, name


def _is_small(content: Content) -> bool:
    return content.size < (STORED_BYTES if content.stored else LARGE_BYTES)


def _groups(contents: list[Content]) -> Iterator[list[Content]]:
    """Cut at borders of items, where there is enough for a block."""
    group: list[Content] = []
    small, rank = 0, None
    for content in contents:
        if content.rank != rank and (small >= GROUP_BYTES or rank == SHARED):
            yield group
            group, small = [], 0
        rank = content.rank
        group.append(content)
        small += content.size if _is_small(content) else 0
    if group:
        yield group


def _blocks(contents: list[Content]) -> Iterator[PlannedBlock]:
    yield from _shared_blocks([content for content in contents if _is_small(content)])
    for content in contents:
        if not _is_small(content):
            yield from _own_blocks(content)


def _shared_blocks(contents: list[Content]) -> Iterator[PlannedBlock]:
    slices: list[Piece] = []
    size = 0
    for content in contents:
        if slices and size + content.size > MAX_BLOCK_BYTES:
            yield PlannedBlock(tuple(slices))
            slices, size = [], 0
        slices.append(Piece(content.digest, 0, content.size))
        size += content.size
    if slices:
        yield PlannedBlock(tuple(slices))


def _own_blocks(content: Content) -> Iterator[PlannedBlock]:
    most = STORED_BLOCK_BYTES if content.stored else MAX_BLOCK_BYTES
    for offset in range(0, content.size, most):
        piece = Piece(content.digest, offset, min(most, content.size - offset))
        yield PlannedBlock((piece,), content.stored)
