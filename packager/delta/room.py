"""Room in memory for tasks that are done beside one another.

What each needs is reckoned before it begins; it waits until that fits beside the others.
"""

from concurrent.futures import FIRST_COMPLETED, Future, wait
from typing import Any, Final

MEMORY: Final = 1200 * 1024 * 1024
"""Bytes that tasks of one build may take together, however many processors there are."""


class Room:
    """Memory that tasks share.

    Args:
        memory: how much there is, bytes.
    """

    def __init__(self, memory: int = MEMORY) -> None:
        self._memory = memory
        self._busy: dict[Future[Any], int] = {}

    def wait_for(self, memory: int) -> None:
        """Wait until there is room for a task; one that needs more than there is has all.

        Args:
            memory: bytes that it needs.
        """
        while self._busy and memory + sum(self._busy.values()) > self._memory:
            wait(self._busy, return_when=FIRST_COMPLETED)
            self._busy = {one: size for one, size in self._busy.items() if not one.done()}

    def take(self, task: "Future[Any]", memory: int) -> None:
        """Know that a task has begun, and what it needs until it is done."""
        self._busy[task] = memory
