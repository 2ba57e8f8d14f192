"""Format 2: the index, and what the blocks make of a base."""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Any, NamedTuple

from tests.support.second_decoder.codecs import STORED, decoded
from tests.support.second_decoder.listing import Named, Output, Row, contents_of, listed
from tests.support.second_decoder.reading import MIB, Reader, demand, digest_of

MOST_ENTRIES = 600_000


class Around(NamedTuple):
    """The bytes of a manifest before the array of its files, and behind; none in a folder."""

    before: bytes = b""
    behind: bytes = b""


class Block(NamedTuple):
    """One block, as the index tells of it; one of the prelude has no digest."""

    codec: int
    length: int
    size: int
    digest: bytes | None
    references: list[tuple[int, int]]


class Delta(NamedTuple):
    """What a delta's index tells."""

    prelude: int
    roots: bytes
    untold: int
    blocks: list[Block]

    @property
    def prelude_bytes(self) -> int:
        """Give the bytes of those payloads that are part of the head."""
        return sum(block.length for block in self.blocks[: self.prelude])


class Made(NamedTuple):
    """What a delta makes of a base."""

    around: Around
    rows: list[Row]
    blobs: dict[str, bytes]


def read_delta(index: list[Any]) -> Delta:
    """Read an index.

    Raises:
        WrongBundleError: It breaks a rule.
    """
    pack, _, _, prelude, roots, untold, codecs, packed, digests = index
    demand(bool(prelude) == bool(pack) != bool(roots), "neither a pack's nor a folder's")
    numbers, told = Reader(packed), Reader(digests)
    lengths, sizes, counts = (numbers.numbers(len(codecs)) for _ in range(3))
    blocks: list[Block] = []
    end = 0
    for number, codec in enumerate(codecs):
        references = []
        for _ in range(counts[number]):
            begin = end + numbers.signed()
            end = begin + numbers.number()
            references.append((begin, end))
        digest = told.take(32) if number >= prelude else None
        blocks.append(Block(codec, lengths[number], sizes[number], digest, references))
        _check(blocks[-1], (16 if number else 32) * MIB)
    numbers.end()
    told.end()
    counted = len(blocks) + sum(counts)
    demand(counted <= MOST_ENTRIES, "too many blocks and references")
    demand(blocks and not blocks[0].references, "block 0 is missing, or refers to the space")
    return Delta(prelude, roots, untold, blocks)


def _check(block: Block, most: int) -> None:
    demand(1 <= block.size <= most, "a block makes too little or too much")
    demand(1 <= block.length <= block.size + 65536, "a payload of a wrong length")
    demand(len(block.references) <= 65536, "a block has too many references")
    demand(all(begin < end for begin, end in block.references), "an empty reference")
    total = sum(end - begin for begin, end in block.references)
    demand(total <= (64 * MIB if block.codec != STORED else 0), "too many references")


def make_delta(
    delta: Delta,
    payloads: Reader,
    around: Around,
    rows: Sequence[Row],
    held: Mapping[str, bytes],
) -> Made:
    """Give what a delta makes of the base's rows and blobs.

    Raises:
        WrongBundleError: The bundle breaks a rule, or what it makes has another digest.
    """
    first, *others = delta.blocks
    paths = "\0".join(row.path for row in rows).encode()
    told = Reader(_decoded(first, payloads, around.before + around.behind + paths))
    new_around = Around(*map(told.take, told.numbers(2)))
    named, outputs = listed(told, rows, delta.untold)
    contents = [held[row.digest] for row in contents_of(rows)]
    space = bytearray().join(contents)
    parts = _parts_of_files([*map(len, contents), *(one.size for one in outputs)], others)
    counted = len(delta.blocks) + len(outputs) + parts
    demand(counted <= MOST_ENTRIES, "too many blocks, outputs and parts of files")
    begin = len(space)
    for block in others:
        references = b"".join(_part(space, *one) for one in block.references)
        space += _decoded(block, payloads, references)
    payloads.end()
    contents += _outputs(Reader(bytes(space[begin:])), outputs)
    return _put_together(new_around, named, contents)


def _decoded(block: Block, payloads: Reader, references: bytes) -> bytes:
    payload = payloads.take(block.length)
    demand(block.digest in (None, digest_of(payload)), "a block has another digest")
    return decoded(block.codec, payload, references, block.size)


def _parts_of_files(sizes: Sequence[int], blocks: Sequence[Block]) -> int:
    """Count the parts of single files that references are; of an empty file there is none."""
    ends = list(accumulate(size for size in sizes if size))
    return sum(
        bisect_left(ends, end) - bisect_right(ends, begin) + 1
        for block in blocks
        for begin, end in block.references
    )


def _part(space: bytearray, begin: int, end: int) -> bytes:
    demand(0 <= begin <= end <= len(space), "a reference outside the space")
    return bytes(space[begin:end])


def _outputs(made: Reader, outputs: Sequence[Output]) -> list[bytes]:
    blobs = []
    for output in outputs:
        blob = made.take(output.size)
        demand(output.digest in (None, digest_of(blob)), "an output has another digest")
        blobs.append(blob)
    made.end()
    return blobs


def _put_together(around: Around, named: Sequence[Named], contents: Sequence[bytes]) -> Made:
    digests = [digest_of(content).hex() for content in contents]
    rows = [
        Row(row.path, digests[row.content], len(contents[row.content]), row.type) for row in named
    ]
    demand(len({row.path for row in rows}) == len(rows), "a path that is told twice")
    return Made(around, sorted(rows), dict(zip(digests, contents, strict=True)))
