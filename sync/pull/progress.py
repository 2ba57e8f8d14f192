"""Telling how far a version is: often enough to be watched, rarely enough to cost nothing."""

from collections.abc import Callable
from typing import Final

from core.release import Release
from sync.events import Event, Fetching

_EVERY_SECONDS: Final = 0.25
# Weight of the last stretch in the rate that is shown.
_FRESH: Final = 0.3


class Progress:
    """Tells about one version.

    Args:
        release: the version.
        emit: takes the events.
        monotonic: gives seconds that only rise.
    """

    def __init__(
        self, release: Release, emit: Callable[[Event], None], monotonic: Callable[[], float]
    ) -> None:
        self._release = release
        self._emit = emit
        self._monotonic = monotonic
        self._done = self._total = 0
        self._rate = 0.0
        self._told = (monotonic(), 0)

    def begin(self, total: int) -> None:
        """Say how many bytes will come."""
        self._done, self._total = 0, total
        self._told = (self._monotonic(), 0)

    def came(self, count: int, item: str) -> None:
        """Note bytes that came for an item."""
        self._done += count
        now = self._monotonic()
        since, before = self._told
        if now - since >= _EVERY_SECONDS:
            fresh = (self._done - before) / (now - since)
            self._rate = fresh if not self._rate else self._rate + _FRESH * (fresh - self._rate)
            self._tell(item, now)

    def end(self) -> None:
        """Tell the last state."""
        self._tell("", self._monotonic())

    def _tell(self, item: str, now: float) -> None:
        self._told = (now, self._done)
        self._emit(
            Fetching(
                pack=self._release.pack,
                title=self._release.title,
                version=self._release.version,
                done=self._done,
                # Damaged blocks come twice.
                total=max(self._total, self._done),
                rate=self._rate,
                item=item,
            )
        )
