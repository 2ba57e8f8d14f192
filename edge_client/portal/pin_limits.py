"""How often PINs may be tried, by address and by teacher; a right one costs nothing.

A teacher who signed in from an address before has an allowance of their own there, so that pupils
who guess elsewhere do not shut them out.
"""

import math
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

_REMEMBERED: Final = 2000


@dataclass(frozen=True, slots=True)
class Wait:
    """Why a PIN is not tried now: too many wrong ones for that teacher, or from that address."""

    minutes: int
    by_name: bool


@dataclass(frozen=True, slots=True)
class _Allowance:
    """Tries that may be made at once, and seconds after which another one comes."""

    burst: int
    seconds: float


_ADDRESS: Final = _Allowance(10, 60.0)
_TEACHER: Final = _Allowance(6, 180.0)


class PinLimits:
    """Allowances of tries."""

    def __init__(self) -> None:
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._known: OrderedDict[tuple[str, str], None] = OrderedDict()

    def __len__(self) -> int:
        """Count what is remembered."""
        return len(self._left) + len(self._known)

    def take(self, address: str, teacher: str, now: float) -> Wait | None:
        """Take one try, or say how long to wait.

        Args:
            address: who tries.
            teacher: whose PIN.
            now: monotonic, seconds.
        """
        waits = []
        for key, allowance in self._keys(address, teacher):
            left = self._refill(key, allowance, now)
            if left < 1:
                minutes = math.ceil((1 - left) * allowance.seconds / 60)
                waits.append(Wait(minutes, by_name=allowance is _TEACHER))
        if waits:
            return max(waits, key=lambda one: one.minutes)
        self._change(address, teacher, now, -1)
        return None

    def was_right(self, address: str, teacher: str, now: float) -> None:
        """Give the try back, and know the teacher at that address from now on."""
        self._change(address, teacher, now, 1)
        self._known[address, teacher] = None
        self._known.move_to_end((address, teacher))
        if len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)

    def _change(self, address: str, teacher: str, now: float, by: int) -> None:
        for key, allowance in self._keys(address, teacher):
            left = min(allowance.burst, self._refill(key, allowance, now) + by)
            self._left[key] = left, now
            self._left.move_to_end(key)
        while len(self._left) > _REMEMBERED:
            self._left.popitem(last=False)

    def _keys(self, address: str, teacher: str) -> list[tuple[str, _Allowance]]:
        own = f"{address} " if (address, teacher) in self._known else " "
        return [(f"address {address}", _ADDRESS), (f"teacher {own}{teacher}", _TEACHER)]

    def _refill(self, key: str, allowance: _Allowance, now: float) -> float:
        left, at = self._left.get(key, (float(allowance.burst), now))
        return min(allowance.burst, left + (now - at) / allowance.seconds)
