"""Trying again within one run: at once after progress, less and less often without.

A line that is cut every ten seconds still brings a pack home in one run; one that is down ends
the run soon, and the agent decides when to begin the next.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from core.backoff import retry_delay
from sync.source import Fault, SourceError

MOST_FAILURES: Final = 4
_LARGEST_DELAY: Final = 20.0
# What another try in a moment cannot change.
_LASTING: Final[frozenset[Fault]] = frozenset(
    {"missing", "portal", "tls", "busy", "no-range", "name", "refused"}
)


class Persistence:
    """Counts failures in a row.

    Args:
        chance: gives a uniform random number in [0, 1).
        sleep: waits for some seconds.
    """

    def __init__(self, chance: Callable[[], float], sleep: Callable[[float], None]) -> None:
        self._chance = chance
        self._sleep = sleep
        self._failures = 0
        self._progress = False

    def progressed(self) -> None:
        """Note that bytes came."""
        self._progress = True

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Swallow a failure of the line after a wait, unless it lasts.

        Raises:
            SourceError: it lasts, or nothing came for some tries.
        """
        self._progress = False
        try:
            yield
        except SourceError as error:
            self._failures = 1 if self._progress else self._failures + 1
            if error.fault in _LASTING and not self._progress:
                raise
            if self._failures >= MOST_FAILURES:
                raise
            delay = retry_delay(self._failures, self._chance(), largest=_LARGEST_DELAY)
            self._sleep(delay / 2)
        else:
            self._failures = 0
