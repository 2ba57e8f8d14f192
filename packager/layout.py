"""Which bytes go into which block: pure, decided from sizes, paths and items.

Aims, in this order:
    1. An item can be fetched without most of the others, and a large file alone.
    2. Similar files lie together: sorted by (extension, folder, name).
    3. Few blocks: each costs about 60 bytes of index.

So blocks are made item by item in teaching order; items whose small files come to less than
``GROUP_BYTES`` share a block with the next. Changed files, which a delta makes from their old
versions, are small in a bundle whatever they hold, so they are only grouped by the limits.

A rendition shares no block with anything else: a school may want that one alone. Those of an item
follow one another as a node fetches them, the lowest first.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Final, NamedTuple

from core.bundle.index import MAX_BLOCK_BYTES, MAX_REFERENCE_BYTES
from core.digest import Digest
from core.kinds import extension

GROUP_BYTES: Final = 256 * 1024
# From here on a file has blocks of its own.
LARGE_BYTES: Final = 1024 * 1024
# Small incompressible files are not worth a block of their own.
STORED_BYTES: Final = 64 * 1024
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
        old: the blob and its size that it is made from, if any.
        rung: of which rendition of the item it is, 1 for the lowest; 0 for none.
    """

    digest: Digest
    size: int
    path: str
    rank: int = 0
    stored: bool = False
    old: tuple[Digest, int] | None = None
    rung: int = 0


@dataclass(frozen=True)
class PlannedBlock:
    """What a block is to hold, and what it may refer to."""

    slices: tuple[Piece, ...]
    references: tuple[Piece, ...] = ()
    stored: bool = False

    @property
    def size(self) -> int:
        """Bytes that it makes."""
        return sum(piece.length for piece in self.slices)


def plan_blocks(contents: Iterable[Content]) -> list[PlannedBlock]:
    """Give the blocks that make ``contents``, empty files left out, in the bundle's order."""
    ordered = sorted((c for c in contents if c.size), key=_order)
    plain = [content for content in ordered if not content.rung]
    blocks = list(_blocks([content for content in plain if content.old]))
    for group in _groups([content for content in plain if not content.old]):
        blocks.extend(_blocks(group))
    renditions = (content for content in ordered if content.rung)
    for _, alike in groupby(renditions, key=lambda one: (one.rank, one.rung)):
        blocks.extend(_blocks(list(alike)))
    return blocks


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
    small = [content for content in contents if _is_small(content)]
    small.sort(key=lambda content: _order(content)[2:])
    yield from _shared_blocks(small)
    for content in contents:
        if not _is_small(content):
            yield from _own_blocks(content)


def _shared_blocks(contents: list[Content]) -> Iterator[PlannedBlock]:
    slices: list[Piece] = []
    references: list[Piece] = []
    size = reference_size = 0
    for content in contents:
        piece = Piece(content.digest, 0, content.size)
        reference = _reference(content, piece)
        more = reference.length if reference else 0
        if slices and (
            size + content.size > MAX_BLOCK_BYTES or reference_size + more > MAX_REFERENCE_BYTES
        ):
            yield PlannedBlock(tuple(slices), tuple(references))
            slices, references, size, reference_size = [], [], 0, 0
        slices.append(piece)
        size += content.size
        if reference and reference not in references:
            references.append(reference)
            reference_size += more
    if slices:
        yield PlannedBlock(tuple(slices), tuple(references))


def _own_blocks(content: Content) -> Iterator[PlannedBlock]:
    for offset in range(0, content.size, MAX_BLOCK_BYTES):
        piece = Piece(content.digest, offset, min(MAX_BLOCK_BYTES, content.size - offset))
        reference = _reference(content, piece)
        references = (reference,) if reference else ()
        yield PlannedBlock((piece,), references, content.stored and not references)


def _reference(content: Content, piece: Piece) -> Piece | None:
    """Give what of the old file to refer to: all of it, or the part at the same proportion."""
    if content.old is None:
        return None
    digest, size = content.old
    if size <= MAX_REFERENCE_BYTES:
        return Piece(digest, 0, size)
    middle = (piece.offset + piece.length // 2) * size // content.size
    start = max(0, min(middle - MAX_REFERENCE_BYTES // 2, size - MAX_REFERENCE_BYTES))
    return Piece(digest, start, MAX_REFERENCE_BYTES)
