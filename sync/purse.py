"""Bytes of the budget that a run has taken out: reserved on the disk before they travel.

Reserving for each small request would cost a commit each, so some are taken out ahead. Killed, a
run leaves the rest of them counted: too much, never too little.
"""

from collections.abc import Callable
from datetime import date
from typing import Final, Protocol

from core.line.ledger import Ledger, left

AHEAD: Final = 128 * 1024
"""Bytes that are taken out ahead of need."""


class Books(Protocol):
    """Where the ledger is kept (``cache.agent_db.AgentDatabase``)."""

    def reserve_bytes(self, count: int) -> Ledger:
        """Count bytes before they are asked for."""

    def settle_bytes(self, reserved: int, used: int) -> Ledger:
        """Count what has travelled in the place of what was reserved."""

    def turn_month(self, today: date | None, budget_day: int) -> Ledger:
        """Begin a new month, if it is one."""


class Purse:
    """What one run has reserved and used.

    Args:
        books: where the ledger is kept; nobody else reserves there meanwhile.
    """

    def __init__(self, books: Books) -> None:
        self._books = books
        ledger = books.turn_month(None, 1)
        # A run that was killed may have used all of what it had reserved.
        self._ledger = books.settle_bytes(ledger.reserved, ledger.reserved)
        self._reserved = self._used = self._promised = 0

    def turn(self, today: date | None, budget_day: int) -> None:
        """Begin a new month of the budget, if it is one.

        Args:
            today: the school's date; None when nobody is sure of it.
            budget_day: the day on which a month begins.
        """
        self._ledger = self._books.turn_month(today, budget_day)

    def free(self, budget: int | None) -> int | None:
        """Give bytes that can still be promised; None for any number."""
        room = left(self._ledger, budget)
        return None if room is None else max(0, room + self._reserved - self._used - self._promised)

    def promise(self, count: int, budget: int | None) -> "Promise | None":
        """See to it that so many bytes are reserved; None when the budget has not got them."""
        lack = count + self._promised + self._used - self._reserved
        if lack > 0:
            room = left(self._ledger, budget)
            if room is not None and room < lack:
                return None
            self._take(lack + AHEAD if room is None else min(lack + AHEAD, room))
        self._promised += count
        return Promise(count, self._use)

    def settle(self) -> None:
        """Give back what was not used."""
        if self._reserved or self._used:
            self._ledger = self._books.settle_bytes(self._reserved, self._used)
            self._reserved = self._used = 0

    def _take(self, count: int) -> None:
        self._ledger = self._books.reserve_bytes(count)
        self._reserved += count
        used = min(self._used, self._reserved)
        if used:
            self._ledger = self._books.settle_bytes(used, used)
            self._reserved -= used
            self._used -= used

    def _use(self, used: int, promised: int) -> None:
        self._used += used
        self._promised -= promised


class Promise:
    """Bytes that are promised to one request.

    Args:
        count: how many.
        use: told what was used, and what need not be kept any more.
    """

    def __init__(self, count: int, use: Callable[[int, int], None]) -> None:
        self._left = count
        self._use = use

    @property
    def left(self) -> int:
        """Bytes of them that have not travelled."""
        return self._left

    def moved(self, count: int) -> None:
        """Note bytes that have travelled, more than were promised perhaps."""
        kept = min(count, self._left)
        self._left -= kept
        self._use(count, kept)

    def close(self) -> None:
        """Let go of what was not used."""
        self._use(0, self._left)
        self._left = 0
