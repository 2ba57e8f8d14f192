"""Recording usage: what players report becomes durable together, and is answered after that.

Rules:
    - Statements that arrive within ``GATHER_SECONDS`` share one commit, made by one thread.
    - A player sends a statement again when it got no answer. The number that the player gave it
      is kept with it, so that it counts once. Numbers of the last ``REMEMBERED`` statements in
      the journal survive a restart of the portal; those of ``SESSIONS`` sessions are remembered
      while it runs, and no more than ``NUMBERS`` numbers in all.
    - The disk's floor is kept free so that usage can be recorded when nothing else can; its
      last half belongs to what the system itself must write.
    - A journal that cannot be opened now is tried again later; until then nothing is taken.
"""

import asyncio
import logging
import secrets
import sqlite3
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Final, TypeVar

from cache.agent_reader import AgentReader
from cache.clock import Clock
from cache.journal import EPOCH_BYTES, Journal, Opening
from cache.machine import this_machine
from cache.space import space
from cache.state import StateDirectory
from core.errors import ExhaustedError, PackhorseError, RefusedError, UnavailableError
from core.text import human_bytes
from core.usage import Recorded, decode_record, encode_record

T = TypeVar("T")
GATHER_SECONDS: Final = 0.05
REMEMBERED: Final = 20_000
SESSIONS: Final = 2_000
NUMBERS: Final = 100_000
_SECRET_BYTES: Final = 32
_PRUNE_SECONDS: Final = 300.0
# Whatever is wrong with the journal, lessons are served on.
_FAILURES: Final = (PackhorseError, OSError, sqlite3.Error)
_LOG: Final = logging.getLogger(__name__)


class NotKeptError(UnavailableError):
    """The journal cannot be written now."""


