"""Statements of a simulated school: the outbox, and the hub that takes them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from core.received import Range, contiguous, merged

BYTES_A_STATEMENT = 6
"""Bytes of a statement on the wire, as a rule."""

Send = Callable[[bytes, int, list[bytes]], int]
"""Sends an epoch's records from a number on; gives the hub's contiguous number."""


class Outbox(Protocol):
    """What keeps statements until the hub has them."""

    def open(self, fresh: bytes, at: float) -> None:
        """Open it after a boot; ``fresh`` becomes an epoch if one must begin."""

    def append(self, records: list[bytes], at: float) -> None:
        """Keep records durably."""

    def backlog(self) -> int:
        """Give how many wait."""

    def waiting(self) -> set[bytes]:
        """Give the records that wait."""

    def upload(self, send: Send, at: float) -> None:
        """Send all that waits, oldest first."""

    def close(self) -> None:
        """Let go of it, as when the power fails."""


class NumberedTwiceError(AssertionError):
    """Two statements have the same number."""


@dataclass
class SimulatedHub:
    """A hub's intake: what it has of a node, by number.

    Attributes:
        records: by epoch and number.
        losing: answers that are lost on the way back.
    """

    records: dict[tuple[bytes, int], bytes] = field(default_factory=dict)
    arrived: dict[bytes, list[Range]] = field(default_factory=dict)

    def take(self, epoch: bytes, first: int, records: list[bytes]) -> int:
        """Take a batch; give the number up to which all of the epoch is here.

        Raises:
            NumberedTwiceError: a number has other content than before.
        """
        for number, record in enumerate(records, first):
            if self.records.setdefault((epoch, number), record) != record:
                raise NumberedTwiceError(f"number {number} of {epoch.hex()} is two statements")
        last = first + len(records) - 1
        self.arrived[epoch] = merged(self.arrived.get(epoch, []), first, last)
        return contiguous(self.arrived[epoch])


class MemoryOutbox:
    """An outbox without a database, for weeks by the thousand."""

    def __init__(self) -> None:
        self._epoch = b""
        self._last = 0
        self._rows: list[tuple[int, bytes]] = []

    def open(self, fresh: bytes, at: float) -> None:
        """Open it after a boot."""
        del at
        self._epoch = self._epoch or fresh

    def append(self, records: list[bytes], at: float) -> None:
        """Keep records durably."""
        del at
        self._rows += enumerate(records, self._last + 1)
        self._last += len(records)

    def backlog(self) -> int:
        """Give how many wait."""
        return len(self._rows)

    def waiting(self) -> set[bytes]:
        """Give the records that wait."""
        return {record for _, record in self._rows}

    def upload(self, send: Send, at: float) -> None:
        """Send all that waits, oldest first."""
        del at
        if self._rows:
            first = self._rows[0][0]
            reached = send(self._epoch, first, [record for _, record in self._rows])
            self._rows = [one for one in self._rows if one[0] > reached]

    def close(self) -> None:
        """Let go of it; all of it is durable."""
