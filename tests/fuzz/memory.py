"""How much memory a process has had, as the kernel counts it, and a limit that it cannot pass.

The figure is the highest *resident set* that the process has ever had, with interpreter, libraries
and everything; the kernel keeps it itself (``VmHWM``), so that no peak between two looks is missed.
"""

import re
import resource
from pathlib import Path
from typing import Final

LIMIT: Final = 300_000_000
"""Most bytes that a process may have which is given hostile input."""
# What a process may reserve beyond what it has: enough that the figure above is passed first,
# little enough that a wish for terabytes fails where it is made.
_ROOM: Final = 1 << 30
_ROOM_OTHERWISE: Final = 3 << 30
_STATUS: Final = Path("/proc/self/status")


def peak() -> int:
    """Give the highest resident set since the start, or since ``forget_peak``, bytes."""
    return _figure("VmHWM")


def _figure(name: str) -> int:
    found = re.search(rf"^{name}:\s+(\d+) kB", _STATUS.read_text("ascii"), re.MULTILINE)
    return int(found[1]) * 1024 if found else 0


def forget_peak() -> None:
    """Begin counting anew from what the process has now."""
    Path("/proc/self/clear_refs").write_text("5", "ascii")


class Bounded:
    """While inside, no more address space can be taken than a gigabyte beyond what there is."""

    def __init__(self) -> None:
        self._most = _figure("VmSize") + _ROOM
        self._otherwise = _figure("VmSize") + _ROOM_OTHERWISE

    def __enter__(self) -> None:
        """Lower the limit."""
        resource.setrlimit(resource.RLIMIT_AS, (self._most, resource.RLIM_INFINITY))

    def __exit__(self, *_: object) -> None:
        """Raise it: what makes input may need more."""
        resource.setrlimit(resource.RLIMIT_AS, (self._otherwise, resource.RLIM_INFINITY))
