"""The screen's connection to the node's agent: asynchronous, bounded, and coming back by itself.

What arrives is data of another process: lines are bounded, nonsense ends the connection with a
word, and no text of it is trusted to be harmless (``tui.view`` makes it so).
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final, Literal, TypeVar

import msgspec

from core import control
from core.control import Failure, Request, Response, Status
from core.control_calls import parse_result
from core.errors import PackhorseError, RefusedError, UnavailableError, UsageError
from tui.texts import N_

T = TypeVar("T")
Absence = Literal["not running", "not allowed", "other version"]

_RETRY_SECONDS: Final = 2.0
_CALL_SECONDS: Final = 10.0
# The agent sends something at least every fifteen seconds.
_SILENCE_SECONDS: Final = 45.0

_GONE: Final = UnavailableError(
    N_("The node's agent is not running."),
    hint=N_("Start it with `packhorse node run`; lessons that are here are not lost."),
)
_SILENT: Final = UnavailableError(
    N_("The node's agent does not answer."), hint=N_("Try again; if it stays so, restart the node.")
)
_NOT_ALLOWED: Final = UsageError(
    N_("You may not talk to the node's agent."),
    hint=N_("Start this with sudo, or as a user of the node's group."),
)
_OTHER_VERSION: Final = RefusedError(
    N_("The node's agent is of another version than this screen."),
    hint=N_("Restart the node after an update."),
)


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

    async def call(
        self, method: str, kind: type[T], seconds: float | None = _CALL_SECONDS, **params: object
    ) -> T | Failure:
        """Call a method; give its result, or why there is none.

        Args:
            method: its name.
            kind: what it answers (``core.control_calls``).
            seconds: how long to wait for the answer; None for as long as the agent is there.
            params: its parameters; msgspec structs and plain values.
        """
        try:
            return await self._call(method, kind, seconds, params)
        except PermissionError:
            return _failure(_NOT_ALLOWED)
        except TimeoutError:
            return _failure(_SILENT)
        except OSError:
            return _failure(_GONE)
        except PackhorseError as error:
            return _failure(error)

    async def _call(
        self, method: str, kind: type[T], seconds: float | None, params: dict[str, object]
    ) -> T | Failure:
        async with self._connected() as (reader, writer):
            await _send(writer, control.request(method, 1, **params))
            async with asyncio.timeout(seconds):
                line = await _line(reader)
        if not line:
            raise ConnectionResetError
        answer = control.decode_message(line)
        if not isinstance(answer, Response) or _is_unknown(answer):
            return _failure(_OTHER_VERSION)
        return parse_result(answer.result, kind) if answer.error is None else answer.error

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


def _is_unknown(answer: Response) -> bool:
    return answer.error is not None and answer.error.code == control.UNKNOWN_METHOD


def _failure(error: PackhorseError) -> Failure:
    return Failure(
        control.FAILED, str(error), error.hint, error.exit_code, control.wording_of(error)
    )


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
