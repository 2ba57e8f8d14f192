"""Asks a short-lived process what the agent should not look at itself.

Sticks that fail and networks without an answer make whoever looks at them wait, and checking
loads what the agent does without. So a process looks, for a bounded time, and ends.
"""

import asyncio
import sys
from asyncio.subprocess import DEVNULL, Process
from collections.abc import Sequence
from contextlib import suppress
from typing import Final, TypeVar

import msgspec

from core.codec import json_decoder
from core.control import error_of
from core.errors import UnavailableError
from edge_client.agent.workers import pipe
from edge_client.inquiry_answers import Answer

T = TypeVar("T")

_MOST_BYTES: Final = 4 * 1024 * 1024
_FAREWELL_SECONDS: Final = 1.0


async def inquire(module: str, arguments: Sequence[str], kind: type[T], *, seconds: float) -> T:
    """Run ``python -m module`` and give its answer.

    Args:
        module: what to run.
        arguments: of its command line.
        kind: type of the answer.
        seconds: how long it may take.

    Raises:
        PackhorseError: it refuses, in its own words.
        UnavailableError: it does not answer in time, or not sensibly.
    """
    async with pipe() as (stream, stdout):
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", module, *arguments, stdin=DEVNULL, stdout=stdout
            )
        # No memory for a moment, say.
        except OSError as error:
            raise _stopped() from error
        stdout.close()
        try:
            async with asyncio.timeout(seconds):
                data = await _read(stream)
                await process.wait()
        except TimeoutError as error:
            raise UnavailableError(
                "Looking takes too long.",
                hint="If a stick is plugged in, it may be failing: pull it out and try again.",
            ) from error
        finally:
            await _end(process)
    return _result(data, kind)


async def _read(stream: asyncio.StreamReader) -> bytes:
    data = bytearray()
    while len(data) <= _MOST_BYTES and (chunk := await stream.read(1 << 16)):
        data += chunk
    return bytes(data)


async def _end(process: Process) -> None:
    """Kill a process that has not ended; one that hangs in a failing stick ends when that goes."""
    if process.returncode is not None:
        return
    with suppress(ProcessLookupError):
        process.kill()
    with suppress(TimeoutError):
        async with asyncio.timeout(_FAREWELL_SECONDS):
            await process.wait()


def _result(data: bytes, kind: type[T]) -> T:
    try:
        answer = json_decoder(Answer).decode(data)
        if answer.refusal is None:
            return json_decoder(kind).decode(answer.result)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _stopped() from error
    raise error_of(answer.refusal.wording, answer.refusal.exit_code)


def _stopped() -> UnavailableError:
    return UnavailableError(
        "Looking stopped unexpectedly.",
        hint="Try again. If this stays, send the node's log to your admin.",
    )
