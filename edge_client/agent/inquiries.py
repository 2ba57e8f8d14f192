"""Asks a short-lived process what the agent should not look at itself.

Sticks that fail and networks without an answer make whoever looks at them wait, and checking
loads what the agent does without. So a process looks, for a bounded time, and ends.
"""

import asyncio
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Sequence
from contextlib import suppress
from typing import Final, TypeVar

import msgspec

from core.control import error_of
from core.errors import UnavailableError
from edge_client.inquiry_answers import Answer

T = TypeVar("T")

_MOST_BYTES: Final = 4 * 1024 * 1024


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
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", module, *arguments, stdin=DEVNULL, stdout=PIPE
    )
    try:
        async with asyncio.timeout(seconds):
            data = await _read(process)
            await process.wait()
    except TimeoutError as error:
        raise UnavailableError(
            "Looking takes too long.",
            hint="If a stick is plugged in, it may be failing: pull it out and try again.",
        ) from error
    finally:
        if process.returncode is None:
            # Not waited for: a process that hangs in a failing stick ends when that is pulled.
            with suppress(ProcessLookupError):
                process.kill()
    return _result(data, kind)


async def _read(process: asyncio.subprocess.Process) -> bytes:
    stream = process.stdout
    data = bytearray()
    while stream and len(data) <= _MOST_BYTES and (chunk := await stream.read(1 << 16)):
        data += chunk
    return bytes(data)


def _result(data: bytes, kind: type[T]) -> T:
    try:
        answer = msgspec.json.decode(data, type=Answer)
        if answer.refusal is None:
            return msgspec.json.decode(answer.result, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UnavailableError(
            "Looking stopped unexpectedly.",
            hint="Try again. If this stays, send the node's log to your admin.",
        ) from error
    raise error_of(answer.refusal.wording, answer.refusal.exit_code)
