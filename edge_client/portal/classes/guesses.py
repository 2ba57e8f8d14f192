"""How often a wrong code may be given, by address and by all together. Pure.

An address from which a right code came lately is not held up by what others guess, and the same
code from there is never held up: a class behind one router goes on whatever one of it guesses.
"""

from collections import OrderedDict
from typing import Final

BURST: Final = 10
PER_MINUTE: Final = 10
_MANY: Final = 20
_REMEMBERED: Final = 2000
_EVERYBODY: Final = "*"


class Guesses:
    """Allowances of wrong codes, each for a minute's worth at once."""

    def __init__(self) -> None:
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._known: OrderedDict[str, None] = OrderedDict()

    def may_try(self, address: str, code: str, now: float) -> bool:
        """Say whether a code is looked at.

        Args:
            address: who gives it.
            code: what was given.
            now: monotonic, milliseconds.
        """
        if _pair(address, code) in self._known:
            return True
        if self._refilled(address, now) < 1:
            return False
        return address in self._known or self._refilled(_EVERYBODY, now) >= 1

    def was_wrong(self, address: str, now: float) -> None:
        """Take one from the allowances."""
        for name in (address, _EVERYBODY):
            self._left[name] = max(0.0, self._refilled(name, now) - 1), now
            self._left.move_to_end(name)
        while len(self._left) > _REMEMBERED:
            self._left.popitem(last=False)

    def was_right(self, address: str, code: str) -> None:
        """Know an address, and its code, from now on."""
        for known in (_pair(address, code), address):
            self._known[known] = None
            self._known.move_to_end(known)
        while len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)

    def _refilled(self, name: str, now: float) -> float:
        times = _MANY if name == _EVERYBODY else 1
        left, at = self._left.get(name, (float(BURST * times), now))
        return min(BURST * times, left + (now - at) * PER_MINUTE * times / 60_000)


def _pair(address: str, code: str) -> str:
    return f"{address} {code}"
