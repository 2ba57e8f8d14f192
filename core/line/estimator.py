"""Learning what the line carries: an estimate, and something that happened, give another estimate.

Rules:
    - Only transfers long enough to say something count: a poll is over before the line shows what
      it carries.
    - The time between two requests is not the line's: it is left out. What a connection costs to
      be made, and the time until an answer begins, are the line's.
    - A run's first stretch is short, so that something is known soon; later ones are longer, so
      that bursts level out and the samples reach back for hours.
"""

import math
from typing import Final

import msgspec

from core.line.estimate import MOST_SAMPLES, Estimate

_FIRST_SECONDS: Final = 5.0
_LONGEST_SECONDS: Final = 60.0
# A fast line has said enough before: so many bytes in at least a second.
_ENOUGH_BYTES: Final = 4 * 1024 * 1024
_ENOUGH_SECONDS: Final = 1.0
# What the end of a run leaves over counts from here on.
_LEAST_SECONDS: Final = 2.0
_LEAST_BYTES: Final = 48 * 1024
# Where a cap took more of the time than this, it and not the line set the pace.
_HELD_SHARE: Final = 0.05
_FASTEST: Final = 1e12
_SLOWEST_ANSWER: Final = 600.0
_FRESH: Final = 0.2
# After so many seconds an old observation of whether the line is there counts for a third.
_MEMORY_SECONDS: Final = 2 * 24 * 3600.0
# A node that was off, or not allowed to try, has not seen what the line did meanwhile.
_LONGEST_SIGHT: Final = 3600.0


def with_rate(estimate: Estimate, rate: float, *, held_back: bool = False) -> Estimate:
    """Learn from a stretch of transfer.

    Args:
        estimate: what was believed.
        rate: bytes a second on the wire.
        held_back: whether a cap was in the way: then the line carries at least that.
    """
    if not 0 < rate <= _FASTEST or (held_back and not (rate > estimate.rate)):
        return estimate
    samples = (*estimate.samples, round(rate, 1))
    return msgspec.structs.replace(estimate, samples=samples[-MOST_SAMPLES:])


def with_round_trip(estimate: Estimate, seconds: float) -> Estimate:
    """Learn from the time that passed until an answer began."""
    seconds = min(max(0.0, seconds), _SLOWEST_ANSWER)
    known = estimate.latency
    latency = known + _FRESH * (seconds - known) if known else seconds
    return msgspec.structs.replace(estimate, latency=round(latency, 6))


def with_contact(estimate: Estimate, seconds: float, *, was_up: bool, is_up: bool) -> Estimate:
    """Learn from whether the hub was reached.

    Args:
        estimate: what was believed.
        seconds: since it was tried before; of long ones only an hour counts.
        was_up: whether it was reached then.
        is_up: whether it was reached now.
    """
    seconds = min(max(0.0, seconds), _LONGEST_SIGHT)
    share = (was_up + is_up) / 2
    weight = 1 - math.exp(-seconds / _MEMORY_SECONDS)
    up = estimate.up + weight * (share - estimate.up)
    return msgspec.structs.replace(estimate, up=min(1.0, max(0.0, up)))


class Stretch(msgspec.Struct, frozen=True):
    """A stretch of transfer, long enough to say something.

    Attributes:
        rate: bytes a second on the wire.
        held_back: whether a cap was in the way.
    """

    rate: float
    held_back: bool


class Stopwatch:
    """Divides the transfers of one run into stretches. Times are seconds that only rise."""

    def __init__(self) -> None:
        self._length = _FIRST_SECONDS
        self._last: float | None = None
        self._seconds = self._held = 0.0
        self._count = 0

    @property
    def pace(self) -> float:
        """Bytes a second of the stretch that is not complete yet; 0 where nothing is known."""
        return self._count / self._seconds if self._seconds else 0.0

    def begin(self, now: float) -> None:
        """Note that a transfer is asked for."""
        self._last = now

    def hold(self, seconds: float) -> None:
        """Note that a cap holds the transfer back."""
        self._held += seconds

    def came(self, now: float, count: int) -> Stretch | None:
        """Note bytes on the wire; give a stretch when it is complete."""
        if self._last is None:
            return None
        self._seconds += now - self._last
        self._last = now
        self._count += count
        enough = self._count >= _ENOUGH_BYTES and self._seconds >= _ENOUGH_SECONDS
        return self._cut() if enough or self._seconds >= self._length else None

    def end(self) -> None:
        """Note that a transfer has ended, well or not: what follows its last byte is left out."""
        self._last = None

    def rest(self) -> Stretch | None:
        """Give what the run leaves over, if it says something."""
        is_enough = self._seconds >= _LEAST_SECONDS and self._count >= _LEAST_BYTES
        return self._cut() if is_enough else None

    def _cut(self) -> Stretch:
        found = Stretch(self._count / self._seconds, self._held > _HELD_SHARE * self._seconds)
        self._seconds = self._held = 0.0
        self._count = 0
        self._length = min(_LONGEST_SECONDS, self._length * 2)
        return found
