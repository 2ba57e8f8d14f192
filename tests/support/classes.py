"""Classes on a running portal, and the screens of one over real WebSockets."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from typing import Any, Final

import aiohttp
import msgspec

from cache import journal_classes
from cache.agent_db import AgentDatabase
from cache.journal_classes import KeptClass
from cache.state import StateDirectory
from core import class_session
from core.class_lesson import ClassLesson, Medium
from core.class_room import Chosen
from core.cues import Cue
from core.pins import pin_record
from edge_client.portal.site import Site
from edge_client.portal.teachers import COOKIE
from tests.support.clock import START
from tests.support.course import PACK
from tests.support.portal import School
from tests.support.teaching import TEACHER

LESSON: Final = ClassLesson(
    pack=PACK,
    item="video",
    version=1,
    title={"zh": "认识分数", "en": "Meeting fractions"},
    language="zh",
    length=60_000,
    screen=Medium(name="720p", url="/media/screen.mp4"),
    pupil=Medium(name="240p", url="/media/pupil.mp4"),
    cues=[
        Cue(at=10_000, kind="question", title="How many?", guide="Let them guess.", minutes=2),
        Cue(at=30_000, kind="activity", title="Fold paper", guide="Hand it out.", minutes=5),
    ],
)


@cache
def _pin_record() -> str:
    return pin_record("2749", bytes(16))


def add_teachers(state: StateDirectory, *names: str) -> None:
    """Add teachers who share a PIN, which takes its time to prepare once."""
    with AgentDatabase(state) as database:
        for name in names:
            database.set_teacher(name, _pin_record(), "2026-11-25")


async def keep_past(school: School, url: str, digest: str) -> KeptClass:
    """Put a class that is over into the journal: it reached the first of its two cues.

    Args:
        school: whose portal it was.
        url: of what it played.
        digest: of that.
    """
    lesson = msgspec.structs.replace(LESSON, screen=Medium(url=url), digests=[digest])
    session = class_session.begin(lesson.length, tuple(cue.at for cue in lesson.cues), 1000.0)
    session = class_session.ordered(session, "play", 0, 0, 1000.0)
    session = class_session.ended(session, 16_000.0)
    at = START.timestamp() - 3 * 86_400
    kept = KeptClass("0123456789abcdef", "4711", TEACHER, at, "boot", lesson, session, Chosen())
    await school.site.usage.change(lambda file: journal_classes.end(file, kept, at + 15))
    return kept


class Screen:
    """One screen: what it was sent, latest first when asked for a kind."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self.heard: list[dict[str, Any]] = []
        self._task = asyncio.get_running_loop().create_task(self._listen())
        self._news = asyncio.Condition()

    async def _listen(self) -> None:
        async for message in self.socket:
            async with self._news:
                self.heard.append(json.loads(message.data))
                self._news.notify_all()
        async with self._news:
            self._news.notify_all()

    async def send(self, **message: Any) -> None:
        await self.socket.send_str(json.dumps(message))

    async def order(self, act: str, value: int = 0, revision: int = 0) -> None:
        await self.send(type="order", act=act, value=value, revision=revision)

    @property
    def view(self) -> dict[str, Any]:
        """The latest view."""
        return next(one for one in reversed(self.heard) if one["type"] == "view")

    @property
    def faults(self) -> list[str]:
        return [one["text"] for one in self.heard if one["type"] == "fault"]

    async def until(self, condition: Any, seconds: float = 60) -> Any:
        """Wait until something that was heard meets a condition; give that."""
        async with asyncio.timeout(seconds), self._news:
            while True:
                for one in reversed(self.heard):
                    if condition(one):
                        return one
                if self.socket.closed:
                    raise ConnectionError(self.heard)
                await self._news.wait()

    async def sees(self, **expected: Any) -> dict[str, Any]:
        """Wait for a view with these fields."""
        found: dict[str, Any] = await self.until(
            lambda one: (
                one["type"] == "view" and one is self.view and expected.items() <= one.items()
            )
        )
        return found

    async def fault(self) -> str:
        """Wait for a sentence."""
        found = await self.until(lambda one: one["type"] == "fault")
        return str(found["text"])

    async def ends(self) -> int | None:
        """Wait until the portal closes it; give the code."""
        async with asyncio.timeout(60):
            await asyncio.shield(self._task)
        return self.socket.close_code

    async def close(self) -> None:
        await self.socket.close()
        await self._task


class Visitors:
    """Opens screens of one portal.

    Args:
        origin: the portal's.
        site: the portal, if it runs in this process: then teachers sign in by themselves.
    """

    def __init__(self, origin: str, site: Site | None = None) -> None:
        self.origin = origin
        self.cookies: dict[str, str] = {}
        self._site = site
        self._sessions: list[aiohttp.ClientSession] = []
        self._screens: list[Screen] = []

    async def connect(
        self,
        code: str,
        role: str,
        *,
        teacher: str = "",
        key: str = "",
        language: str = "en",
        **options: Any,
    ) -> Screen:
        """Open a screen on a device of its own."""
        session = aiohttp.ClientSession(cookies=await self._signed_in(teacher))
        self._sessions.append(session)
        socket = await session.ws_connect(
            f"{self.origin}/class/socket?code={code}&as={role}" + (f"&key={key}" if key else ""),
            headers={"Origin": self.origin, "Accept-Language": language},
            **options,
        )
        screen = Screen(socket)
        self._screens.append(screen)
        return screen

    async def close(self) -> None:
        for screen in self._screens:
            await screen.close()
        for session in self._sessions:
            await session.close()

    async def _signed_in(self, teacher: str) -> dict[str, str]:
        if teacher and teacher not in self.cookies and self._site is not None:
            self.cookies[teacher] = await self._site.teachers.sign_in(teacher)
        return {COOKIE: self.cookies[teacher]} if teacher else {}


@asynccontextmanager
async def visitors(origin: str, site: Site | None = None) -> AsyncIterator[Visitors]:
    """Open screens while the block runs."""
    opened = Visitors(origin, site)
    try:
        yield opened
    finally:
        await opened.close()
