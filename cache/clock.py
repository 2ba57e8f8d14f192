"""The only place that reads a clock. Everything else is handed a ``Clock``.

Wall time may be wrong by decades on a machine without a real-time clock, so it decides nothing
alone: durations and orders come from ``monotonic``, which both processes of a node share.
"""

import ctypes
import os
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")
_TIMESYNC: Final = Path("/run/systemd/timesync/synchronized")
_HARDWARE: Final = Path("/sys/class/rtc/rtc0/since_epoch")
# <sys/timex.h>: set while nothing disciplines the clock.
_STA_UNSYNC: Final = 0x40
# More than struct timex needs on any machine; the kernel writes all of it.
_TIMEX_SPARE: Final = 64


class _Timex(ctypes.Structure):
    """The beginning of the C library's struct timex, and room for the rest."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("spare", ctypes.c_long * _TIMEX_SPARE),
    )


@dataclass(frozen=True)
class Clock:
    """The machine's clocks."""

    def wall(self) -> datetime:
        """Give the moment in UTC that the machine believes."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Give seconds since boot, sleep included; the same for every process of a boot."""
        if sys.platform == "linux":
            return time.clock_gettime(time.CLOCK_BOOTTIME)
        else:  # noqa: RET505 - seen as another system's code by mypy
            return time.monotonic()

    def boot_id(self) -> str:
        """Name this boot; empty where the system has no name for it."""
        try:
            return _BOOT_ID.read_text(encoding="ascii").strip()
        except OSError:
            return ""

    def synchronised(self) -> bool:
        """Say whether something has set the wall clock from a time source since boot."""
        return _TIMESYNC.exists() or _kernel_synchronised()

    def hardware(self) -> datetime | None:
        """Give the moment that the hardware clock shows; None where there is none."""
        try:
            return datetime.fromtimestamp(int(_HARDWARE.read_text(encoding="ascii")), UTC)
        except (OSError, ValueError, OverflowError):
            return None

    def here(self, moment: datetime) -> datetime:
        """Put a moment into the machine's time zone."""
        _look_up_zone()
        return moment.astimezone()

    def moment_of(self, local: datetime) -> datetime:
        """Give the moment in UTC at which clocks in the machine's time zone show ``local``."""
        _look_up_zone()
        return local.astimezone(UTC)


def _look_up_zone() -> None:
    """Notice a time zone that was set since the start."""
    if hasattr(time, "tzset"):
        time.tzset()


def _kernel_synchronised() -> bool:
    if not hasattr(os, "fork"):
        return False
    library = ctypes.CDLL(None, use_errno=True)
    if not hasattr(library, "adjtimex"):
        return False
    timex = _Timex()
    # Asks only (modes is 0), which needs no privilege.
    return bool(library.adjtimex(ctypes.byref(timex)) >= 0) and not timex.status & _STA_UNSYNC


def boot_time(clock: Clock) -> datetime:
    """Give the moment of boot as the wall clock now implies it."""
    return datetime.fromtimestamp(clock.wall().timestamp() - clock.monotonic(), UTC)