class UsageLog:
    """The portal's hand on the journal.

    Args:
        state: the node's state directory.
        clock: dates the statements.
        disk_floor: bytes that the agent keeps free; None for the usual share of the disk.
    """

    def __init__(
        self, state: StateDirectory, clock: Clock, *, disk_floor: int | None = None
    ) -> None:
        self._state = state
        self._clock = clock
        self._disk_floor = disk_floor
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="journal")
        self._journal: Journal | None = None
        self._waiting: list[tuple[Sequence[Recorded], asyncio.Future[None]]] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._pruning: asyncio.Task[None] | None = None
        self._seen: OrderedDict[str, set[int]] = OrderedDict()
        self._seen_numbers = 0
        self._opening: asyncio.Task[None] | None = None
        self._when_open: list[Callable[[], None]] = []
        self._when_first_open: list[Callable[[Opening], None]] = []
        # Until the journal gives the lasting one; pages that were made with it stay good.
        self._first_secret = self._secret = secrets.token_bytes(_SECRET_BYTES)

    def when_open(self, load: Callable[[], None]) -> None:
        """Let ``load`` read the journal now, and whenever it was opened, before it is changed.

        It runs on the journal's thread, and must take one that cannot be read for an empty one.
        """
        self._when_open.append(load)
        load()

    def when_first_open(self, work: Callable[[Opening], None]) -> None:
        """Let ``work`` run once, when the journal was opened for the first time."""
        self._when_first_open.append(work)

    def start(self) -> None:
        """Begin to open the journal, salvaging a damaged one; pages need not wait for that."""
        loop = asyncio.get_running_loop()
        self._opening = loop.create_task(self._try_to_open())
        self._pruning = loop.create_task(self._prune_at_times())

    @property
    def path(self) -> Path:
        """Where the journal lies, for those who read it."""
        return self._state.journal

    @property
    def secret(self) -> bytes:
        """The secret of new form tokens; pages do not wait until the journal is open."""
        return self._secret

    async def secrets(self) -> set[bytes]:
        """Give the secrets of all form tokens that are good, once the journal was tried."""
        if self._opening is not None:
            await asyncio.shield(self._opening)
        return {self._secret, self._first_secret}

    async def record(self, statements: Sequence[Recorded]) -> None:
        """Return once the statements survive a power cut; known ones are passed over.

        Raises:
            UnavailableError: they cannot be recorded now.
        """
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((statements, future))
        if len(self._waiting) == 1:
            task = asyncio.get_running_loop().create_task(self._gather())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        await future

    async def change(
        self, work: Callable[[sqlite3.Connection], T], tell: Sequence[Recorded] = ()
    ) -> T:
        """Do something in one transaction on the journal; give what it gives, once durable.

        Args:
            work: what to do.
            tell: statements of it, kept in the same transaction.

        Raises:
            NotKeptError: the journal cannot be written now; nothing of it is kept.
        """

        def do() -> T:
            journal = self._journal or self._open()
            self._require_space()
            try:
                records = [encode_record(one) for one in tell]
                return journal.change(work, records, at=self._clock.wall())
            except _FAILURES:
                # Opened, and salvaged if it is damaged, at the next attempt.
                self._close()
                raise

        try:
            return await self._on_thread(do)
        except _FAILURES as error:
            _LOG.warning("the journal cannot be written: %s", error)
            raise NotKeptError("This cannot be kept now: {reason}", reason=str(error)) from error

    async def close(self) -> None:
        """Write what is waiting, and close the journal."""
        if self._pruning is not None:
            self._pruning.cancel()
        await self.secrets()
        await asyncio.gather(*self._tasks)
        await self._on_thread(self._close)
        self._thread.shutdown()

    async def _try_to_open(self) -> None:
        try:
            await self._on_thread(self._open)
        except _FAILURES as error:
            _LOG.warning("usage cannot be recorded: %s", error)

    async def _gather(self) -> None:
        await asyncio.sleep(GATHER_SECONDS)
        waiting, self._waiting = self._waiting, []
        try:
            await self._on_thread(
                lambda: self._append([one for some, _ in waiting for one in some])
            )
        except _FAILURES as error:
            _LOG.warning("usage cannot be recorded: %s", error)
            for _, future in waiting:
                if not future.done():
                    future.set_exception(
                        UnavailableError(
                            "Usage cannot be recorded now: {reason}", reason=str(error)
                        )
                    )
            return
        for _, future in waiting:
            if not future.done():
                future.set_result(None)

    def _append(self, statements: Sequence[Recorded]) -> None:
        journal = self._journal or self._open()
        known, fresh = set[tuple[str, int]](), list[Recorded]()
        for one in statements:
            if not self._is_known(one) and (one.session, one.number) not in known:
                fresh.append(one)
                if one.number >= 0:
                    known.add((one.session, one.number))
        if not fresh:
            return
        self._require_space()
        try:
            journal.append([encode_record(one) for one in fresh], at=self._clock.wall())
        except _FAILURES:
            # Opened, and salvaged if it is damaged, at the next attempt.
            self._close()
            raise
        for session, number in known:
            self._remember(session, number)

    def _require_space(self) -> None:
        there = space(self._state.root, floor=self._disk_floor)
        if there.free < there.floor // 2:
            raise ExhaustedError("The disk has only {free} free.", free=human_bytes(there.free))

    def _open(self) -> Journal:
        journal = Journal(
            self._state,
            fresh_epoch=secrets.token_bytes(EPOCH_BYTES),
            at=self._clock.wall(),
            acknowledged=AgentReader(self._state.agent).acknowledged(),
            machine=this_machine(),
        )
        if journal.opening.reason == "another machine":
            _LOG.warning("this card comes from another machine: usage begins a new epoch")
        if journal.opening.damage:
            _LOG.warning("the journal was repaired: %s", journal.opening)
        self._secret = journal.setting("form secret", self._secret)
        self._recall(journal)
        for load in self._when_open:
            load()
        while self._when_first_open:
            self._when_first_open.pop(0)(journal.opening)
        self._journal = journal
        return journal

    def _recall(self, journal: Journal) -> None:
        for epoch in journal.reader.epochs():
            after = max(epoch.pruned, epoch.last - REMEMBERED)
            for row in journal.reader.unsent(epoch.epoch, after, REMEMBERED):
                with suppress(RefusedError):
                    recorded = decode_record(row.record)
                    if recorded.number >= 0:
                        self._remember(recorded.session, recorded.number)

    def _is_known(self, one: Recorded) -> bool:
        """Say whether a player has sent a statement before; the portal's own have no number."""
        return one.number >= 0 and one.number in self._seen.get(one.session, ())

    def _remember(self, session: str, number: int) -> None:
        numbers = self._seen.setdefault(session, set())
        self._seen_numbers += number not in numbers
        numbers.add(number)
        self._seen.move_to_end(session)
        while len(self._seen) > SESSIONS or self._seen_numbers > NUMBERS:
            _, gone = self._seen.popitem(last=False)
            self._seen_numbers -= len(gone)

    async def _prune_at_times(self) -> None:
        while True:
            await asyncio.sleep(_PRUNE_SECONDS)
            with suppress(*_FAILURES):
                await self._on_thread(self._prune)

    def _prune(self) -> None:
        if self._journal is not None:
            self._journal.prune(AgentReader(self._state.agent).acknowledged())

    def _close(self) -> None:
        if self._journal is not None:
            self._journal.close()
            self._journal = None

    async def _on_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)
