"""Telling how far the making of a bundle is, so that equal steps take about equal time.

Encoding a byte takes hundreds of times as long as copying one. So bytes are told as if each of the
bundle's content took the same: of what is encoded they rise slowly, of what is stored fast.
"""

import threading
from collections.abc import Callable
from typing import Final

# What a byte takes, of one that is hashed.
STORED: Final = 4.0
LOOKED_AT: Final = 10.0
_REFERRING: Final = 600.0


def referring(processes: int) -> float:
    """Say what a byte takes to encode with references, by each codec.

    Args:
        processes: how many work at once.
    """
    return _REFERRING / processes


def compressing(level: int, processes: int) -> float:
    """Say what a byte takes to compress.

    Args:
        level: zstd's.
        processes: how many work at once.
    """
    return STORED + level * level / processes


class Reckoning:
    """Tells of the work; may be told of it by several threads.

    Args:
        progress: is told bytes.
        total: how many it is told in all.
        encoding: what a byte takes to encode.
    """

    def __init__(self, progress: Callable[[int], None], total: int, encoding: float) -> None:
        self._progress = progress
        self._total = total
        self._encoding = encoding
        self._lock = threading.Lock()
        self._told = 0
        self._done = 0.0
        # What is left, bytes; and what of that which was thought to be stored was, and was not.
        self._old = self._stored = self._encoded = 0
        self._right = self._wrong = 0

    def expect(self, *, old: int = 0, stored: int = 0, encoded: int = 0) -> None:
        """Say what there is to do, bytes.

        Args:
            old: of files that are only looked at.
            stored: of content that is probably stored.
            encoded: of content that is encoded.
        """
        self._old, self._stored, self._encoded = old, stored, encoded

    def looked(self, size: int) -> None:
        """Note that so many bytes were looked at."""
        with self._lock:
            self._old -= size
            self._did(size * LOOKED_AT)

    def stored(self, size: int) -> None:
        """Note that so many bytes of content were stored."""
        with self._lock:
            self._stored -= size
            self._right += size
            self._did(size * STORED)

    def encoded(self, size: int) -> None:
        """Note that so many bytes of content were encoded, or what amounts to it."""
        with self._lock:
            # What was thought to be stored, too, is encoded where old files have something of it.
            expected = min(size, self._encoded)
            self._encoded -= expected
            self._stored -= size - expected
            self._wrong += size - expected
            self._did(size * self._encoding)

    def end(self) -> None:
        """Tell the rest: all is done."""
        with self._lock:
            self._tell(self._total)

    def _did(self, work: float) -> None:
        self._done += work
        seen = self._right + self._wrong
        wrong = self._wrong / seen if seen else 0.0
        stored = STORED + wrong * (self._encoding - STORED)
        left = [(self._old, LOOKED_AT), (self._stored, stored), (self._encoded, self._encoding)]
        rest = sum(max(0, size) * each for size, each in left)
        share = self._done / (self._done + rest) if self._done else 0.0
        self._tell(int(self._total * share))

    def _tell(self, done: int) -> None:
        if done > self._told:
            self._progress(done - self._told)
            self._told = done
