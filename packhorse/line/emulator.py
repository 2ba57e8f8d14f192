"""The line itself: listens, knows whether it is up, cuts by the clock, and counts."""

import asyncio
import dataclasses
from types import TracebackType
from typing import Any, Self

from packhorse.line.chances import stream
from packhorse.line.clock import LineClock
from packhorse.line.connection import Connection
from packhorse.line.counters import Counters
from packhorse.line.listening import stop_accepting
from packhorse.line.options import LineOptions

_LOOPBACK = "127.0.0.1"


class Line:
    """A bad line to one upstream address; `async with Line(...)` inside an event loop.

    Options may change while it runs: rate, delays and cut mode at once, chances for connections
    that come after.
    """

    def __init__(
        self,
        upstream: tuple[str, int],
        options: LineOptions | None = None,
        *,
        listen: tuple[str, int] = (_LOOPBACK, 0),
    ) -> None:
        """Prepare a line from `listen` (port 0: any free one) to `upstream`; nothing is opened."""
        self.options = options or LineOptions()
        self.clock = LineClock(self.options.rate)
        self.counters = Counters()
        self.is_up = True
        self._upstream = upstream
        self._listen = listen
        self._earlier = Counters()
        self._live: dict[asyncio.Task[None], Connection] = {}
        self._server: asyncio.Server | None = None
        self._cutter: asyncio.Task[None] | None = None

    @property
    def address(self) -> tuple[str, int]:
        """Where clients connect, once started."""
        if self._server is None:
            raise RuntimeError("the line is not started")
        host, port = self._server.sockets[0].getsockname()[:2]
        return str(host), int(port)

    async def start(self) -> None:
        """Begin to listen.

        Raises:
            OSError: The address cannot be listened on.
        """
        self._server = await asyncio.start_server(self._accept, *self._listen)
        self._cutter = asyncio.create_task(self._cut_again_and_again())

    async def close(self) -> None:
        """Stop listening and drop every connection."""
        if self._server is None or self._cutter is None:
            return
        server, self._server = self._server, None
        await stop_accepting(server)
        live = [self._cutter, *self._live]
        for task in live:
            task.cancel()
        await asyncio.wait(live)
        await server.wait_closed()

    async def __aenter__(self) -> Self:
        """Start."""
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close."""
        await self.close()

    def down(self) -> None:
        """Cut the line: every connection now, and each new one, until it is up again."""
        self.is_up = False
        self.cut()

    def up(self) -> None:
        """Mend the line; connections that were cut stay cut."""
        self.is_up = True

    def cut(self) -> None:
        """Cut every connection that is open now; new ones are welcome."""
        for connection in self._live.values():
            connection.cut()

    def change(self, **fields: Any) -> None:  # noqa: ANN401 -- LineOptions' own fields, checked there
        """Replace some options, by the names of `LineOptions`.

        Raises:
            UsageError: A value is out of its range.
        """
        self.options = dataclasses.replace(self.options, **fields)
        self.clock.rate = self.options.rate
        if self._cutter is not None and "cut_every" in fields:
            self._cutter.cancel()
            self._cutter = asyncio.create_task(self._cut_again_and_again())

    def stats(self) -> Counters:
        """Return what was counted since the last reset."""
        return self.counters.since(self._earlier)

    def reset_stats(self) -> None:
        """Count from zero again; `counters` keeps the totals."""
        self._earlier = self.counters.copy()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.counters.connections += 1
        connection = Connection(self, self.counters.connections, reader, writer)
        serve = connection.run(*self._upstream) if self.is_up else connection.turn_away()
        task = asyncio.get_running_loop().create_task(serve)
        self._live[task] = connection
        task.add_done_callback(self._forget)

    def _forget(self, task: asyncio.Task[None]) -> None:
        self._live.pop(task).drop()
        if not task.cancelled() and (error := task.exception()) is not None:
            # A bug of the line must be seen, although only a client would suffer from it.
            context = {"message": "a connection of the line failed", "exception": error}
            asyncio.get_running_loop().call_exception_handler(context)

    async def _cut_again_and_again(self) -> None:
        chances = stream(self.options.seed, "cut-every")
        while self.options.cut_every is not None:
            await asyncio.sleep(chances.uniform(*self.options.cut_every))
            self.cut()
