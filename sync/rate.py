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
        rate: bytes a second, or what gives them at any moment, None for no cap just now.
        monotonic: gives seconds that only rise.
        told: told how long it makes wait, seconds.
    """

    def __init__(
        self,
        rate: float | Callable[[], float | None],
        monotonic: Callable[[], float],
        told: Callable[[float], None] = lambda _: None,
    ) -> None:
        self._rate = rate if callable(rate) else lambda: rate
        self._monotonic = monotonic
        self._told = told
        self._tokens = 0.0
        self._filled: float | None = None

    @property
    def rate(self) -> float | None:
        """Bytes a second just now; None for no cap."""
        return self._rate()

    def spend(self, count: int) -> float:
        """Take note of ``count`` bytes that came; give seconds to wait before reading on."""
        now, rate = self._monotonic(), self._rate()
        if rate is None:
            self._filled = None
            return 0.0
        burst = max(rate * _BURST_SECONDS, float(_BURST_LEAST))
        if self._filled is None:
            self._tokens = burst
        else:
            self._tokens = min(burst, self._tokens + (now - self._filled) * rate)
        self._tokens -= count
        self._filled = now
        wait = max(0.0, -self._tokens / rate)
        if wait:
            self._told(wait)
        return wait
