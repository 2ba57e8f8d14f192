"""The index of a bundle with references, format 2: as few bytes as can be.

MessagePack of an array:

    pack, version, base    as in format 1; empty and 0 in the bundle of a plain folder
    prelude                how many blocks belong to the head, which is verified as a whole: the
                           listing, and those of outputs whose digests it does not tell; 0 in the
                           bundle of a plain folder
    roots                  empty; for a plain folder the digests of the lists of the old and of
                           the new version, 32 bytes each
    untold                 of so many outputs, the first ones, the listing has no digests
    codecs                 a byte for each block
    numbers                columns (``core.bundle.varint``): for each block its payload's bytes;
                           for each its output's bytes; for each how many references it has;
                           then for each reference where it begins, counted from the end of the
                           one before (signed), and its bytes
    digests                of the payload of each block behind the prelude, 32 bytes each

Block 0 is the listing (``core.bundle.listed``). The others make the outputs one after the
other, each from its first byte to its last. What references name is the *space*: the contents
of the base (``listing.contents``), one behind the other, then the outputs.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Annotated, Final

import msgspec

from core.bundle.index import (
    MAX_BLOCK_BYTES,
    MAX_BLOCKS,
    MAX_ENTRIES,
    MAX_INDEX_BYTES,
    MAX_REFERENCE_BYTES,
    MAX_STORED_OVERHEAD,
    STORED,
    check_entries,
)
from core.bundle.listing import MAX_LISTING_BYTES
from core.bundle.varint import pack, signed, unpack, unsigned
from core.codec import decode_msgpack
from core.digest import DIGEST_BYTES
from core.errors import RefusedError

MAX_REFERENCES: Final = 65_536
MAX_PRELUDE_BYTES: Final = 32 * 1024 * 1024
"""Most bytes of all that the head's blocks make: they are made at once, in memory."""
_NUMBERS: Final = 3
_OF_REFERENCE: Final = 2


class Range(msgspec.Struct, frozen=True, array_like=True):
    """A part of the space."""

    start: int
    length: int


@dataclass(frozen=True, slots=True)
class CompactBlock:
    """One block of a bundle with references.

    Attributes:
        codec: how it is compressed (``core.bundle.codecs``).
        length: bytes that it takes in the bundle.
        digest: SHA-256 of those bytes, 32 bytes; empty in the prelude.
        size: bytes that it makes.
        references: the parts of the space whose concatenation the codec is given.
    """

    codec: int
    length: int
    digest: bytes
    size: int
    references: tuple[Range, ...] = ()


@dataclass(frozen=True, slots=True)
class CompactIndex:
    """What there is in a bundle with references.

    Attributes:
        pack: the pack; empty for a plain folder.
        version: to which it leads.
        base: from which.
        prelude: how many blocks belong to the head.
        roots: of a plain folder the digests of both lists, the old one first.
        untold: of so many outputs, the first ones, the listing has no digests.
        blocks: the first one is the listing.
    """

    pack: str
    version: int
    base: int
    prelude: int
    roots: bytes
    untold: int
    blocks: tuple[CompactBlock, ...]

    def offsets(self, start: int) -> list[int]:
        """Give each block's offset in the file, then the file's length.

        Args:
            start: bytes of frame and index.
        """
        return list(accumulate((block.length for block in self.blocks), initial=start))


class _Wire(msgspec.Struct, frozen=True, array_like=True):
    pack: Annotated[str, msgspec.Meta(max_length=200)]
    version: Annotated[int, msgspec.Meta(ge=0)]
    base: Annotated[int, msgspec.Meta(ge=0)]
    prelude: Annotated[int, msgspec.Meta(ge=0, le=MAX_BLOCKS)]
    roots: Annotated[bytes, msgspec.Meta(max_length=2 * DIGEST_BYTES)]
    untold: Annotated[int, msgspec.Meta(ge=0)]
    codecs: Annotated[bytes, msgspec.Meta(min_length=1, max_length=MAX_BLOCKS)]
    numbers: bytes
    digests: bytes


