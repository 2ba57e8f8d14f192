"""From the head of a delta to the index that a node works with.

The head tells what is new to somebody who has the base: its rows, and its contents. Small files
that it would cost too much to name are in it, too; they are made at once.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate

from core.bundle.codecs import decode_block
from core.bundle.compact import CompactBlock, CompactIndex, Range
from core.bundle.index import Block, Index, Output, check_entries
from core.bundle.index import Slice as IndexSlice
from core.bundle.listed import Rows, decode_listed
from core.bundle.listing import Listing, contents
from core.bundle.space import Slice, Space
from core.digest import Digest, digest_of
from core.errors import RefusedError
from core.manifest import Manifest

Read = Callable[[Digest, int, int], bytes]
"""Reads a blob of the base, from an offset, so many bytes; raises when it is not there."""


@dataclass(frozen=True, slots=True)
class Resolved:
    """What a head came to.

    Attributes:
        manifest: the version's, byte by byte; whoever asked proves it by its digest.
        index: of the blocks behind the head, in the terms of format 1.
        made: the outputs that were in the head.
    """

    manifest: bytes
    index: Index
    made: dict[Digest, bytes]


def resolve(index: CompactIndex, payloads: Sequence[bytes], base: Rows, read: Read) -> Resolved:
    """Work out what a delta makes.

    Args:
        index: the delta's.
        payloads: those of its prelude, verified.
        base: the version that it starts from.
        read: reads that version's blobs.

    Raises:
        RefusedError: the head contradicts itself, or does not fit ``base``.
    """
    listing, before, behind = _listed(index, payloads, base)
    found = _Resolving(index, listing, base)
    made = found.made(payloads, read)
    digests = {number: digest_of(data) for number, data in made.items()}
    for number, digest in listing.digests.items():
        if digests.setdefault(number, digest) != digest:
            raise _fault()
    rows = Rows(listing.complete(_all(digests, listing)), before, behind)
    return Resolved(
        rows.manifest(),
        found.index(digests),
        {digests[number]: data for number, data in made.items()},
    )


def resolve_known(
    index: CompactIndex, payloads: Sequence[bytes], base: Rows, manifest: Manifest
) -> Index:
    """Work out which blocks are behind a head whose own blocks cannot be used here.

    What these would have made has no block in the result: another bundle brings it.

    Args:
        index: the delta's.
        payloads: those of its prelude, verified.
        base: the version that it starts from.
        manifest: the version to which it leads, verified.

    Raises:
        RefusedError: the head contradicts itself, or does not fit ``base`` or ``manifest``.
    """
    listing, _, _ = _listed(index, payloads, base)
    files = {file.path: file for file in manifest.files}
    digests: dict[int, Digest] = {}
    for path, content, size, _ in listing.rows:
        if isinstance(content, int):
            file = files.get(path)
            if file is None or file.size != size:
                raise _fault()
            digests[content] = file.digest
    return _Resolving(index, listing, base).index(_all(digests, listing))


def _listed(
    index: CompactIndex, payloads: Sequence[bytes], base: Rows
) -> tuple[Listing, bytes, bytes]:
    """Give the listing, and what is before and behind a manifest's files."""
    first = index.blocks[0]
    told = bytes(decode_block(first.codec, payloads[0], base.text, first.size))
    return decode_listed(told, base, index.untold)


def _all(digests: dict[int, Digest], listing: Listing) -> dict[int, Digest]:
    """Give the digests of all outputs, those that are empty too."""
    for number, size in enumerate(listing.sizes):
        if not size:
            digests.setdefault(number, digest_of(b""))
    if len(digests) != len(listing.sizes):
        raise _fault()
    return digests


class _Resolving:
    """Knows where blocks and references are."""

    def __init__(self, index: CompactIndex, listing: Listing, base: Rows) -> None:
        self._index = index
        self._sizes = listing.sizes
        self._old = contents(base.rows)
        self._space = Space([*(size for _, size in self._old), *listing.sizes])
        self._starts = list(accumulate(listing.sizes, initial=0))
        self._made = Space(listing.sizes)
        if sum(block.size for block in index.blocks[1:]) != self._starts[-1]:
            raise _fault()
        # Before one is read: those of the prelude are made at once, and no later than that.
        slices = self._space.count(index.blocks[1:], len(self._old))
        check_entries(len(index.blocks) + len(listing.sizes) + slices)

    def made(self, payloads: Sequence[bytes], read: Read) -> dict[int, bytes]:
        """Make the outputs of the prelude."""
        outputs: dict[int, bytearray] = {}
        at = 0
        prelude = self._index.blocks[1 : self._index.prelude]
        if sum(block.size for block in prelude) not in self._starts:
            # An output would be made in part, which may be a part of terabytes.
            raise _fault()
        for block, payload in zip(prelude, payloads[1:], strict=True):
            references = b"".join(
                read(self._old[one.content][0], one.offset, one.length)
                if one.content < len(self._old)
                else _part(outputs, one._replace(content=one.content - len(self._old)))
                for one in self._slices(block, at)
            )
            data = decode_block(block.codec, payload, references, block.size)
            for output, offset, length in self._outputs(at, block.size):
                if output not in outputs:
                    outputs[output] = bytearray(self._sizes[output])
                outputs[output][offset : offset + length] = data[:length]
                data = data[length:]
            at += block.size
        return {number: bytes(data) for number, data in outputs.items()}

    def index(self, digests: dict[int, Digest]) -> Index:
        """Give the index of the blocks behind the prelude."""
        at = sum(block.size for block in self._index.blocks[1 : self._index.prelude])
        used: dict[int, int] = {}
        blocks: list[tuple[CompactBlock, int, list[Slice]]] = []
        for block in self._index.blocks[self._index.prelude :]:
            slices = self._slices(block, at)
            for one in slices:
                if one.content < len(self._old):
                    used.setdefault(one.content, len(used))
            blocks.append((block, at, slices))
            at += block.size

        def placed(one: Slice) -> IndexSlice:
            number = one.content - len(self._old)
            known = used[one.content] if number < 0 else len(used) + number
            return known, one.offset, one.length

        return Index(
            self._index.pack,
            self._index.version,
            self._index.base,
            [bytes.fromhex(self._old[content][0]) for content in used],
            [Output(bytes.fromhex(digests[n]), size) for n, size in enumerate(self._sizes)],
            [
                Block(
                    block.codec,
                    block.length,
                    block.digest,
                    self._outputs(start, block.size),
                    [placed(one) for one in slices],
                )
                for block, start, slices in blocks
            ],
        )

    def _slices(self, block: CompactBlock, made: int) -> list[Slice]:
        """Give what a block refers to, so many bytes of outputs being there."""
        return self._space.slices(block.references, self._space.start(len(self._old)) + made)

    def _outputs(self, start: int, size: int) -> list[IndexSlice]:
        """Give what of which outputs a block makes, from where it begins among all of them."""
        found = self._made.slices([Range(start, size)], start + size)
        return [(content, offset, length) for content, offset, length in found]


def _part(outputs: dict[int, bytearray], one: Slice) -> bytes:
    return bytes(outputs[one.content][one.offset : one.offset + one.length])


def _fault() -> RefusedError:
    return RefusedError("The head of the bundle contradicts itself.")
