"""Classes on a running portal, and the screens of one over real WebSockets."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import aiohttp
from aiohttp import web

from core.class_lesson import ClassLesson, Medium
from core.cues import Cue
from tests.support.course import PACK

TEACHER: Final = "teacher_for_tests"
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


async def by_cookie(request: web.Request) -> str | None:
    """Believe a cookie who is signed in: stands for the teachers' sign-in."""
    return request.cookies.get(TEACHER)


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

    async def until(self, condition: Any, seconds: float = 10) -> Any:
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
        async with asyncio.timeout(10):
            await asyncio.shield(self._task)
        return self.socket.close_code

    async def close(self) -> None:
        await self.socket.close()
        await self._task


class Visitors:
    """Opens screens of one portal.

    Args:
        origin: the portal's.
    """

    def __init__(self, origin: str) -> None:
        self.origin = origin
        self._sessions: list[aiohttp.ClientSession] = []
        self._screens: list[Screen] = []

    async def connect(
        self, code: str, role: str, *, teacher: str = "", key: str = "", language: str = "en"
    ) -> Screen:
        """Open a screen on a device of its own."""
        session = aiohttp.ClientSession(cookies={TEACHER: teacher} if teacher else {})
        self._sessions.append(session)
        socket = await session.ws_connect(
            f"{self.origin}/class/socket?code={code}&as={role}" + (f"&key={key}" if key else ""),
            headers={"Origin": self.origin, "Accept-Language": language},
        )
        screen = Screen(socket)
        self._screens.append(screen)
        return screen

    async def close(self) -> None:
        for screen in self._screens:
            await screen.close()
        for session in self._sessions:
            await session.close()


@asynccontextmanager
async def visitors(origin: str) -> AsyncIterator[Visitors]:
    """Open screens while the block runs."""
    opened = Visitors(origin)
    try:
        yield opened
    finally:
        await opened.close()
