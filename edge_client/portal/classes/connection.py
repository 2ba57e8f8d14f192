"""One screen's WebSocket: what waits to be sent, and how much it may send.

Of views only the latest is sent. A screen that takes longer than ``SEND_SECONDS`` to read is
closed.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Final, Literal

from aiohttp import WSMsgType, web

from core.class_messages import Fault, FromPortal, Ping, Pong, View, encode_from_portal
from core.class_room import Member
from core.languages import Language

SEND_SECONDS: Final = 10.0
BURST: Final = 60
RATE: Final = 10.0
STRIKES: Final = 5
_WAITING: Final = 16
_BUFFER_BYTES: Final = 8192

JUNK_CODE: Final = 4400
TEACHERS_CODE: Final = 4401
ORDERS_CODE: Final = 4403
NO_CLASS_CODE: Final = 4404
REPLACED_CODE: Final = 4409
ENDED_CODE: Final = 4410
RATE_CODE: Final = 4429
FULL_CODE: Final = 4503


class Connection:
    """A screen that is connected.

    Args:
        socket: prepared.
        request: that it began with.
        member: what the class knows of it.
        language: of its sentences.
        now: the portal's clock, milliseconds.
    """

    def __init__(
        self,
        socket: "web.WebSocketResponse[Literal[False]]",
        request: web.Request,
        member: Member,
        language: Language,
        now: Callable[[], float],
    ) -> None:
        self.socket = socket
        self.member = member
        self.language = language
        self.address = request.remote or ""
        self._transport = request.transport
        self._now = now
        self._view: View | None = None
        self._others: deque[Fault | Ping] = deque(maxlen=_WAITING)
        self._wake = asyncio.Event()
        self._closing: int | None = None
        self._strikes = 0
        self._allowance, self._at = float(BURST), now()
        if isinstance(self._transport, asyncio.WriteTransport):
            self._transport.set_write_buffer_limits(_BUFFER_BYTES)

    def show(self, view: View) -> None:
        """Send a view, in place of one that was not sent yet."""
        self._view = view
        self._wake.set()

    def answer(self, ping: Ping) -> None:
        """Send the portal's clock."""
        self._others.append(ping)
        self._wake.set()

    def fault(self, text: str, *, again: bool = False) -> None:
        """Send a sentence, a message of ours or one that is translated already."""
        self._others.append(Fault(self.language.texts.gettext(text) if text else "", again))
        self._wake.set()

    def close(self, code: int, text: str = "") -> None:
        """Close it, once what waits was sent; with a sentence if there is one."""
        if self._closing is None:
            if text:
                self.fault(text)
            self._closing = code
            self._wake.set()

    def strike(self, text: str, code: int) -> None:
        """Answer something that must not be sent; close at the ``STRIKES``th."""
        self._strikes += 1
        if self._strikes >= STRIKES:
            self.close(code, text)
        else:
            self.fault(text)

    @property
    def is_closing(self) -> bool:
        """Whether nothing that it sends counts any more."""
        return self._closing is not None

    def takes_message(self) -> bool:
        """Take one message from its allowance; say whether there was one left."""
        now = self._now()
        self._allowance = min(BURST, self._allowance + (now - self._at) * RATE / 1000)
        self._at = now
        if self._allowance < 1:
            return False
        self._allowance -= 1
        return True

    async def write(self) -> None:
        """Send what comes, until it is closed."""
        try:
            while self._closing is None or self._others or self._view:
                await self._wake.wait()
                self._wake.clear()
                await self._send_all()
            async with asyncio.timeout(SEND_SECONDS):
                await self.socket.close(code=self._closing)
        except TimeoutError:
            self._abort()
        except ConnectionError:
            # Gone; whoever reads from it learns of it too.
            return

    def _abort(self) -> None:
        if isinstance(self._transport, asyncio.WriteTransport):
            # Closing alone would wait until it has read all.
            self._transport.abort()

    async def _send_all(self) -> None:
        while (message := self._next()) is not None:
            async with asyncio.timeout(SEND_SECONDS):
                await self.socket.send_frame(encode_from_portal(message), WSMsgType.TEXT)

    def _next(self) -> FromPortal | None:
        with suppress(IndexError):
            other = self._others.popleft()
            return Pong(other.id, self._now()) if isinstance(other, Ping) else other
        view, self._view = self._view, None
        return view
