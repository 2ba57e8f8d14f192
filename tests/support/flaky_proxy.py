"""A bad line on loopback: a TCP proxy that throttles, delays, cuts, spoils and counts.

with FlakyProxy(server_port, Flaws(rate=8000, latency=0.3, cut_seconds=10)) as line:
    fetch(f"http://127.0.0.1:{line.port}/...")
    line.count().wire       # bytes that crossed it, both ways, as a provider counts them

Rules:
    - A connection takes a round trip to be made, though loopback makes it at once: its first
      bytes wait for one.
    - What has crossed the bottleneck when the line is cut was paid for, and is counted, also when
      it did not arrive.
    - Segments are as small as on a real line, and are counted by the system.
"""

import asyncio
import math
import socket
import struct
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Final, Self

from packhorse.line.listening import stop_accepting
from tests.support.connections import Connections, Writers
from tests.support.flaky_line import PAGE, Bottleneck, Fate, Flaws

_SEGMENT: Final = 1448
# IP 20, TCP with timestamps 32.
_HEADERS: Final = 52
_WAITING: Final = 1024
_PATIENCE: Final = 5.0
# <linux/tcp.h>, struct tcp_info: segs_out, segs_in.
_SEGMENTS: Final = struct.Struct("<II")
_SEGMENTS_AT: Final = 136


@dataclass(frozen=True)
class Count:
    """What happened on a line.

    Attributes:
        connections: those that were made.
        cuts: those that the line ended.
        down: payload that crossed it from the server, arrived or not.
        up: payload to the server.
        segments: both ways.
        flips: pieces from the server that were spoilt.
        portals: connections that a login page answered.
        first: when the first one was made, monotonic seconds; 0 for never.
    """

    connections: int = 0
    cuts: int = 0
    down: int = 0
    up: int = 0
    segments: int = 0
    flips: int = 0
    portals: int = 0
    first: float = 0.0

    @property
    def wire(self) -> int:
        """Bytes of IP."""
        return self.down + self.up + self.segments * _HEADERS


class FlakyProxy:
    """Leads to a port of this machine.

    Args:
        target: the port.
        flaws: how bad the line is.
    """

    def __init__(self, target: int, flaws: Flaws) -> None:
        self.port = 0
        self._target = target
        self._flaws = flaws
        self._count = Count()
        self._down, self._up = Bottleneck(flaws.rate), Bottleneck(flaws.rate)
        self._connections = Connections(self._pass)
        self._ends: list[_End] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)
        self._ready = threading.Event()
        self._over = asyncio.Event()

    def count(self) -> Count:
        """Give what happened up to now, on connections that are still open as well."""
        known = self._count
        return replace(known, segments=known.segments + sum(one.unseen() for one in [*self._ends]))

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._loop is not None
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join()

    async def _run(self) -> None:
        # What the server offers when a connection is made, too: segments as on a real line.
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, _SEGMENT + 12)
        listener.bind(("127.0.0.1", 0))
        self.port = listener.getsockname()[1]
        self._loop = asyncio.get_running_loop()
        server = await asyncio.start_server(self._connections.accept, sock=listener)
        self._ready.set()
        await self._over.wait()
        await stop_accepting(server)
        await self._connections.end()

    def note(self, **more: int) -> None:
        """Add to the count."""
        old = self._count
        self._count = replace(
            old, **{name: getattr(old, name) + count for name, count in more.items()}
        )

    async def _pass(self, reader: asyncio.StreamReader, writers: Writers) -> None:
        fate = Fate(self._flaws, self._count.connections)
        self.note(connections=1)
        if not self._count.first:
            self._count = replace(self._count, first=time.monotonic())
        near = _End(reader, writers[0])
        self._ends.append(near)
        try:
            with suppress(OSError, asyncio.IncompleteReadError):
                await self._serve(near, fate, writers)
        finally:
            self._ends.remove(near)
            self.note(segments=near.segments())

    async def _serve(self, near: "_End", fate: Fate, writers: Writers) -> None:
        flaws = self._flaws
        if fate.is_refused:
            near.reset()
            return
        await asyncio.sleep(2 * flaws.latency)
        if fate.meets_portal:
            await self._answer_page(near)
            return
        far = _End(*await asyncio.open_connection("127.0.0.1", self._target))
        writers.append(far.writer)
        passing = _Passing(self, flaws, fate, self._down, self._up)
        timeout = max(0.001, flaws.cut_seconds - 2 * flaws.latency)
        is_over = await passing.both_ways(near, far, timeout if flaws.cut_seconds else None)
        if is_over:
            await near.say_goodbye()
        else:
            self.note(cuts=1)
            await self._end(near, far)

    async def _answer_page(self, near: "_End") -> None:
        self.note(portals=1)
        await near.reader.read(_SEGMENT)
        head = "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: "
        near.writer.write(head.encode() + b"%d\r\nConnection: close\r\n\r\n" % len(PAGE) + PAGE)
        self.note(down=len(PAGE))
        await near.writer.drain()

    async def _end(self, near: "_End", far: "_End") -> None:
        """Cut a connection in the way that the line has."""
        if self._flaws.ending == "reset":
            self.note(segments=near.segments())
            near.reset()
            far.reset()
            return
        if self._flaws.ending == "close":
            await near.say_goodbye()
        else:
            await near.until_silent()


