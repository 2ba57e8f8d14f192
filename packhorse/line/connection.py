"""One client's connection through the line, from its first byte to its end or its cut."""

import asyncio
import socket
import struct

from packhorse.line.chances import stream
from packhorse.line.options import CutMode
from packhorse.line.portal_page import show_portal
from packhorse.line.pump import CutHereError, Pump, Shared

_CONNECT_SECONDS = 10.0
_CLOSE_SECONDS = 1.0
_SILENT_SECONDS = 60.0
_NO_LINGER = struct.pack("ii", 1, 0)
_DISCARD = 64 * 1024


class Connection:
    """Carries one client to upstream and back until both are done or the line is cut."""

    def __init__(
        self,
        line: Shared,
        number: int,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        """Take over an accepted client; `number` counts the line's connections from 1."""
        self._line = line
        self._number = number
        self._reader = reader
        self._writer = writer
        self._upstream: asyncio.StreamWriter | None = None
        self._cut = asyncio.Event()

    def cut(self) -> None:
        """Cut this connection in the line's cut mode, as soon as its task runs."""
        self._cut.set()

    def drop(self) -> None:
        """Close both ends at once, if they are open: of a task that was cancelled, begun or not."""
        for one in self._ends():
            one.close()

    async def turn_away(self) -> None:
        """Treat the client as one that comes while the line is down."""
        self._line.counters.refused += 1
        try:
            await self._sever()
        finally:
            await self._close()

    async def run(self, host: str, port: int) -> None:
        """Serve the client to the end; a broken end breaks the other one, as TCP would."""
        try:
            flow = asyncio.create_task(self._flow(host, port))
            watch = asyncio.create_task(self._cut.wait())
            try:
                await asyncio.wait({flow, watch}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                # The flag decides, not which task ended first: a cut at the last byte is one too.
                was_cut = self._cut.is_set()
                watch.cancel()
                flow.cancel()
                await asyncio.wait({flow, watch})
            if was_cut:
                self._line.counters.cuts += 1
                await self._sever()
            elif not flow.cancelled():
                flow.result()
        finally:
            await self._close()

    async def _flow(self, host: str, port: int) -> None:
        chances = stream(self._line.options.seed, self._number, "portal")
        try:
            if chances.random() < self._line.options.portal_chance:
                await show_portal(self._line, self._reader, self._writer)
            else:
                await self._carry(host, port)
        except* CutHereError:
            self.cut()
        except* OSError:
            self._reset()

    async def _carry(self, host: str, port: int) -> None:
        try:
            async with asyncio.timeout(_CONNECT_SECONDS):
                reader, writer = await asyncio.open_connection(host, port)
        except OSError:
            self._line.counters.unreachable += 1
            raise
        self._upstream = writer
        for one in (self._writer, writer):
            # So that what is counted has left for the far end, and does not wait in our memory.
            one.transport.set_write_buffer_limits(high=0)
        up = Pump(self._line, self._number, "up", self._reader, writer)
        down = Pump(self._line, self._number, "down", reader, self._writer)
        async with asyncio.TaskGroup() as group:
            group.create_task(up.run())
            group.create_task(down.run())

    async def _sever(self) -> None:
        match self._line.options.cut_mode:
            case CutMode.RESET:
                self._reset()
            case CutMode.CLOSE:
                await self._close()
            case CutMode.STALL:
                await _read_away(self._reader)

    def _reset(self) -> None:
        for writer in self._ends():
            if not writer.transport.is_closing():
                raw: socket.socket = writer.get_extra_info("socket")
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
                writer.transport.abort()

    async def _close(self) -> None:
        # All of them before any is waited for: whoever is cancelled here leaves none open.
        self.drop()
        for one in self._ends():
            try:
                async with asyncio.timeout(_CLOSE_SECONDS):
                    await one.wait_closed()
            except OSError:
                # TimeoutError too: an end that reads nothing is not waited for.
                one.transport.abort()

    def _ends(self) -> list[asyncio.StreamWriter]:
        return [one for one in (self._writer, self._upstream) if one is not None]


async def _read_away(reader: asyncio.StreamReader) -> None:
    """Stay silent until the client gives up; upstream stays open meanwhile, as on a dead line."""
    try:
        while await reader.read(_DISCARD):
            pass
    except OSError:
        return
    # An end of stream may mean that the client only has no more to say and still listens.
    await asyncio.sleep(_SILENT_SECONDS)
