"""A two-teacher lesson, led by a program: a teacher's page and a big screen over the sockets."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any, Final, NamedTuple
from urllib.parse import urlencode

from packhorse.demo.visitor import Answer, Visitor

TEACHER: Final = "王老师"
PIN: Final = "2749"
HEADS: Final = 23
_SECONDS: Final = 20.0
# So far before a cue the lesson is played from.
_BEFORE_MILLISECONDS: Final = 1500
_SEALS: Final = re.compile(
    r'name="session" value="(\w+)">\s*<input[^>]* name="token" value="(\w+)"'
)
_FORM: Final = {"Content-Type": "application/x-www-form-urlencoded"}


class Taught(NamedTuple):
    """How a class went.

    Attributes:
        code: with which screens joined.
        cues: at how many cues it stopped.
        ended: whether the big screen saw it end.
    """

    code: str
    cues: int
    ended: bool


class Teacher:
    """A teacher with a browser on the school's network."""

    def __init__(self, portal: str) -> None:
        """Sign in with the PIN."""
        self._visitor = Visitor(portal)
        page = self._visitor.get("/teacher/sign-in")
        self._send(page, "/teacher/sign-in", name=TEACHER, pin=PIN)

    def start(self, pack: str, item: str) -> str:
        """Start a class with a lesson; give its code, or nothing."""
        page = self._visitor.get(f"/packs/{pack}/{item}")
        answer = self._send(page, "/class/start", pack=pack, item=item)
        if answer.status != HTTPStatus.SEE_OTHER:
            return ""
        return answer.headers["location"].rpartition("/")[2]

    def teach(self, code: str, cues: list[int]) -> Taught:
        """Lead a class from one cue to the next, and end it.

        Args:
            code: the class's.
            cues: their moments in the lesson, milliseconds.
        """
        return asyncio.run(_teach(self._visitor, code, cues))

    def _send(self, page: Answer, address: str, **fields: str) -> Answer:
        found = _SEALS.search(page.text)
        if found is None:
            return page
        form = urlencode({"session": found[1], "token": found[2], **fields})
        return self._visitor.post(address, form.encode(), **_FORM)


async def _teach(visitor: Visitor, code: str, cues: list[int]) -> Taught:
    passed = 0
    async with _screen(visitor, code, "screen") as screen, _screen(visitor, code, "lead") as lead:
        await lead.order("heads", HEADS)
        for cue in cues:
            await lead.order("seek", max(0, cue - _BEFORE_MILLISECONDS))
            await lead.order("play")
            passed += await screen.sees("cue")
        if not cues:
            await lead.order("play")
            await screen.sees("playing")
        await lead.order("end")
        return Taught(code, passed, await screen.sees("ended"))


class _Screen:
    """One page's end of the socket."""

    def __init__(self, socket: Any) -> None:  # noqa: ANN401 - of a library that is loaded late
        self._socket = socket
        self._revision = 0

    async def order(self, act: str, value: int = 0) -> None:
        """Say what the teacher wants."""
        order = {"type": "order", "act": act, "value": value, "revision": 0}
        await self._socket.send_str(json.dumps(order))

    async def sees(self, phase: str) -> bool:
        """Wait for the class to be in a phase that was not seen yet."""
        try:
            async with asyncio.timeout(_SECONDS):
                async for message in self._socket:
                    view = json.loads(message.data)
                    if view["type"] == "view" and view["revision"] > self._revision:
                        self._revision = view["revision"]
                        if view["phase"] == phase:
                            return True
        except TimeoutError:
            pass
        return False


@asynccontextmanager
async def _screen(visitor: Visitor, code: str, role: str) -> AsyncIterator[_Screen]:
    # Only this part of the story needs it, and it is slow to load.
    import aiohttp  # noqa: PLC0415

    address = f"{visitor.portal}/class/socket?code={code}&as={role}"
    headers = {"Origin": visitor.portal, "Cookie": visitor.cookies, "Accept-Language": "en"}
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(address, headers=headers) as socket,
    ):
        yield _Screen(socket)
