"""A line between browsers and a portal that delays what passes, as a bad wireless network does."""

import asyncio
import random
import socket
import struct
from contextlib import suppress
from types import TracebackType
from typing import Final, Self

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
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()

    @property
    def origin(self) -> str:
        """What browsers open."""
        return f"http://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0, limit=_CHUNK)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.close()
        await self.cut()

    async def pull(self) -> None:
        """Reset all connections, and take no new ones, as when the line is pulled."""
        for writer in self._writers:
            hard = struct.pack("ii", 1, 0)
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, hard)
        self._server.close()
        await self.cut()

    async def cut(self) -> None:
        """End all connections that there are; new ones are taken."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._writers.add(writer)
        task.add_done_callback(self._tasks.discard)
        with suppress(ConnectionError, asyncio.CancelledError):
            try:
                there = await asyncio.open_connection("127.0.0.1", self.target, limit=_CHUNK)
            except OSError:
                writer.close()
                return
            try:
                await self._both_ways(reader, writer, *there)
            finally:
                self._writers.discard(writer)
                writer.close()
                there[1].close()

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
