"""How fast bytes come, smoothed, so that the time left on a screen does not jump about."""

from dataclasses import dataclass
from typing import Final

# After this time an old speed counts for a third.
_MEMORY_SECONDS: Final = 8.0
# Shorter gaps say more about buffers than about the line.
_SHORTEST_GAP: Final = 0.2


@dataclass(slots=True)
class Pace:
    """The pace of one transfer; times are monotonic seconds, rate is bytes a second."""

    rate: float = 0.0
    _at: float | None = None
    _done: int = 0

    def observe(self, now: float, done: int) -> None:
        """Note how many bytes have come by now; fewer than before begin a new transfer."""
        if self._at is None or done < self._done:
            self._at, self._done, self.rate = now, done, 0.0
            return
        gap = now - self._at
        if gap < _SHORTEST_GAP:
            return
        current = (done - self._done) / gap
        share = 1.0 if self.rate <= 0 else gap / (gap + _MEMORY_SECONDS)
        self.rate += share * (current - self.rate)
        self._at, self._done = now, done

    def seconds_left(self, total: int) -> float | None:
        """Give seconds until ``total``; None while the rate is unknown."""
        return max(0, total - self._done) / self.rate if self.rate > 0 else None
