"""How long work still takes, by how it has gone: pure."""

from typing import Final

# Before that, nothing can be said.
_LEAST_SECONDS: Final = 2.0
_LEAST_SHARE: Final = 0.05
# What takes longer than was thought is not about to end: this part of what it would be by now.
_LEAST_PART: Final = 0.1


class Pace:
    """Reckons how long work still takes.

    What was done in the last half counts, since work of different kinds comes one behind the other.

    Args:
        began: when the work began, seconds.
    """

    def __init__(self, began: float) -> None:
        self._points = [(began, 0.0)]

    def came(self, at: float, share: float) -> None:
        """Note what is done.

        Args:
            at: now, seconds.
            share: of all, 0 to 1; it only rises.
        """
        if share > self._points[-1][1]:
            self._points.append((at, share))
            # The newest one always stays.
            while self._points[1][1] <= share / 2:
                del self._points[0]

    def left(self, at: float) -> float | None:
        """Give the seconds that are left; None when nobody knows.

        Args:
            at: now, seconds.
        """
        (since, before), (last, share) = self._points[0], self._points[-1]
        if share < _LEAST_SHARE or at - since < _LEAST_SECONDS:
            return None
        rest = (1 - share) / (share - before)
        return max(rest * (last - since) - (at - last), rest * (at - since) * _LEAST_PART)
