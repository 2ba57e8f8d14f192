"""How long to wait on a line, and how to notice that it only trickles."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

from sync.rate import RateCap

_LONGEST_PAUSE: Final = 30.0


@dataclass(frozen=True)
class Patience:
    """How long to wait for what. Seconds, and bytes a second.

    Attributes:
        connect: for a connection, TLS included.
        gap: between two bytes.
        stretch: over how long the rate is judged, and grace for an answer to begin.
        least_rate: slower than this over a stretch counts as broken.
    """

    connect: float = 20.0
    gap: float = 20.0
    stretch: float = 30.0
    least_rate: float = 200.0


@dataclass(frozen=True)
class Timing:
    """How to tell time, and how long to wait.

    Attributes:
        monotonic: gives seconds that only rise.
        sleep: waits, for the rate cap.
        patience: bounds of waiting.
        cap: cap for what is received, None for none.
        alive: called after each stretch in which enough came.
    """

    monotonic: Callable[[], float]
    sleep: Callable[[float], None]
    patience: Patience = Patience()
    cap: RateCap | None = None
    alive: Callable[[], None] = lambda: None

    @property
    def least_rate(self) -> float:
        """Bytes a second below which the line counts as broken; less where it is capped."""
        least = self.patience.least_rate
        capped = self.cap.rate if self.cap else None
        return least if capped is None else min(least, capped / 4)


class Pace:
    """Judges the rate of one answer over stretches, and keeps the cap."""

    def __init__(self, timing: Timing) -> None:
        self._timing = timing
        self._since = timing.monotonic()
        self._count = 0

    def took(self, count: int) -> bool:
        """Note bytes that came, and wait where they came too quickly.

        Returns:
            False when they come so slowly that the line counts as broken.
        """
        timing = self._timing
        self._count += count
        elapsed = timing.monotonic() - self._since
        if elapsed > timing.patience.stretch:
            if self._count < timing.least_rate * elapsed:
                return False
            self._since += elapsed
            self._count = 0
            timing.alive()
        if timing.cap is not None:
            self._pause(timing.cap.spend(count))
        return True

    def _pause(self, seconds: float) -> None:
        """Sleep, without being taken for hanging meanwhile."""
        while seconds > 0:
            self._timing.sleep(min(seconds, _LONGEST_PAUSE))
            seconds -= _LONGEST_PAUSE
            self._timing.alive()


class Watchdog:
    """Calls once after some seconds, unless it is left before."""

    def __init__(self, seconds: float, action: Callable[[], None]) -> None:
        self.rang = False
        self._action = action
        self._timer = self._make(seconds)

    def _make(self, seconds: float) -> threading.Timer:
        timer = threading.Timer(seconds, self._ring)
        timer.daemon = True
        return timer

    def _ring(self) -> None:
        self.rang = True
        self._action()

    def restart(self, seconds: float) -> None:
        """Begin to count anew."""
        self._stop()
        self._timer = self._make(seconds)
        self._timer.start()

    def _stop(self) -> None:
        self._timer.cancel()
        self._timer.join()

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stop()