class _Passing:
    """One connection's bytes, both ways."""

    def __init__(
        self, proxy: FlakyProxy, flaws: Flaws, fate: Fate, down: Bottleneck, up: Bottleneck
    ) -> None:
        self._proxy = proxy
        self._flaws = flaws
        self._fate = fate
        self._down, self._up = down, up
        self._left = flaws.cut_bytes or math.inf

    async def both_ways(self, near: "_End", far: "_End", seconds: float | None) -> bool:
        """Pass bytes on; say whether an end hung up, rather than the line."""
        ways = [
            asyncio.ensure_future(self._from_client(near, far)),
            asyncio.ensure_future(self._from_server(far, near)),
        ]
        try:
            done, _ = await asyncio.wait(ways, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
        return bool(done) and self._left != 0

    async def _from_client(self, near: "_End", far: "_End") -> None:
        async with _Delay(far.writer, self._flaws.latency) as delay:
            while data := await near.reader.read(self._up.piece):
                await self._up.cross(len(data))
                self._proxy.note(up=len(data))
                await delay.put(data)

    async def _from_server(self, far: "_End", near: "_End") -> None:
        async with _Delay(near.writer, self._flaws.latency) as delay:
            while data := await far.reader.read(self._largest()):
                await self._down.cross(len(data))
                spoilt = self._fate.spoilt(data)
                self._proxy.note(down=len(data), flips=int(spoilt != data))
                await delay.put(spoilt)
                self._left -= len(data)
                if not self._left:
                    break
            await delay.join()

    def _largest(self) -> int:
        return int(min(self._left, self._down.piece))


class _Delay:
    """Brings data to a writer some time later; lost when the line is cut before."""

    def __init__(self, writer: asyncio.StreamWriter, seconds: float) -> None:
        self._writer = writer
        self._seconds = seconds
        self._waiting: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(_WAITING)

    async def __aenter__(self) -> Self:
        self._task = asyncio.ensure_future(self._bring())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def put(self, data: bytes) -> None:
        """Take data that has crossed."""
        await self._waiting.put((asyncio.get_running_loop().time() + self._seconds, data))

    async def join(self) -> None:
        """Wait until all has arrived, or nobody takes it any more."""
        arrived = asyncio.ensure_future(self._waiting.join())
        await asyncio.wait([arrived, self._task], return_when=asyncio.FIRST_COMPLETED)
        arrived.cancel()

    async def _bring(self) -> None:
        now = asyncio.get_running_loop().time
        rest = b""
        while True:
            due, data = await self._waiting.get()
            await asyncio.sleep(max(0.0, due - now()))
            rest += data
            # Segments are full, as long as more follows.
            size = len(rest) if self._waiting.empty() else len(rest) // _SEGMENT * _SEGMENT
            self._writer.write(rest[:size])
            rest = rest[size:]
            await self._writer.drain()
            self._waiting.task_done()


class _End:
    """One end's connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self._socket: socket.socket = writer.get_extra_info("socket")
        self._seen = 0

    def segments(self) -> int:
        """Give the segments that were not given before."""
        found = self.unseen()
        self._seen += found
        return found

    def unseen(self) -> int:
        """Count the segments that were not given yet."""
        try:
            info = self._socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 256)
        except OSError:
            return 0
        there: int = sum(_SEGMENTS.unpack_from(info, _SEGMENTS_AT))
        return max(0, there - self._seen)

    def reset(self) -> None:
        """Hang up so that the other side sees a reset."""
        with suppress(OSError):
            linger = struct.pack("ii", 1, 0)
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.writer.transport.abort()

    async def say_goodbye(self) -> None:
        """End in good order: what was sent arrives before."""
        self.writer.write_eof()
        with suppress(TimeoutError):
            await asyncio.wait_for(self.until_silent(), _PATIENCE)

    async def until_silent(self) -> None:
        """Take what the other side still says, and its hanging up."""
        while await self.reader.read(_SEGMENT):
            pass
