"""How fast usage is taken, so that no script in the school can flood the journal.

Each address has an allowance that refills, and so has the whole school: a class behind one
router is one address, so the allowance is ample for a class. What is refused is sent again later
by the players themselves.
"""

from collections import OrderedDict
from typing import Final

_REMEMBERED: Final = 4096


class UsageLimits:
    """Allowances of events, by address.

    Args:
        burst: events that an address may report at once.
        rate: events a second that it may report for ever.
        school: how many times that all addresses together may report.
    """

    def __init__(self, burst: float = 1000, rate: float = 10, school: float = 20) -> None:
        self._burst, self._rate, self._school = burst, rate, school
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._school_left = (burst * school, 0.0)

    def take(self, address: str, count: int, now: float) -> bool:
        """Take ``count`` events from the allowances, or nothing when they do not suffice.

        Args:
            address: who reports.
            count: events.
            now: monotonic, seconds.
        """
        own = self._refill(self._left.get(address, (self._burst, now)), now, 1)
        school = self._refill(self._school_left, now, self._school)
        if min(own, school) < count:
            return False
        self._left[address] = own - count, now
        self._left.move_to_end(address)
        if len(self._left) > _REMEMBERED:
            self._left.popitem(last=False)
        self._school_left = school - count, now
        return True

    def _refill(self, kept: tuple[float, float], now: float, times: float) -> float:
        left, at = kept
        return min(self._burst * times, left + (now - at) * self._rate * times)
