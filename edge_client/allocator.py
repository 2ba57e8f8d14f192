"""How the C library hands memory out, in processes that need much of it for a moment.

glibc learns from the largest block that was ever freed: after a block of 16 MiB of a bundle,
others of that size come from a heap that does not go back to the system as long as anything lies
behind them. A node of 1 GB has no room for what is only kept.
"""

import ctypes
import os
from typing import Final

# glibc's own numbers, from malloc.h.
_M_TRIM_THRESHOLD: Final = -1
_M_MMAP_THRESHOLD: Final = -3
_LARGE: Final = 256 * 1024


def return_memory_at_once() -> None:
    """Let what is large go back to the system when it is freed, where the C library can be told.

    Source: mallopt(3). Setting a threshold ends its growing.
    """
    if not hasattr(os, "fork"):
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, _LARGE)
        mallopt(_M_TRIM_THRESHOLD, _LARGE)
