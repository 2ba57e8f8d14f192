"""The bundle's index: which block makes which bytes of which blob, from which references."""

from itertools import accumulate
from typing import Annotated, Final

import msgspec

from core.codec import decode_msgpack
from core.digest import DIGEST_BYTES, Digest, digest_from_bytes
from core.errors import RefusedError
from core.manifest import MAX_FILE_BYTES

# The codec of a block that is not compressed: it has one slice, and no references.
STORED: Final = 0
# The only other one that format 1 has.
ZSTD: Final = 1
MAX_BLOCK_BYTES: Final = 16 * 1024 * 1024
STORED_BLOCK_BYTES: Final = 1024 * 1024
"""What a packager stores in one block: damage costs no more, an index 45 bytes for each."""
MAX_REFERENCE_BYTES: Final = 64 * 1024 * 1024
MAX_STORED_OVERHEAD: Final = 64 * 1024
MAX_INDEX_BYTES: Final = 16 * 1024 * 1024
MAX_BLOCKS: Final = 200_000
MAX_OUTPUTS: Final = 200_000
MAX_ENTRIES: Final = 600_000
"""Most blocks, blobs and slices together: decoded, each takes some 150 to 350 bytes."""

_WHAT: Final = "The bundle's index"
# How MessagePack begins an array of up to 15 items, and how many bytes tell a longer one's length.
_FIXED_ARRAY: Final = 0x90
_ARRAY_LENGTHS: Final = {0xDC: 2, 0xDD: 4}

_Count = Annotated[int, msgspec.Meta(ge=0, le=MAX_FILE_BYTES)]
_RawDigest = Annotated[bytes, msgspec.Meta(min_length=DIGEST_BYTES, max_length=DIGEST_BYTES)]
# (number of the blob, offset in it, length): a slice of an output or of a reference.
Slice = tuple[_Count, _Count, _Count]


class Block(msgspec.Struct, frozen=True, array_like=True):
    """One independently decodable piece of a bundle.

    Attributes:
        codec: how it is compressed (``core.bundle.codecs``).
        length: bytes that it takes in the bundle.
        digest: SHA-256 of those bytes, checked before decoding.
        outputs: slices of the index's outputs that its decoded bytes are, in order.
        references: slices, in order, whose concatenation the codec is given. Numbers below
            ``len(sources)`` are sources, the following are outputs made by earlier blocks.
    """

    codec: Annotated[int, msgspec.Meta(ge=0, le=255)]
    length: Annotated[int, msgspec.Meta(ge=1, le=MAX_BLOCK_BYTES + MAX_STORED_OVERHEAD)]
    digest: _RawDigest
    outputs: Annotated[list[Slice], msgspec.Meta(min_length=1, max_length=MAX_OUTPUTS)]
    references: Annotated[list[Slice], msgspec.Meta(max_length=65_536)] = []

    @property
    def size(self) -> int:
        """Bytes that the block decodes to."""
        return sum(length for _, _, length in self.outputs)


class Output(msgspec.Struct, frozen=True, array_like=True):
    """A blob that the bundle's blocks make."""

    raw_digest: _RawDigest
    size: _Count

    @property
    def digest(self) -> Digest:
        """The blob's digest."""
        return digest_from_bytes(self.raw_digest)


class Index(msgspec.Struct, frozen=True, array_like=True):
    """The whole index. Output 0 is the manifest, made by block 0."""

    pack: Annotated[str, msgspec.Meta(max_length=200)]
    version: Annotated[int, msgspec.Meta(ge=1)]
    base: Annotated[int, msgspec.Meta(ge=0)]
    sources: Annotated[list[_RawDigest], msgspec.Meta(max_length=MAX_OUTPUTS)]
    outputs: Annotated[list[Output], msgspec.Meta(min_length=1, max_length=MAX_OUTPUTS)]
    blocks: Annotated[list[Block], msgspec.Meta(min_length=1, max_length=MAX_BLOCKS)]

    def source_digests(self) -> list[Digest]:
        """Give the digests of the blobs that blocks refer to."""
        return [digest_from_bytes(raw) for raw in self.sources]

    def offsets(self, start: int) -> list[int]:
        """Give each block's offset in the file, then the file's length.

        Args:
            start: bytes of frame and index.
        """
        return list(accumulate((block.length for block in self.blocks), initial=start))


class _RawBlock(msgspec.Struct, frozen=True, array_like=True):
    codec: msgspec.Raw
    length: msgspec.Raw
    digest: msgspec.Raw
    outputs: msgspec.Raw
    references: msgspec.Raw = msgspec.Raw()


