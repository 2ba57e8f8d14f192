"""All classes of the school: their codes, their number, and how they begin, go on and end.

A class ends by its teacher; by itself when no screen has been connected for half an hour, or
after twelve hours; and when what it plays may not be shown any more.
"""

import asyncio
import dataclasses
import logging
import secrets
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

from aiohttp import WSCloseCode, web

from cache.clock import Clock
from cache.journal_classes import KeptClass
from core import class_session
from core.class_lesson import ClassLesson
from core.class_room import Chosen
from core.errors import ExhaustedError, PackhorseError, UnavailableError
from edge_client.portal.classes.guesses import Guesses
from edge_client.portal.classes.keeping import MOST_CODES, Keeping
from edge_client.portal.classes.running import RunningClass
from edge_client.portal.classes.words import NOT_SHOWN
from edge_client.portal.lessons import Lessons

MOST_CLASSES: Final = 20
CODE_DIGITS: Final = 4
TICK_SECONDS: Final = 10.0
"""How often a class that plays is saved."""
EMPTY_MILLISECONDS: Final = 30 * 60 * 1000
LONGEST_MILLISECONDS: Final = 12 * 3600 * 1000
_CODES: Final = 10**CODE_DIGITS
_ID_BYTES: Final = 8
_LOG: Final = logging.getLogger(__name__)

TeacherOf = Callable[[web.Request], Awaitable[str | None]]
"""Gives the name of the teacher who is signed in on a request's device, or None."""


class Classes:
    """The classes that run.

    Args:
        clock: the machine's clocks.
        teacher_of: who is signed in.
        keeping: the hand on the journal.
        lessons: what is here.
        most_sockets: how many screens may be connected, of all classes together.
    """

    def __init__(
        self,
        clock: Clock,
        teacher_of: TeacherOf,
        keeping: Keeping,
        lessons: Lessons,
        *,
        most_sockets: int,
    ) -> None:
        self.teacher_of = teacher_of
        self.keeping = keeping
        self.guesses = Guesses()
        self.most_sockets = most_sockets
        self.is_loaded = False
        self._clock = clock
        self._lessons = lessons
        self._running: dict[str, RunningClass] = {}
        self._used: deque[str] = deque(maxlen=MOST_CODES)
        self._ending: dict[str, tuple[KeptClass, float]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._first = asyncio.Event()
        self._ticking: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """Go on with the classes that were running, and look after all from now on."""
        self._ticking = asyncio.get_running_loop().create_task(self._tick())

    async def ready(self) -> None:
        """Wait until it was tried to go on with the classes that were running."""
        await self._first.wait()

    def now(self) -> float:
        """Give the portal's clock, milliseconds."""
        return self._clock.monotonic() * 1000

    def start(self, lesson: ClassLesson, teacher: str, at: float = 0.0) -> RunningClass:
        """Begin a class, which waits.

        Args:
            lesson: what it plays.
            teacher: who leads it.
            at: when, Unix seconds of school time; 0 when that is not sure.

        Raises:
            ExhaustedError: there are as many as there can be.
        """
        if len(self._running) >= MOST_CLASSES:
            raise ExhaustedError(
                "{count} classes are running already.",
                hint="End one that is over.",
                count=MOST_CLASSES,
            )
        cues = tuple(cue.at for cue in lesson.cues)
        kept = KeptClass(
            name=secrets.token_hex(_ID_BYTES),
            code=self._fresh_code(),
            teacher=teacher,
            at=at,
            boot=self._clock.boot_id(),
            lesson=lesson,
            session=class_session.begin(lesson.length, cues, self.now()),
            chosen=Chosen(teacher=teacher),
        )
        one = self._run(kept)
        self.keeping.save(one.name, one.kept)
        return one

    def find(self, code: str) -> RunningClass | None:
        """Give the class that runs under a code, or None."""
        return self._running.get(code)

    def running(self) -> list[RunningClass]:
        """Give all classes that run, oldest first."""
        return list(self._running.values())

    @property
    def sockets(self) -> int:
        """How many screens are connected."""
        return sum(len(one.connections) for one in self._running.values())

    async def close(self) -> None:
        """Close all screens, which come back when the portal does, and keep all classes."""
        if self._ticking is not None:
            self._ticking.cancel()
            with suppress(asyncio.CancelledError):
                await self._ticking
        for one in self._running.values():
            one.close(WSCloseCode.GOING_AWAY)
            self.keeping.save(one.name, one.kept)
        await asyncio.gather(*self._tasks)
        await self.keeping.saved()

    def _run(self, kept: KeptClass) -> RunningClass:
        one = RunningClass(kept, now=self.now, changed=self._changed)
        self._running[kept.code] = one
        return one

    def _changed(self, one: RunningClass) -> None:
        if not one.has_ended:
            self.keeping.save(one.name, one.kept)
            return
        self._running.pop(one.code, None)
        self._ending[one.name] = one.kept(), one.session.at
        task = asyncio.get_running_loop().create_task(self._finish(one))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _finish(self, one: RunningClass) -> None:
        """Keep the end of a class, and only then tell its screens."""
        await self._keep_ends()
        one.announce_end()

    async def _keep_ends(self) -> None:
        for name, (kept, moment) in list(self._ending.items()):
            with suppress(UnavailableError):
                await self.keeping.end(kept, moment)
                self._ending.pop(name, None)

    async def _load(self) -> None:
        try:
            kept, codes = await self.keeping.kept()
        except PackhorseError as error:
            _LOG.warning("the classes that were running cannot be read: %s", error)
            return
        self._used.extend(reversed(codes))
        now, boot = self.now(), self._clock.boot_id()
        for one in kept:
            if one.code not in self._running:
                session = class_session.resumed(one.session, now, same_boot=one.boot == boot)
                running = self._run(dataclasses.replace(one, boot=boot, session=session))
                self.keeping.save(running.name, running.kept)
        self.is_loaded = True

    async def _tick(self) -> None:
        while True:
            if not self.is_loaded:
                await self._load()
                self._first.set()
            await self._keep_ends()
            self.keeping.again()
            for one in self.running():
                await self._look_after(one)
            await asyncio.sleep(TICK_SECONDS)

    async def _look_after(self, one: RunningClass) -> None:
        one.settle()
        now = self.now()
        if not one.connections and now - one.empty_since >= EMPTY_MILLISECONDS:
            one.end(one.empty_since)
        elif now - one.since >= LONGEST_MILLISECONDS:
            one.end()
        elif not await self._may_be_shown(one):
            one.end(text=NOT_SHOWN)
        elif one.session.phase == "playing":
            self.keeping.save(one.name, one.kept)

    async def _may_be_shown(self, one: RunningClass) -> bool:
        try:
            for digest in one.lesson.digests[:1]:
                return await self._lessons.served_type(digest) is not None
        except PackhorseError:
            pass  # not to be known now, and looked at again soon
        return True

    def _fresh_code(self) -> str:
        while True:
            code = f"{secrets.randbelow(_CODES):0{CODE_DIGITS}}"
            if code not in self._running and code not in self._used:
                self._used.append(code)
                return code
