"""All classes of the school: their codes, their number, and how they begin and end."""

import secrets
from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import WSCloseCode, web

from cache.clock import Clock
from cache.journal_classes import KeptClass
from core import class_session
from core.class_lesson import ClassLesson
from core.class_room import Chosen
from core.errors import ExhaustedError
from edge_client.portal.classes.running import RunningClass

MOST_CLASSES: Final = 20
CODE_DIGITS: Final = 4
_CODES: Final = 10**CODE_DIGITS
_ID_BYTES: Final = 8

TeacherOf = Callable[[web.Request], Awaitable[str | None]]
"""Gives the name of the teacher who is signed in on a request's device, or None."""


async def nobody(request: web.Request) -> str | None:
    """Know no teacher."""
    del request
    return None


class Classes:
    """The classes that run.

    Args:
        clock: the machine's clocks.
        teacher_of: who is signed in.
    """

    def __init__(self, clock: Clock, teacher_of: TeacherOf = nobody) -> None:
        self.teacher_of = teacher_of
        self._clock = clock
        self._running: dict[str, RunningClass] = {}
        self._used: list[str] = []

    def now(self) -> float:
        """Give the portal's clock, milliseconds."""
        return self._clock.monotonic() * 1000

    def start(self, lesson: ClassLesson, teacher: str) -> RunningClass:
        """Begin a class, which waits.

        Args:
            lesson: what it plays.
            teacher: who leads it.

        Raises:
            ExhaustedError: there are as many as there can be.
        """
        if len(self._running) >= MOST_CLASSES:
            raise ExhaustedError(
                "{count} classes are running already.",
                hint="End one that is over.",
                count=MOST_CLASSES,
            )
        code = self._fresh_code()
        cues = tuple(cue.at for cue in lesson.cues)
        kept = KeptClass(
            name=secrets.token_hex(_ID_BYTES),
            code=code,
            teacher=teacher,
            at=self._clock.wall().timestamp(),
            boot=self._clock.boot_id(),
            lesson=lesson,
            session=class_session.begin(lesson.length, cues, self.now()),
            chosen=Chosen(teacher=teacher),
        )
        self._running[code] = RunningClass(kept, now=self.now, changed=self._changed)
        return self._running[code]

    def find(self, code: str) -> RunningClass | None:
        """Give the class that runs under a code, or None."""
        return self._running.get(code)

    def running(self) -> list[RunningClass]:
        """Give all classes that run, oldest first."""
        return list(self._running.values())

    def close(self) -> None:
        """Close all screens; they come back when the portal does."""
        for one in self._running.values():
            one.close(WSCloseCode.GOING_AWAY)

    def _changed(self, one: RunningClass) -> None:
        if one.has_ended:
            self._running.pop(one.code, None)

    def _fresh_code(self) -> str:
        while True:
            code = f"{secrets.randbelow(_CODES):0{CODE_DIGITS}}"
            if code not in self._running and code not in self._used:
                self._used.append(code)
                return code
