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
import os
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import BinaryIO, Final

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

    async def run(self, given: bytes = b"") -> Ending:
        """Run the worker to its end; cancelled, it stops the worker before it returns.

        Args:
            given: what it reads from its standard input; less than a pipe holds.

        Raises:
            OSError: it cannot be started.
        """
        async with pipe() as (events, stdout), pipe() as (narration, stderr):
            with _holding(given) as stdin:
                process = await asyncio.create_subprocess_exec(
                    *self._command, stdin=stdin, stdout=stdout, stderr=stderr
                )
            # Ours must go, or the ends of the worker's would never come.
            stdout.close()
            stderr.close()
            narrator = asyncio.create_task(self._narrate(narration))
            try:
                hung = await self._attend(process, events)
            finally:
                if process.returncode is None:
                    # Shielded, so that no worker is left behind.
                    await asyncio.shield(asyncio.create_task(self._end(process)))
                # A process that it left behind may keep its stderr open.
                await asyncio.wait([narrator], timeout=_FAREWELL_SECONDS)
                narrator.cancel()
        code = process.returncode
        return Ending(-1 if code is None else code, hung=hung, last_words=self._last_words)

    async def _attend(self, process: Process, events: asyncio.StreamReader) -> bool:
        """Hand over lines until the worker has ended; say whether it hangs instead."""
        try:
            while True:
                async with asyncio.timeout(self._silence):
                    line = await _line(events)
                if line is None:
                    break
                if line:
                    self._receive(line)
            async with asyncio.timeout(self._silence):
                await process.wait()
        except TimeoutError:
            logger.warning("the worker says nothing any more; it is stopped")
            return True
        return False

    async def _narrate(self, stream: asyncio.StreamReader) -> None:
        while (line := await _line(stream)) is not None:
            words = line.decode("utf-8", "replace").strip()
            if words:
                self._last_words = words[:_WORDS]
                logger.info("%s", words)

    async def _end(self, process: Process) -> None:
        process.terminate()
        try:
            async with asyncio.timeout(self._patience):
                await process.wait()
        except TimeoutError:
            logger.warning("the worker does not stop; it is killed")
            process.kill()
            await process.wait()


@asynccontextmanager
async def pipe() -> AsyncIterator[tuple[asyncio.StreamReader, BinaryIO]]:
    """Make a pipe to read from here.

    Not asyncio's own PIPE, with which waiting for a process waits for its orphans too.
    """
    reading, writing = os.pipe()
    stream = asyncio.StreamReader(limit=MAX_EVENT_BYTES)
    with os.fdopen(writing, "wb", buffering=0) as writer:
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(stream), os.fdopen(reading, "rb", buffering=0)
        )
        try:
            yield stream, writer
        finally:
            transport.close()


@contextmanager
def _holding(given: bytes) -> Iterator[int]:
    """Give the end of a pipe that holds these bytes and then ends."""
    reading, writing = os.pipe()
    try:
        try:
            os.write(writing, given)
        finally:
            os.close(writing)
        yield reading
    finally:
        os.close(reading)


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
