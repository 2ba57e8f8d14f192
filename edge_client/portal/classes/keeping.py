"""Classes in the journal: written in the background at each change, with their end in one piece.

A class goes on when the journal cannot be written; it is tried again later.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Final

from cache import journal_classes
from cache.clock import Clock
from cache.journal_classes import KeptClass
from cache.state import StateDirectory
from core import class_session
from core.errors import UnavailableError
from core.usage import Recorded
from edge_client.portal.usage_log import UsageLog

MOST_CODES: Final = 1000
"""So many classes must pass before a code comes again: more than a school has in some days."""

Latest = Callable[[], KeptClass]
"""Gives what a class is at the moment of writing."""


class Keeping:
    """The hand of classes on the journal.

    Args:
        state: the node's state directory.
        usage: the hand on the journal.
        clock: the machine's clocks.
    """

    def __init__(self, state: StateDirectory, usage: UsageLog, clock: Clock) -> None:
        self._path = state.journal
        self._usage = usage
        self._clock = clock
        self._waiting: dict[str, Latest] = {}
        self._writing: asyncio.Task[None] | None = None

    async def kept(self) -> tuple[list[KeptClass], list[str]]:
        """Give the classes that had not ended, once the journal was opened, and the latest codes.

        Raises:
            PackhorseError: the journal cannot be read.
        """
        await self._usage.secrets()
        return await asyncio.to_thread(
            lambda: (
                journal_classes.running(self._path),
                journal_classes.codes(self._path, MOST_CODES),
            )
        )

    def save(self, name: str, latest: Latest) -> None:
        """Keep what a class is, soon: as it is when it is written."""
        self._waiting[name] = latest
        self.again()

    def again(self) -> None:
        """Try to keep what could not be kept."""
        if not self._waiting:
            return
        if self._writing is None or self._writing.done():
            self._writing = asyncio.get_running_loop().create_task(self._write())

    async def saved(self) -> None:
        """Wait until all is kept that waits, or cannot be."""
        if self._writing is not None:
            await asyncio.shield(self._writing)

    async def end(self, kept: KeptClass, moment: float) -> None:
        """Keep the end of a class, with its statement if it was played, once.

        Args:
            kept: what it was at its end.
            moment: when that was, milliseconds of the portal's clock.

        Raises:
            UnavailableError: the journal cannot be written now.
        """
        self._waiting.pop(kept.name, None)
        wall = self._clock.wall()
        ago = max(0.0, self._clock.monotonic() - moment / 1000)
        at = max(0.0, wall.timestamp() - ago)
        is_dated = self._clock.synchronised()

        def work(connection: sqlite3.Connection) -> None:
            journal_classes.prune(connection, wall.timestamp() if is_dated else None)
            if not journal_classes.end(connection, kept, at):
                raise _HasEndedError

        tell = [_statement(kept, moment, at)] if kept.session.was_played else []
        with suppress(_HasEndedError):
            await self._usage.change(work, tell)

    async def _write(self) -> None:
        while self._waiting:
            waiting, self._waiting = self._waiting, {}
            try:
                await self._usage.change(partial(_save_all, [one() for one in waiting.values()]))
            except UnavailableError:
                # Tried again with the next change, or in some seconds.
                self._waiting = {**waiting, **self._waiting}
                return


class _HasEndedError(Exception):
    """The class has ended before, and was told of."""


def _save_all(kept: Sequence[KeptClass], connection: sqlite3.Connection) -> None:
    for one in kept:
        # An end is kept with its statement or not at all: what is not told goes on.
        if one.session.phase != "ended":
            journal_classes.save(connection, one)


def _statement(kept: KeptClass, moment: float, at: float) -> Recorded:
    session, lesson = kept.session, kept.lesson
    return Recorded(
        verb="taught",
        pack=lesson.pack,
        version=lesson.version,
        item=lesson.item,
        session=kept.name,
        boot=kept.boot,
        offset=max(0, round(moment)),
        at=round(at * 1000),
        position=session.furthest,
        length=session.length or -1,
        count=class_session.heads(session),
        duration=class_session.duration(session, moment),
        cues=len(session.reached),
    )
