"""Block codecs, the encoding side: what the packager does.

``zstandard`` offers no reference prefix, and its raw dictionaries ignore long-distance
matching, so encoding uses ``backports.zstd``; a node never imports this module.
"""

from typing import Final

from backports import zstd

from core.bundle.codecs import MIN_PREFIX_BYTES, STORED, ZSTD

MAX_LEVEL: Final = 22
_MIN_WINDOW: Final = 17
_MAX_WINDOW: Final = 27
_LONG: Final = 1 << 20
# The highest level would take half a gigabyte for the next one, and save no bytes worth it.
_MOST_CHAIN: Final = 26
# Bytes of memory for each of the window at that level: chains and hashes, up to that bound.
_PER_BYTE: Final = 12


def encode_block(data: bytes, references: bytes = b"", level: int = MAX_LEVEL) -> tuple[int, bytes]:
    """Compress ``data`` with ``references`` as prefix, or store it where that is not smaller.

    Returns:
        The codec and the payload.
    """
    packed = compress_zstd(data, references, level)
    return (ZSTD, packed) if len(packed) < len(data) else (STORED, data)


def compress_zstd(data: bytes, references: bytes, level: int) -> bytes:
    """Compress into one zstd frame, with ``references`` as its prefix if there are enough."""
    total = len(data) + len(references)
    parameter = zstd.CompressionParameter
    options: dict[int, int] = {
        parameter.compression_level: level,
        parameter.window_log: max(_MIN_WINDOW, min(_MAX_WINDOW, total.bit_length())),
        parameter.enable_long_distance_matching: int(total > _LONG),
        parameter.checksum_flag: 0,
        # Who knows the size decompresses without a window beside the output. Of what is small the
        # window is, too, and each byte of the frame counts more.
        parameter.content_size_flag: int(len(data) >= _LONG),
    }
    if level == MAX_LEVEL and total.bit_length() >= _MOST_CHAIN:
        options[parameter.chain_log] = _MOST_CHAIN
    prefix = None
    if len(references) >= MIN_PREFIX_BYTES:
        prefix = zstd.ZstdDict(references, is_raw=True).as_prefix
    compressor = zstd.ZstdCompressor(options=options, zstd_dict=prefix)
    return compressor.compress(data, mode=zstd.ZstdCompressor.FLUSH_FRAME)


def compressing_memory(total: int) -> int:
    """Reckon the bytes that compressing takes beyond those of content and references.

    Args:
        total: bytes of both.
    """
    bits = max(_MIN_WINDOW, min(_MAX_WINDOW, total.bit_length()))
    return (_PER_BYTE << min(bits, _MOST_CHAIN - 1)) + (1 << bits)
