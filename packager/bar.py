"""A progress bar on a terminal, which counts down the time left."""

import shutil
import sys
import threading
from typing import Final, Self

from cache.clock import Clock
from core.display import cells, fit
from core.text import human_duration
from packager.pace import Pace

_WIDTH: Final = 28
_TICK_SECONDS: Final = 0.5


class Bar:
    """Shows how far a phase of the work is; to be used in a ``with`` block.

    Args:
        label: what is done.
        total: what there is to do.
    """

    def __init__(self, label: str, total: int) -> None:
        """Show nothing yet."""
        self._label = label
        self._total = total
        self._done = 0
        self._shown = 0
        self._clock = Clock()
        self._pace = Pace(self._clock.monotonic())
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        """Begin."""
        self._show()
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Show how far it came, and leave the line; whoever was interrupted does so anyway."""
        self._over.set()
        self._thread.join()
        if kind is not KeyboardInterrupt:
            self._show()
            sys.stderr.write("\n")
            sys.stderr.flush()

    def advance(self, count: int) -> None:
        """Note what was done."""
        with self._lock:
            self._done += count
            self._pace.came(self._clock.monotonic(), self._share())

    def _share(self) -> float:
        return min(1.0, self._done / self._total) if self._total else 1.0

    def _run(self) -> None:
        while not self._over.wait(_TICK_SECONDS):
            self._show()

    def _show(self) -> None:
        with self._lock:
            line = bar_line(self._label, self._share(), self._pace.left(self._clock.monotonic()))
        # One cell further, the terminal would begin a new line.
        line = fit(line, min(cells(line), shutil.get_terminal_size().columns - 1))
        sys.stderr.write("\r" + line + " " * (self._shown - cells(line)))
        sys.stderr.flush()
        self._shown = cells(line)


def bar_line(label: str, share: float, left: float | None) -> str:
    """Write a bar.

    Args:
        label: what is done.
        share: how much of it, 0 to 1.
        left: how many seconds it still takes; None when nobody knows.
    """
    full = int(share * _WIDTH)
    line = f"{label}  [{'#' * full}{'-' * (_WIDTH - full)}] {int(share * 100):3}%"
    if share < 1 and left is not None:
        line += f"  {human_duration(max(1, left))} left"
    return line
