"""What a node needs from a bundle: which blocks, and which byte ranges to ask for."""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import NamedTuple

from core.bundle.codecs import STORED
from core.bundle.index import Block, Index
from core.digest import Digest


class Run(NamedTuple):
    """Consecutive blocks that one Range request fetches.

    Attributes:
        first: number of the first block.
        last: number of the last block.
        start: offset of its first byte in the bundle file.
        stop: offset behind its last byte.
    """

    first: int
    last: int
    start: int
    stop: int


class Needs(NamedTuple):
    """What is to be fetched and made.

    Attributes:
        blocks: block numbers in ascending order.
        outputs: numbers of the outputs that these blocks must write: wanted ones, and those
            that blocks refer to and the node does not hold.
    """

    blocks: list[int]
    outputs: frozenset[int]


def blocks_needed(
    index: Index,
    wanted: Collection[Digest],
    held: Collection[Digest],
    staged: Mapping[int, int],
) -> Needs:
    """Choose the blocks whose output is wanted and not here.

    A block that makes what another needed block refers to is needed too. The caller sees to it
    that sources are held (``sources_needed``).

    Args:
        index: a checked index.
        wanted: digests of the blobs to make.
        held: digests of blobs that the node holds whole.
        staged: bytes already made, by output number, always the beginning of the output.
    """
    wanted, held = frozenset(wanted), frozenset(held)
    digests = [output.digest for output in index.outputs]
    need: dict[int, int] = {
        number: index.outputs[number].size
        for number, digest in enumerate(digests)
        if digest in wanted and digest not in held
    }
    first_output = len(index.sources)
    chosen: list[int] = []
    for number in range(len(index.blocks) - 1, -1, -1):
        block = index.blocks[number]
        # An output is made in order from its beginning, so a block matters where it adds bytes
        # between what is staged and the end of what is needed.
        if not any(
            offset < need.get(output, 0)
            and min(offset + length, need[output]) > staged.get(output, 0)
            for output, offset, length in block.outputs
        ):
            continue
        chosen.append(number)
        for blob, offset, length in block.references:
            output = blob - first_output
            if output >= 0 and digests[output] not in held:
                need[output] = max(need.get(output, 0), offset + length)
    return Needs(chosen[::-1], frozenset(need))


def unmakeable(
    index: Index, held: Collection[Digest], absent: Collection[Digest]
) -> frozenset[Digest]:
    """Name the outputs that cannot be made whole, since blobs that blocks refer to are not here.

    Args:
        index: a checked index.
        held: digests of blobs that the node holds whole.
        absent: those of the index's sources that it does not hold.
    """
    sources = index.source_digests()
    digests = [output.digest for output in index.outputs]
    lost = {number for number, digest in enumerate(sources) if digest in absent}
    # What was in a bundle's head has no block; where it could not be made, it is as good as lost.
    made = {number for block in index.blocks for number, _, _ in block.outputs}
    lost.update(
        len(sources) + number
        for number, one in enumerate(index.outputs)
        if one.size and number not in made and one.digest not in held
    )
    for block in index.blocks:
        if any(blob in lost for blob, _, _ in block.references):
            own = {number for number, _, _ in block.outputs if digests[number] not in held}
            lost.update(len(sources) + number for number in own)
    return frozenset(digests[one - len(sources)] for one in lost if one >= len(sources))


def makeable(
    index: Index,
    wanted: Collection[Digest],
    held: Collection[Digest],
    is_sound: Callable[[Digest], bool],
) -> frozenset[Digest]:
    """Name what of ``wanted`` a bundle brings here.

    Args:
        index: a checked index.
        wanted: digests of blobs.
        held: digests of blobs that the node holds whole.
        is_sound: says of a source that blocks need whether it is here, and undamaged.
    """
    found = frozenset(wanted).intersection(one.digest for one in index.outputs)
    needed = sources_needed(index, blocks_needed(index, found, held, {}).blocks)
    absent = {one for one in needed if not is_sound(one)}
    return found - unmakeable(index, held, absent)


def runs(index: Index, blocks: list[int], head: int, limit: int) -> list[Run]:
    """Join consecutive blocks into byte ranges.

    Args:
        index: a checked index.
        blocks: ascending block numbers.
        head: bytes of frame and index.
        limit: largest run, bytes; a single larger block is a run of its own.
    """
    offsets = index.offsets(head)
    result: list[Run] = []
    for number in blocks:
        start, stop = offsets[number], offsets[number + 1]
        if result and result[-1].last == number - 1 and stop - result[-1].start <= limit:
            result[-1] = Run(result[-1].first, number, result[-1].start, stop)
        else:
            result.append(Run(number, number, start, stop))
    return result


def sources_needed(index: Index, blocks: Collection[int]) -> set[Digest]:
    """Give the blobs that must be held to decode ``blocks``."""
    digests = index.source_digests()
    return {
        digests[blob]
        for number in blocks
        for blob, _, _ in index.blocks[number].references
        if blob < len(digests)
    }


def read_unproven(index: Index, blocks: Collection[int], held: Collection[Digest]) -> set[Digest]:
    """Give the blobs on which it hangs whether what ``blocks`` make is right.

    That is what those blocks refer to that make an output which is not held yet: once it is, its
    digest has proved what it was made from.

    Args:
        index: a checked index.
        blocks: numbers of blocks that were decoded.
        held: digests of outputs that the node holds whole.
    """
    blobs = [*index.source_digests(), *(one.digest for one in index.outputs)]
    first = len(index.sources)
    return {
        blobs[blob]
        for number in blocks
        if any(blobs[first + output] not in held for output, _, _ in index.blocks[number].outputs)
        for blob, _, _ in index.blocks[number].references
        if blob < first or blobs[blob] in held
    }


def cost(index: Index, blocks: Collection[int]) -> int:
    """Give the bytes that fetching ``blocks`` takes, index not included."""
    return sum(index.blocks[number].length for number in blocks)


def is_in_place(block: Block) -> bool:
    """Say whether a block's bytes are those of one blob, received where they belong."""
    return block.codec == STORED and len(block.outputs) == 1


def waiting_bytes(index: Index, blocks: Iterable[int]) -> int:
    """Give the bytes that ``blocks`` take on the disk beside the blobs that they make."""
    return sum(index.blocks[n].length for n in blocks if not is_in_place(index.blocks[n]))
