"""Steps: a role file against an older version of it, so that one more pack costs what it says.

A step is the first bytes of the SHA-256 of what it gives, then one zstd frame. It adds no trust:
what it gives goes through python-tuf unchanged. One that does not fit what the reader holds is
told by its digest, and the whole file is fetched instead.
"""

from typing import Final

import zstandard

from core.bundle.frame import compress, decompress_exactly, dictionary
from core.digest import digest_of
from core.errors import RefusedError

_CHECK_BYTES: Final = 8
_SPARE_BYTES: Final = 4 * 1024
KEPT: Final = 8
"""How many older versions of a role have a step to its present one."""


def encode_step(new: bytes, base: bytes) -> bytes:
    """Encode a role file against an older one; against nothing where ``base`` is empty."""
    return _check(new) + compress(new, base)


def decode_step(data: bytes, base: bytes, limit: int) -> bytes:
    """Give the role file that a step leads to.

    Args:
        data: the step.
        base: the older file.
        limit: what the role file may have, bytes.

    Raises:
        RefusedError: damaged, too large, or made against another file.
    """
    check, frame = data[:_CHECK_BYTES], data[_CHECK_BYTES:]
    try:
        size = zstandard.frame_content_size(frame)
    except zstandard.ZstdError as error:
        raise RefusedError("The step is damaged.") from error
    if not 0 <= size <= limit:
        raise RefusedError("The step gives too much.")
    new = decompress_exactly(frame, size, "The step", dictionary(base))
    if _check(new) != check:
        raise RefusedError("The step was made against another file.")
    return new


def step_limit(limit: int) -> int:
    """Give how large a step may be whose file may have ``limit`` bytes."""
    return limit + _SPARE_BYTES


def _check(new: bytes) -> bytes:
    return bytes.fromhex(digest_of(new))[:_CHECK_BYTES]
