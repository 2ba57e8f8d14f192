"""The control socket: JSON-RPC lines over a Unix socket, for screens and commands.

Rules:
    - Whoever may open the socket (mode 0660) may steer the node; nothing else is trusted: lines,
      clients and their patience are bounded, and one client never waits for another.
    - A watcher gets the latest status, at most four times a second and at least every fifteen;
      one that does not read is cut off, and states in between are left out, not queued.
    - The caller holds the agent's lock, so a socket file that is there is a dead agent's.
"""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final, Protocol

import msgspec

from core import control
from core.control import Failure, Request, Response, Status
from core.errors import ExitCode, PackhorseError, RefusedError, UsageError
from edge_client.agent.methods import Methods
from edge_client.report import RoundReport

MAX_REQUEST_BYTES: Final = 64 * 1024
MAX_CLIENTS: Final = 100
MAX_CALLS: Final = 8
_SOCKET_MODE: Final = 0o660
# The kernel's sun_path, less its final zero.
_LONGEST_PATH: Final = 107
_EVENT_SECONDS: Final = 0.25
_HEARTBEAT_SECONDS: Final = 15.0
PATIENCE_SECONDS: Final = 20.0
_FAREWELL_SECONDS: Final = 1.0

logger = logging.getLogger("agent.control")


class Service(Protocol):
    """What the socket gives access to."""

    def status(self) -> Status:
        """Give the status at this moment."""

    async def changed(self, seen: int) -> int:
        """Wait until the status is newer than ``seen``; give its number."""

    def sync(self) -> int:
        """Start a poll, pull and upload now, or join those that run; give the round's number."""

    async def round_ended(self, number: int) -> RoundReport:
        """Wait for the end of a round; give how it ended."""


@asynccontextmanager
async def serving(
    path: Path,
    service: Service,
    methods: Methods | None = None,
    *,
    patience: float = PATIENCE_SECONDS,
) -> AsyncIterator[None]:
    """Serve the control socket at ``path`` while inside.

    Args:
        path: of the socket.
        service: what it gives access to.
        methods: what it does beside ``status``, ``sync`` and ``watch``.
        patience: seconds that a client may take to read before it is cut off.

    Raises:
        UsageError: the path is too long for a socket, or not writable.
    """
    listener = _bind(path)
    clients: dict[_Connection, asyncio.Event] = {}
    is_over = False

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # Who comes just as this ends is told of some rounds of the loop later.
        if is_over or len(clients) >= MAX_CLIENTS:
            writer.close()
            return
        client = _Connection(reader, writer, service, methods or {}, patience)
        clients[client] = gone = asyncio.Event()
        try:
            await client.run()
        finally:
            del clients[client]
            gone.set()

    server = await asyncio.start_unix_server(accept, sock=listener, limit=MAX_REQUEST_BYTES)
    try:
        yield
    finally:
        is_over = True
        server.close()
        _unlink(path)
        # Not cancelled: asyncio would report that as an error of each.
        leaving = list(clients.values())
        for client in clients:
            client.abort()
        for gone in leaving:
            await gone.wait()


def _unlink(path: Path) -> None:
    path.unlink(missing_ok=True)


def _bind(path: Path) -> socket.socket:
    if len(str(path).encode()) > _LONGEST_PATH:
        raise UsageError(
            "The path {path} is too long for a socket.",
            hint="Choose a state directory with a shorter path.",
            path=str(path),
        )
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        path.unlink(missing_ok=True)
        listener.bind(str(path))
        # Nobody can connect before it listens, so nobody is quicker than this.
        path.chmod(_SOCKET_MODE)
    except OSError as error:
        listener.close()
        raise UsageError(
            "The control socket {path} cannot be made: {reason}.",
            hint="Check who owns the state directory.",
            path=str(path),
            reason=error.strerror or str(error),
        ) from error
    return listener


