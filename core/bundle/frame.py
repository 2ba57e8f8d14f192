"""The bundle's frame: magic, format, and the index in compressed form.

offset 0   8 bytes  89 50 4B 48 42 0D 0A, then the format number, 1 or 2
offset 8   uint32   little-endian: bytes of the compressed index
offset 12  uint32   little-endian: bytes of the index
offset 16           the index, one zstd frame
"""

import struct
from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec
import zstandard

from core.bundle.compact import CompactIndex, decode_compact, encode_compact
from core.bundle.index import MAX_INDEX_BYTES, Index, check_index, decode_index, fits
from core.digest import Digest, digest_of
from core.errors import RefusedError
from core.manifest import check_format
from core.release import BundleLink, Release

FORMAT: Final = 1
COMPACT: Final = 2
"""The format whose index is ``core.bundle.compact``."""
_MAGIC: Final = b"\x89PKHB\r\n"
_FRAME: Final = struct.Struct("<7sBII")
FRAME_BYTES: Final = _FRAME.size


def encode_head(index: Index) -> bytes:
    """Encode frame and index: the bytes that the index digest covers.

    Raises:
        RefusedError: no reader would take the index.
    """
    check_index(index)
    if not fits(index):
        raise RefusedError(
            "The bundle's index would be larger than allowed.",
            hint="Divide the pack into several ones.",
        )
    return _framed(FORMAT, msgspec.msgpack.encode(index))


def encode_compact_head(index: CompactIndex, payloads: Sequence[bytes] = ()) -> bytes:
    """Encode the head of a bundle of format 2.

    Args:
        index: the bundle's.
        payloads: those of its prelude.
    """
    return _framed(COMPACT, encode_compact(index)) + b"".join(payloads)


def _framed(number: int, plain: bytes) -> bytes:
    packed = zstandard.ZstdCompressor(level=19, write_checksum=False).compress(plain)
    return _FRAME.pack(_MAGIC, number, len(packed), len(plain)) + packed


def head_bytes(frame: bytes) -> int:
    """Give the bytes of frame and compressed index, from the frame at a file's beginning.

    Raises:
        RefusedError: it is no bundle's.
    """
    return FRAME_BYTES + _unframed(frame)[1]


def format_of(frame: bytes) -> int:
    """Give the format of a bundle, from the frame at a file's beginning.

    Raises:
        RefusedError: it is no bundle's.
    """
    return _unframed(frame)[0]


def decode_compact_head(head: bytes) -> tuple[CompactIndex, list[bytes]]:
    """Decode and check the head of a bundle of format 2.

    Returns:
        The index, and the payloads of its prelude.

    Raises:
        RefusedError: the bytes are no such head, or break a rule.
    """
    start = head_bytes(head)
    index = decode_compact_index(head[:start])
    payloads: list[bytes] = []
    for block in index.blocks[: index.prelude]:
        payloads.append(head[start : start + block.length])
        start += block.length
    if start != len(head):
        raise RefusedError("The bundle's head has another length than its index says.")
    return index, payloads


def decode_compact_index(head: bytes) -> CompactIndex:
    """Decode and check frame and index of a bundle of format 2, without its prelude.

    Raises:
        RefusedError: the bytes are no such index, or break a rule.
    """
    return decode_compact(_plain(head, COMPACT))


def verify_head(head: bytes, link: BundleLink) -> None:
    """Verify the first ``link.index_length`` bytes of a bundle.

    Raises:
        RefusedError: the bytes are not those that the release names.
    """
    if len(head) != link.index_length or digest_of(head) != link.index:
        raise RefusedError(
            "The index of bundle {bundle} is damaged or not the one that was signed.",
            bundle=link.index[:12],
        )


def decode_head(
    head: bytes, link: BundleLink, release: Release
) -> Index | tuple[CompactIndex, list[bytes]]:
    """Verify, decode and check the first ``link.index_length`` bytes of a bundle.

    Returns:
        The index of a bundle of format 1; of format 2 its compact index, and the payloads of its
        prelude.

    Raises:
        RefusedError: the bytes are not those that the release names, or break a rule.
    """
    verify_head(head, link)
    found, _, _ = _unframed(head)
    if found == COMPACT:
        compact, payloads = decode_compact_head(head)
        stop = compact.offsets(head_bytes(head))[-1]
        _check_link((compact.pack, compact.version, compact.base), stop, link, release)
        return compact, payloads
    index = decode_index(_plain(head, FORMAT))
    stop = index.offsets(len(head))[-1]
    _check_link((index.pack, index.version, index.base), stop, link, release)
    if index.outputs[0].digest != release.manifest:
        raise RefusedError("Bundle {bundle} has another manifest.", bundle=link.index[:12])
    return index