def encode_compact(index: CompactIndex) -> bytes:
    """Encode an index."""
    blocks = index.blocks
    end = 0
    references: list[int] = []
    for block in blocks:
        for one in block.references:
            references += (unsigned(one.start - end), one.length)
            end = one.start + one.length
    numbers = [
        *(block.length for block in blocks),
        *(block.size for block in blocks),
        *(len(block.references) for block in blocks),
        *references,
    ]
    return msgspec.msgpack.encode(
        _Wire(
            index.pack,
            index.version,
            index.base,
            index.prelude,
            index.roots,
            index.untold,
            bytes(block.codec for block in blocks),
            pack(numbers),
            b"".join(block.digest for block in blocks),
        )
    )


def decode_compact(data: bytes) -> CompactIndex:
    """Decode and check an index whose bytes were verified.

    Raises:
        RefusedError: it is malformed, or breaks a limit.
    """
    wire = decode_msgpack(data, _Wire, what="The bundle's index", limit=MAX_INDEX_BYTES)
    count = len(wire.codecs)
    numbers = unpack(wire.numbers, _NUMBERS * count + _OF_REFERENCE * MAX_ENTRIES)
    told = DIGEST_BYTES * (count - wire.prelude)
    if len(numbers) < _NUMBERS * count or len(wire.digests) != told:
        raise _fault(0, "it is cut off")
    if bool(wire.prelude) != bool(wire.pack):
        raise _fault(0, "it is proven otherwise than it should be")
    if len(wire.roots) not in {0, 2 * DIGEST_BYTES} or bool(wire.roots) == bool(wire.pack):
        raise _fault(0, "it is neither of a pack nor of a folder")
    lengths, sizes, counts = (numbers[n * count : (n + 1) * count] for n in range(_NUMBERS))
    check_entries(count + sum(counts))
    if sum(sizes[1 : wire.prelude]) > MAX_PRELUDE_BYTES:
        raise _fault(0, "its head makes more than is allowed")
    ranges = _ranges(numbers[_NUMBERS * count :], sum(counts))
    blocks: list[CompactBlock] = []
    at = 0
    for number, codec in enumerate(wire.codecs):
        behind = DIGEST_BYTES * (number - wire.prelude)
        digest = wire.digests[behind : behind + DIGEST_BYTES] if behind >= 0 else b""
        mine = tuple(ranges[at : at + counts[number]])
        at += counts[number]
        blocks.append(CompactBlock(codec, lengths[number], digest, sizes[number], mine))
        _check(number, blocks[-1])
    return CompactIndex(
        wire.pack, wire.version, wire.base, wire.prelude, wire.roots, wire.untold, tuple(blocks)
    )


def _ranges(numbers: Sequence[int], count: int) -> list[Range]:
    if len(numbers) != _OF_REFERENCE * count:
        raise _fault(0, "its references are cut off")
    ranges: list[Range] = []
    end = 0
    for move, length in zip(numbers[::2], numbers[1::2], strict=True):
        start = end + signed(move)
        if start < 0 or not length:
            raise _fault(0, "a reference is empty or out of the space")
        ranges.append(Range(start, length))
        end = start + length
    return ranges


def _check(number: int, block: CompactBlock) -> None:
    most = MAX_BLOCK_BYTES if number else MAX_LISTING_BYTES
    if not block.size or block.size > most:
        raise _fault(number, "it is empty, or larger than allowed")
    if not 0 < block.length <= block.size + MAX_STORED_OVERHEAD:
        raise _fault(number, "its payload is empty, or larger than allowed")
    if block.codec == STORED and (block.references or block.length != block.size):
        raise _fault(number, "it is stored, but not as it is")
    if len(block.references) > MAX_REFERENCES or (block.references and not number):
        raise _fault(number, "it has too many references")
    if sum(one.length for one in block.references) > MAX_REFERENCE_BYTES:
        raise _fault(number, "its references are larger than allowed")


def _fault(block: int, reason: str) -> RefusedError:
    return RefusedError(
        "Block {block} of the bundle's index is wrong: {reason}.", block=block, reason=reason
    )