class _Connection:
    """One client: its calls are answered in order, but for those that take their time."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        service: Service,
        methods: Methods,
        patience: float,
    ) -> None:
        self._patience = patience
        self._reader = reader
        self._writer = writer
        self._service = service
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._calls: set[asyncio.Task[None]] = set()
        self._slow = methods
        self._quick: dict[str, Callable[[Request], Awaitable[Any]]] = {
            "status": self._status,
            "sync": self._sync,
            "watch": self._watch,
        }

    async def run(self) -> None:
        """Serve until the client leaves or misbehaves."""
        try:
            while line := await self._line():
                await self._answer(line)
        # The client has gone, or does not read: nobody is left to tell.
        except (OSError, TimeoutError) as error:
            logger.debug("control client gone: %s", error)
        finally:
            for task in (*self._tasks.values(), *self._calls):
                task.cancel()
            await self._close()

    def abort(self) -> None:
        """Hang up."""
        self._writer.transport.abort()

    async def _close(self) -> None:
        self._writer.close()
        try:
            async with asyncio.timeout(_FAREWELL_SECONDS):
                await self._writer.wait_closed()
        # What it has not read by now it will not get.
        except (OSError, TimeoutError):
            self._writer.transport.abort()

    async def _line(self) -> bytes:
        """Give the next whole line; empty at the end, also in the middle of a line."""
        try:
            return await self._reader.readuntil(b"\n")
        except asyncio.IncompleteReadError:
            return b""
        except asyncio.LimitOverrunError:
            await self._fail(None, control.PARSE_ERROR, "The request is too long.")
            return b""

    async def _answer(self, line: bytes) -> None:
        try:
            request = control.decode_request(line)
        except RefusedError as error:
            await self._fail(None, _kind_of_refusal(line), str(error))
            return
        if request.method in self._slow:
            await self._begin(request)
        elif request.method in self._quick:
            await self._give(request, self._quick[request.method])
        else:
            known = ", ".join(sorted({*self._quick, *self._slow}))
            await self._fail(
                request.id,
                control.UNKNOWN_METHOD,
                f"There is no method {request.method!r}.",
                hint=f"This node knows {known}.",
            )

    async def _begin(self, request: Request) -> None:
        """Let a call that takes its time run beside the others."""
        if len(self._calls) >= MAX_CALLS:
            await self._fail(
                request.id,
                control.FAILED,
                "This connection waits for too many answers.",
                hint="Wait for one of them.",
                exit_code=ExitCode.OFFLINE,
            )
            return
        method = self._slow[request.method]
        task = asyncio.create_task(self._give(request, lambda call: method.answer(call.params)))
        self._calls.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._calls.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is None:
            return
        # A client that has gone is nothing new; anything else is a bug, which must be seen.
        if not isinstance(error, OSError | TimeoutError):
            logger.error("a call failed", exc_info=error)
        self.abort()

    async def _give(self, request: Request, run: Callable[[Request], Awaitable[Any]]) -> None:
        """Answer a call, with its result or why there is none."""
        try:
            result = await run(request)
        except PackhorseError as error:
            await self._refuse(request.id, error)
            return
        if request.id is not None and result is not None:
            await self._send(control.response(request.id, result))

    async def _status(self, request: Request) -> Status:
        del request  # has no parameters
        return self._service.status()

    async def _sync(self, request: Request) -> dict[str, int] | None:
        """Start a round; with ``wait`` the answer comes when it has ended."""
        number = self._service.sync()
        if request.params.get("wait") is True and "sync" not in self._tasks:
            self._tasks["sync"] = asyncio.create_task(self._report(request.id, number))
            return None
        return {"round": number}

    async def _report(self, call: int | None, number: int) -> None:
        report = await self._service.round_ended(number)
        self._tasks.pop("sync", None)
        if call is not None:
            with suppress(OSError, TimeoutError):
                await self._send(control.response(call, report))

    async def _watch(self, request: Request) -> dict[str, int]:
        del request  # has no parameters
        if "watch" not in self._tasks:
            self._tasks["watch"] = asyncio.create_task(self._events())
        return {"protocol": control.PROTOCOL}

    async def _events(self) -> None:
        seen = -1
        with suppress(OSError):
            while True:
                with suppress(TimeoutError):
                    async with asyncio.timeout(_HEARTBEAT_SECONDS):
                        seen = await self._service.changed(seen)
                try:
                    await self._send(control.request("event", status=self._service.status()))
                except TimeoutError:
                    self._writer.transport.abort()
                    return
                await asyncio.sleep(_EVENT_SECONDS)

    async def _fail(
        self, call: int | None, code: int, message: str, *, hint: str = "", exit_code: int = 2
    ) -> None:
        await self._send(control.failure(call, Failure(code, message, hint, exit_code)))

    async def _refuse(self, call: int | None, error: PackhorseError) -> None:
        why = Failure(
            control.FAILED, str(error), error.hint, error.exit_code, control.wording_of(error)
        )
        await self._send(control.failure(call, why))

    async def _send(self, message: Request | Response) -> None:
        """Write one line and wait until the client has read enough of it.

        Raises:
            TimeoutError: it does not read.
        """
        self._writer.write(control.encode_line(message))
        async with asyncio.timeout(self._patience):
            await self._writer.drain()


def _kind_of_refusal(line: bytes) -> int:
    try:
        msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return control.PARSE_ERROR
    return control.INVALID_REQUEST
