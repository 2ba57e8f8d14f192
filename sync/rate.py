"""A cap on how fast bytes are received: a token bucket.

It holds back reading, so the sender's window fills and it slows down; nothing is dropped.
"""

from collections.abc import Callable
from typing import Final

# How much may come at once after a pause, seconds' worth of the rate, and at least this many.
_BURST_SECONDS: Final = 0.25
_BURST_LEAST: Final = 8 * 1024


class RateCap:
    """Says how long to wait so that the rate is kept.

    Args:
        rate: bytes a second.
        monotonic: gives seconds that only rise.
    """

    def __init__(self, rate: int, monotonic: Callable[[], float]) -> None:
        self._rate = rate
        self._monotonic = monotonic
        self._burst = max(rate * _BURST_SECONDS, float(_BURST_LEAST))
        self._tokens = self._burst
        self._filled = monotonic()

    @property
    def rate(self) -> int:
        """Bytes a second."""
        return self._rate

    def spend(self, count: int) -> float:
        """Take note of ``count`` bytes that came; give seconds to wait before reading on."""
        now = self._monotonic()
        self._tokens = min(self._burst, self._tokens + (now - self._filled) * self._rate) - count
        self._filled = now
        return max(0.0, -self._tokens / self._rate)
