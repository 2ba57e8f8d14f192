"""A line between browsers and a portal that delays what passes, as a bad wireless network does."""

import asyncio
import random
import socket
import struct
from contextlib import suppress
from types import TracebackType
from typing import Final, Self

from packhorse.line.listening import stop_accepting
from tests.support.connections import Connections, Writers

_CHUNK: Final = 64 * 1024
_WAITING: Final = 64


class SlowLine:
    """Listens on a port of its own, and leads to the portal's.

    Args:
        port: of the portal; may be changed when it was started anew.
        delay: of each chunk in either direction, seconds.
        jitter: how much more or less; chunks keep their order.
    """

    def __init__(self, port: int, delay: float = 0.05, jitter: float = 0.04) -> None:
        self.target = port
        self.port = 0
        self._delay, self._jitter = delay, jitter
        self._random = random.Random(4)
        self._connections = Connections(self._serve)

    @property
    def origin(self) -> str:
        """What browsers open."""
        return f"http://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(
            self._connections.accept, "127.0.0.1", 0, limit=_CHUNK
        )
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await stop_accepting(self._server)
        await self.cut()

    async def pull(self) -> None:
        """Reset all connections, and take no new ones, as when the line is pulled."""
        await stop_accepting(self._server)
        for near, *_ in self._connections.live.values():
            if not near.transport.is_closing():
                hard = struct.pack("ii", 1, 0)
                near.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, hard)
        await self.cut()

    async def cut(self) -> None:
        """End all connections that there are; new ones are taken."""
        await self._connections.end()

    async def _serve(self, reader: asyncio.StreamReader, writers: Writers) -> None:
        with suppress(OSError):
            far_reader, far_writer = await asyncio.open_connection(
                "127.0.0.1", self.target, limit=_CHUNK
            )
            writers.append(far_writer)
            await self._both_ways(reader, writers[0], far_reader, far_writer)

    async def _both_ways(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        far_reader: asyncio.StreamReader,
        far_writer: asyncio.StreamWriter,
    ) -> None:
        ways = [
            asyncio.ensure_future(self._pass_on(reader, far_writer)),
            asyncio.ensure_future(self._pass_on(far_reader, writer)),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        waiting: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(_WAITING)
        sending = asyncio.ensure_future(self._send(waiting, writer))
        now = asyncio.get_running_loop().time
        try:
            while data := await reader.read(_CHUNK):
                delay = self._random.uniform(self._delay - self._jitter, self._delay + self._jitter)
                await waiting.put((now() + delay, data))
            await waiting.put((0.0, b""))
            await sending
        finally:
            sending.cancel()

    async def _send(
        self, waiting: "asyncio.Queue[tuple[float, bytes]]", writer: asyncio.StreamWriter
    ) -> None:
        now = asyncio.get_running_loop().time
        while True:
            due, data = await waiting.get()
            if not data:
                return
            await asyncio.sleep(max(0.0, due - now()))
            writer.write(data)
            await writer.drain()
