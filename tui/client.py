"""The screen's connection to the node's agent: asynchronous, bounded, and coming back by itself.

What arrives is data of another process: lines are bounded, nonsense ends the connection with a
word, and no text of it is trusted to be harmless (``tui.view`` makes it so).
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final, Literal

import msgspec

from core import control
from core.control import Failure, Request, Response, Status
from core.errors import RefusedError

Absence = Literal["not running", "not allowed", "other version"]

_RETRY_SECONDS: Final = 2.0
_CALL_SECONDS: Final = 10.0
# The agent sends something at least every fifteen seconds.
_SILENCE_SECONDS: Final = 45.0


class ControlClient:
    """Follows the agent whose socket is at ``path``.

    Args:
        path: the control socket.
        retry: seconds between two tries to connect.
    """

    def __init__(self, path: Path, *, retry: float = _RETRY_SECONDS) -> None:
        self._path = path
        self._retry = retry

    async def watch(self) -> AsyncIterator[Status | Absence]:
        """Give each new status, or why there is none, for ever."""
        while True:
            absence: Absence = "not running"
            try:
                async with self._connected() as (reader, writer):
                    await _send(writer, control.request("watch", 1))
                    while (status := await _event(reader)) is not None:
                        yield status
            except PermissionError:
                absence = "not allowed"
            # Nobody listens, or the agent has gone or hangs.
            except (OSError, TimeoutError):
                absence = "not running"
            except (RefusedError, msgspec.ValidationError):
                absence = "other version"
            yield absence
            await asyncio.sleep(self._retry)

    async def sync(self) -> Failure | None:
        """Ask for a poll now; give why that failed, or None.

        Raises:
            OSError: no agent is running.
            RefusedError: the answer is nonsense.
            TimeoutError: the agent does not answer.
        """
        async with self._connected() as (reader, writer):
            await _send(writer, control.request("sync", 1))
            async with asyncio.timeout(_CALL_SECONDS):
                answer = control.decode_message(await _line(reader))
        return answer.error if isinstance(answer, Response) else None

    @asynccontextmanager
    async def _connected(
        self,
    ) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        async with asyncio.timeout(_CALL_SECONDS):
            reader, writer = await asyncio.open_unix_connection(
                str(self._path), limit=control.MAX_LINE_BYTES
            )
        try:
            yield reader, writer
        finally:
            writer.transport.abort()


async def _send(writer: asyncio.StreamWriter, message: Request) -> None:
    writer.write(control.encode_line(message))
    async with asyncio.timeout(_CALL_SECONDS):
        await writer.drain()


async def _event(reader: asyncio.StreamReader) -> Status | None:
    """Give the next status; None when the agent has left."""
    while True:
        async with asyncio.timeout(_SILENCE_SECONDS):
            line = await _line(reader)
        if not line:
            return None
        message = control.decode_message(line)
        if isinstance(message, Request) and message.method == "event":
            status = control.decode_status(message.params.get("status"))
            if status.protocol != control.PROTOCOL:
                raise RefusedError("The agent speaks another protocol.")
            return status


async def _line(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.readuntil(b"\n")
    except asyncio.IncompleteReadError:
        return b""
    except asyncio.LimitOverrunError as error:
        raise RefusedError("The agent's line is too long.") from error
