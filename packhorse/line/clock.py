"""The pace of a line: a clock that says when each piece has crossed it. Pure arithmetic."""

_SLICE = 0.05
_SMALLEST = 512
_LARGEST = 16 * 1024
_LATE_SECONDS = 0.02
_LATE_BYTES = 8 * 1024
_UNLIMITED = 64 * 1024


class LineClock:
    """One line shared by all: it is busy with earlier pieces until `free`.

    Unused time is not saved up beyond what makes good a sleeper that woke late (20 ms, and at most
    8 KiB), so there is never a burst beyond one piece and that.
    """

    def __init__(self, rate: int | None) -> None:
        """Start free, with a rate in bytes a second (None: no limit)."""
        self.rate = rate
        self._free = 0.0

    @property
    def piece(self) -> int:
        """The most bytes to reserve at once: about 50 ms of the line, 512 B to 16 KiB."""
        if self.rate is None:
            return _UNLIMITED
        return max(_SMALLEST, min(_LARGEST, int(self.rate * _SLICE)))

    def reserve(self, size: int, now: float) -> float:
        """Queue a piece of `size` bytes and return the seconds from `now` until it has crossed."""
        if self.rate is None:
            return 0.0
        late = min(_LATE_SECONDS, _LATE_BYTES / self.rate)
        self._free = max(self._free, now - late) + size / self.rate
        return max(0.0, self._free - now)
