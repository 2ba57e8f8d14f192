"""Applying blocks: from a verified payload and its references to bytes of blobs.

Bounded memory: one payload, its references and its output, never a whole file.
"""

import os
from collections.abc import Callable
from pathlib import Path

from cache.disk_errors import in_words
from core.bundle.codecs import decode_block
from core.bundle.index import Block, Index, Slice
from core.digest import Digest, digest_from_bytes
from core.errors import RefusedError


class SourceLostError(RefusedError):
    """A blob that a block refers to is missing or shorter than it should be.

    Attributes:
        digest: the blob.
    """

    def __init__(self, digest: Digest) -> None:
        super().__init__(
            "The blob {digest} is missing or damaged on this node.",
            hint="It is fetched again.",
            digest=digest,
        )
        self.digest = digest


def decode(
    index: Index, block: Block, payload: bytes, place: Callable[[Digest], Path]
) -> list[tuple[Slice, memoryview]]:
    """Decode one block whose payload was verified; give its output, slice by slice.

    Args:
        index: the bundle's index.
        block: one of its blocks.
        payload: the block's bytes.
        place: says where a blob lies, finished or not.

    Raises:
        RefusedError: the payload does not give what the index says.
        SourceLostError: a reference is not there.
    """
    references = bytearray()
    for one in block.references:
        references += _reference(index, one, place)
    data = decode_block(block.codec, payload, references, block.size)
    result: list[tuple[Slice, memoryview]] = []
    position = 0
    for one in block.outputs:
        result.append((one, data[position : position + one[2]]))
        position += one[2]
    return result


def _reference(index: Index, one: Slice, place: Callable[[Digest], Path]) -> bytes:
    number, offset, length = one
    sources = len(index.sources)
    digest = (
        digest_from_bytes(index.sources[number])
        if number < sources
        else index.outputs[number - sources].digest
    )
    return read_part(place(digest), digest, offset, length)


def read_part(path: Path, digest: Digest, offset: int, length: int) -> bytes:
    """Read a part of a blob that something refers to.

    Args:
        path: where it is.
        digest: its digest, for the words of errors.
        offset: where the part begins, bytes.
        length: its bytes.

    Raises:
        SourceLostError: the blob is not there, or too short.
        ExhaustedError: the disk is broken.
    """
    try:
        with in_words(path), path.open("rb") as file:
            data = os.pread(file.fileno(), length, offset)
    except FileNotFoundError as error:
        raise SourceLostError(digest) from error
    if len(data) != length:
        raise SourceLostError(digest)
    return data