class _RawIndex(msgspec.Struct, frozen=True, array_like=True):
    """The index as far as it takes to count what is in it."""

    pack: msgspec.Raw
    version: msgspec.Raw
    base: msgspec.Raw
    sources: Annotated[list[msgspec.Raw], msgspec.Meta(max_length=MAX_OUTPUTS)]
    outputs: Annotated[list[msgspec.Raw], msgspec.Meta(max_length=MAX_OUTPUTS)]
    blocks: Annotated[list[_RawBlock], msgspec.Meta(max_length=MAX_BLOCKS)]


def decode_index(data: bytes) -> Index:
    """Decode and check an index whose bytes were verified.

    Raises:
        RefusedError: it is malformed, breaks a rule of ``check_index``, or has a codec that
            format 1 has not.
    """
    # A slice of 4 bytes becomes one of 150, so they are counted before any is made.
    counted = decode_msgpack(data, _RawIndex, what=_WHAT, limit=MAX_INDEX_BYTES)
    entries = len(counted.sources) + len(counted.outputs) + len(counted.blocks)
    entries += sum(_items(one.outputs) + _items(one.references) for one in counted.blocks)
    del counted
    check_entries(entries)
    index = decode_msgpack(data, Index, what=_WHAT, limit=MAX_INDEX_BYTES)
    check_index(index)
    _check_codecs(index)
    return index


def check_entries(count: int) -> None:
    """See that an index has no more in it than it may.

    Raises:
        RefusedError: it has.
    """
    if count > MAX_ENTRIES:
        raise RefusedError(
            "The bundle's index has more than {limit} entries.",
            hint="Divide the pack into several ones.",
            limit=MAX_ENTRIES,
        )


def fits(index: Index) -> bool:
    """Whether an index has no more in it than ``decode_index`` takes."""
    slices = sum(len(one.outputs) + len(one.references) for one in index.blocks)
    return (
        len(index.blocks) <= MAX_BLOCKS
        and max(len(index.sources), len(index.outputs)) <= MAX_OUTPUTS
        and len(index.sources) + len(index.outputs) + len(index.blocks) + slices <= MAX_ENTRIES
        and len(msgspec.msgpack.encode(index)) <= MAX_INDEX_BYTES
    )


def _items(array: msgspec.Raw) -> int:
    """Give how many items an array says that it has; 0 where it is none."""
    head = bytes(memoryview(array)[:5])
    if not head:
        return 0
    if head[0] & 0xF0 == _FIXED_ARRAY:
        return head[0] & 0x0F
    return int.from_bytes(head[1 : 1 + _ARRAY_LENGTHS.get(head[0], 0)])


def check_index(index: Index) -> None:
    """Check what types cannot say.

    Raises:
        RefusedError: blocks leave gaps in a blob, overlap, come out of order, are larger than
            allowed, refer to what is not made yet or not there, or are stored otherwise than
            as one slice.
    """
    made = [0] * len(index.outputs)
    if index.outputs[0].size == 0 or index.blocks[0].outputs[0][0] != 0:
        raise _fault(0, "the first block is not the manifest")
    for number, block in enumerate(index.blocks):
        _check_references(index, number, block, made)
        for output, offset, length in block.outputs:
            if output >= len(made) or made[output] != offset or not length:
                raise _fault(number, "its output is out of order")
            made[output] += length
            if made[output] > index.outputs[output].size:
                raise _fault(number, "its output is longer than the file")
        _check_size(number, block)
    if any(done != output.size for done, output in zip(made, index.outputs, strict=True)):
        raise _fault(len(index.blocks) - 1, "a file is not complete after it")


def _check_codecs(index: Index) -> None:
    # Not for an index that a delta was resolved to: format 2 has more codecs.
    for number, block in enumerate(index.blocks):
        if block.codec not in {STORED, ZSTD}:
            raise _fault(number, "format 1 has not its codec")


def _check_size(number: int, block: Block) -> None:
    if block.size > MAX_BLOCK_BYTES:
        raise _fault(number, "it is larger than allowed")
    # A node receives a stored block in the blob that it becomes, before it can look at it.
    is_plain = len(block.outputs) == 1 and not block.references and block.length == block.size
    if block.codec == STORED and not is_plain:
        raise _fault(number, "it is stored, but not as one slice of its own length")


def _check_references(index: Index, number: int, block: Block, made: list[int]) -> None:
    total = 0
    for blob, offset, length in block.references:
        output = blob - len(index.sources)
        if output >= len(made) or (output >= 0 and offset + length > made[output]):
            raise _fault(number, "it refers to what is not there yet")
        if not length:
            raise _fault(number, "it has an empty reference")
        total += length
    if total > MAX_REFERENCE_BYTES:
        raise _fault(number, "its references are larger than allowed")


def _fault(block: int, reason: str) -> RefusedError:
    return RefusedError(
        "Block {block} of the bundle's index is wrong: {reason}.", block=block, reason=reason
    )