def decode_full_head(head: bytes, link: BundleLink, release: Release) -> Index:
    """Decode the head of a full bundle; otherwise like ``decode_head``."""
    index = decode_head(head, link, release)
    if not isinstance(index, Index):
        raise RefusedError("Bundle {bundle} is not a full one.", bundle=link.index[:12])
    return index


class Span(NamedTuple):
    """A part of a bundle that is verified on its own.

    Attributes:
        start: where it begins in the file.
        length: its bytes.
        digest: SHA-256 of them, 32 bytes.
    """

    start: int
    length: int
    digest: bytes


def spans(head: bytes, link: BundleLink, release: Release) -> list[Span]:
    """Give what follows a bundle's head, for whoever carries it without using it.

    Raises:
        RefusedError: the bytes are not those that the release names, or break a rule.
    """
    index = decode_head(head, link, release)
    blocks = index.blocks if isinstance(index, Index) else index[0].blocks[index[0].prelude :]
    found: list[Span] = []
    start = len(head)
    for block in blocks:
        found.append(Span(start, block.length, block.digest))
        start += block.length
    return found


def _check_link(found: tuple[str, int, int], stop: int, link: BundleLink, release: Release) -> None:
    if found != (release.pack, release.version, link.base):
        raise RefusedError("Bundle {bundle} belongs to another pack.", bundle=link.index[:12])
    if stop != link.length:
        raise RefusedError("Bundle {bundle} has another length.", bundle=link.index[:12])


def _unframed(frame: bytes) -> tuple[int, int, int]:
    """Give the format, the bytes of the compressed index and those of the index."""
    if len(frame) < FRAME_BYTES:
        raise RefusedError("The bundle is too short.")
    magic, found, packed_length, plain_length = _FRAME.unpack_from(frame)
    if magic != _MAGIC:
        raise RefusedError("This is not a Packhorse bundle.")
    if max(packed_length, plain_length) > MAX_INDEX_BYTES:
        raise RefusedError("The bundle's frame gives a wrong length.")
    return found, packed_length, plain_length


def _plain(head: bytes, known: int) -> bytes:
    """Decompress the index of a head whose format is ``known``."""
    found, packed_length, plain_length = _unframed(head)
    check_format(found, known, "bundle")
    packed = head[FRAME_BYTES:]
    if len(packed) != packed_length:
        raise RefusedError("The bundle's frame gives a wrong length.")
    return decompress_exactly(packed, plain_length, "The bundle's index")


def compress(plain: bytes, base: bytes = b"") -> bytes:
    """Compress a small file into one zstd frame, against bytes that the reader has too."""
    compressor = zstandard.ZstdCompressor(
        level=19, dict_data=dictionary(base), write_checksum=False, write_dict_id=False
    )
    return compressor.compress(plain)


def dictionary(base: bytes | bytearray) -> zstandard.ZstdCompressionDict | None:
    """Give what a frame was compressed against; None for nothing."""
    if not base:
        return None
    return zstandard.ZstdCompressionDict(base, dict_type=zstandard.DICT_TYPE_RAWCONTENT)


def decompress_exactly(
    packed: bytes | memoryview,
    size: int,
    what: str,
    dictionary: zstandard.ZstdCompressionDict | None = None,
) -> bytes:
    """Decompress one zstd frame that must give exactly ``size`` bytes.

    Never allocates more than ``size`` bytes for the output, whatever the frame claims.

    Raises:
        RefusedError: the frame is damaged, or gives another number of bytes.
    """
    try:
        claimed = zstandard.frame_content_size(packed)
        if claimed not in {-1, size}:
            raise RefusedError("{what} claims a wrong size.", what=what)
        decompressor = zstandard.ZstdDecompressor(dict_data=dictionary)
        plain = decompressor.decompress(packed, max_output_size=size, allow_extra_data=False)
    except zstandard.ZstdError as error:
        raise RefusedError("{what} is damaged.", what=what) from error
    if len(plain) != size:
        raise RefusedError("{what} is shorter than it should be.", what=what)
    return plain


def index_digest(head: bytes) -> Digest:
    """Give the digest under which a bundle with this head is stored."""
    return digest_of(head)
