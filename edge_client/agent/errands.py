"""Errands: long work that a person asked for, each done by a worker in its turn.

They come before what comes by the clock: a fetch that is running on a slow line makes way, and
goes on afterwards from where it stopped.
"""

import asyncio
from collections import deque
from dataclasses import dataclass
from typing import Final

from core.errors import AlreadyRunningError
from sync.events import Summary, Task

MOST_WAITING: Final = 4


@dataclass(frozen=True, slots=True)
class Errand:
    """One piece of a worker's work.

    Attributes:
        task: what is to be done.
        arguments: of the worker's command line.
        given: what the worker reads from its standard input.
    """

    task: Task
    arguments: tuple[str, ...] = ()
    given: bytes = b""


class Errands:
    """The errands that wait, in the order in which they came."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[Errand, asyncio.Future[Summary]]] = deque()
        self._there = asyncio.Event()

    def ask(self, errand: Errand) -> "asyncio.Future[Summary]":
        """Add an errand; give what will hold how it ended.

        Raises:
            AlreadyRunningError: too many wait.
        """
        if len(self._waiting) >= MOST_WAITING:
            raise AlreadyRunningError(
                "The node is busy with what it was asked for before.",
                hint="Wait until that has ended.",
            )
        ended: asyncio.Future[Summary] = asyncio.get_running_loop().create_future()
        self._waiting.append((errand, ended))
        self._there.set()
        return ended

    async def wanted(self) -> None:
        """Wait until there is one."""
        await self._there.wait()

    def take(self) -> "tuple[Errand, asyncio.Future[Summary]] | None":
        """Take the oldest; None when none waits."""
        if self._waiting:
            return self._waiting.popleft()
        self._there.clear()
        return None
