"""Runs one worker process and hands over the lines that it writes.

Rules:
    - What a worker writes is not trusted to be well-formed: it may have crashed in the middle of
      a line, or a native library may have printed something. Lines are bounded.
    - A worker that says nothing for too long hangs, and is killed: SIGTERM first, so that it can
      put its work down, SIGKILL then.
    - Its stderr goes to ours line by line; the last line is kept, to say why it crashed.
"""

import asyncio
import logging
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from sync.events import MAX_EVENT_BYTES

SILENCE_SECONDS: Final = 180.0
STOP_SECONDS: Final = 10.0
_WORDS: Final = 300
_FAREWELL_SECONDS: Final = 1.0

logger = logging.getLogger("agent.worker")


@dataclass(frozen=True, slots=True)
class Ending:
    """How a worker ended.

    Attributes:
        exit_code: its exit code; negative: the signal that killed it.
        hung: whether it was killed because it said nothing.
        last_words: its last line on stderr.
    """

    exit_code: int
    hung: bool = False
    last_words: str = ""


class Worker:
    """One run of a worker.

    Args:
        command: program and arguments.
        receive: called with each line that it writes to stdout, without its end.
        silence: seconds without a line after which it counts as hanging.
        patience: seconds between SIGTERM and SIGKILL.
    """

    def __init__(
        self,
        command: Sequence[str],
        receive: Callable[[bytes], None],
        *,
        silence: float = SILENCE_SECONDS,
        patience: float = STOP_SECONDS,
    ) -> None:
        self._command = command
        self._receive = receive
        self._silence = silence
        self._patience = patience
        self._last_words = ""

    async def run(self) -> Ending:
        """Run the worker to its end; cancelled, it stops the worker before it returns.

        Raises:
            OSError: it cannot be started.
        """
        process = await asyncio.create_subprocess_exec(
            *self._command, stdin=asyncio.subprocess.DEVNULL, stdout=PIPE, stderr=PIPE,
            limit=MAX_EVENT_BYTES,
        )  # fmt: skip
        narration = asyncio.create_task(self._narrate(process))
        hung = False
        try:
            await self._read(process)
            async with asyncio.timeout(self._silence):
                await process.wait()
        except TimeoutError:
            hung = True
            logger.warning("the worker says nothing any more; it is stopped")
        finally:
            await self._stop(process)
            # A process that it left behind may keep its stderr open.
            await asyncio.wait([narration], timeout=_FAREWELL_SECONDS)
            narration.cancel()
        code = process.returncode
        return Ending(-1 if code is None else code, hung=hung, last_words=self._last_words)

    async def _read(self, process: Process) -> None:
        """Hand over lines until the worker closes its stdout.

        Raises:
            TimeoutError: it said nothing for too long.
        """
        stream = _stream(process.stdout)
        while True:
            async with asyncio.timeout(self._silence):
                line = await _line(stream)
            if line is None:
                return
            if line:
                self._receive(line)

    async def _narrate(self, process: Process) -> None:
        stream = _stream(process.stderr)
        while (line := await _line(stream)) is not None:
            words = line.decode("utf-8", "replace").strip()
            if words:
                self._last_words = words[:_WORDS]
                logger.info("%s", words)

    async def _stop(self, process: Process) -> None:
        """End the process if it has not ended; shielded, so that no worker is left behind."""
        if process.returncode is None:
            await asyncio.shield(asyncio.create_task(self._end(process)))

    async def _end(self, process: Process) -> None:
        process.terminate()
        try:
            async with asyncio.timeout(self._patience):
                await process.wait()
        except TimeoutError:
            logger.warning("the worker does not stop; it is killed")
            process.kill()
            await process.wait()


def _stream(stream: asyncio.StreamReader | None) -> asyncio.StreamReader:
    if stream is None:
        raise RuntimeError("the worker was started without pipes")
    return stream


async def _line(stream: asyncio.StreamReader) -> bytes | None:
    """Give the next line without its end, b"" for one that is too long, None at the end."""
    try:
        line = await stream.readuntil(b"\n")
    except asyncio.IncompleteReadError as error:
        return error.partial or None
    except asyncio.LimitOverrunError as error:
        await stream.readexactly(max(1, error.consumed))
        return b""
    return line.rstrip(b"\r\n")
