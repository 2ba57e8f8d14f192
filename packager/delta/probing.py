"""Whether compression gains anything on a file."""

from collections.abc import Callable
from typing import Final

from core.bundle.encode import compress_zstd

_LEVEL: Final = 1
_BYTES: Final = 1024 * 1024
_GAIN: Final = 0.97


def compresses(read: Callable[[int, int], bytes], size: int) -> bool:
    """Tell from 1 MiB of a file's middle, by a quick try.

    Args:
        read: reads the file, from an offset, so many bytes.
        size: its bytes.
    """
    start = max(0, (size - _BYTES) // 2)
    sample = read(start, min(size, _BYTES))
    return len(compress_zstd(sample, b"", _LEVEL)) < _GAIN * len(sample)
