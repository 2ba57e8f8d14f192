"""Running the packager's command: its progress as it comes, its result or its error at the end."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Final, NamedTuple

import msgspec

from core.codec import json_decoder
from core.control import Wording
from core.errors import ExitCode
from hub.publishing.job import MAX_QUOTE_BYTES

_MOST_LINE: Final = 1024 * 1024
_PATIENCE_SECONDS: Final = 10.0
_AGAIN_SECONDS: Final = 2.0
_KEPT_LINES: Final = 20
_Count = Annotated[int, msgspec.Meta(ge=0, le=2**53)]


class Step(msgspec.Struct, frozen=True):
    """How far a phase of the packager's work is, bytes."""

    phase: str
    done: _Count = 0
    total: _Count = 0


class _Told(msgspec.Struct, frozen=True):
    error: Wording


class Ended(NamedTuple):
    """How a command ended.

    Attributes:
        output: what it printed; empty when it did not end well.
        error: why it did not.
    """

    code: int
    output: bytes
    error: Wording | None


class Command:
    """One run of ``packhorse pack …``.

    Args:
        words: what follows ``packhorse pack``.
        on_step: told of progress.
    """

    def __init__(self, words: Sequence[str | Path], on_step: Callable[[Step], None]) -> None:
        """Run nothing yet."""
        self._words = [str(word) for word in words]
        self._on_step = on_step
        self._process: Process | None = None
        self._lines: list[str] = []
        self._told: Wording | None = None

    async def run(self) -> Ended:
        """Run it to its end, waiting for one that an earlier hub has left at work."""
        while True:
            ended = await self._once()
            if ended.code != ExitCode.ALREADY_RUNNING:
                return ended
            await asyncio.sleep(_AGAIN_SECONDS)

    async def _once(self) -> Ended:
        self._lines, self._told = [], None
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "packhorse", "pack", *self._words,
            stdin=asyncio.subprocess.DEVNULL, stdout=PIPE, stderr=PIPE, limit=_MOST_LINE,
            env=os.environ | {"PYTHONUTF8": "1"},
        )  # fmt: skip
        try:
            output, _ = await asyncio.gather(_output(process), self._listen(process))
            code = await process.wait()
        finally:
            await _end(process)
        done = code in {ExitCode.DONE, ExitCode.PARTIAL}
        return Ended(code, output if done else b"", None if done else self._error(code))

    async def _listen(self, process: Process) -> None:
        if process.stderr is None:
            return
        while True:
            try:
                line = await process.stderr.readline()
            except ValueError:
                # Longer than any line of ours.
                continue
            if not line:
                return
            self._read(line)

    def _read(self, line: bytes) -> None:
        with suppress(msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            self._on_step(json_decoder(Step).decode(line))
            return
        with suppress(msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            self._told = json_decoder(_Told).decode(line).error
            return
        self._lines = [*self._lines, line.decode(errors="replace").strip()][-_KEPT_LINES:]

    def _error(self, code: int) -> Wording:
        """Give the command's own sentence, or say that it ended without one."""
        if self._told is not None:
            return self._told
        said = [line.removeprefix("error: ") for line in self._lines if line.startswith("error: ")]
        hints = [line.removeprefix("hint: ") for line in self._lines if line.startswith("hint: ")]
        if said:
            fields = {"sentence": said[-1], "cure": hints[-1] if hints else ""}
            return Wording(template="{sentence}", hint="{cure}", fields=fields)
        return Wording(
            template="The packager ended with {code}, without a word.",
            hint="Try again; if it stays so, the hub's machine may lack memory.",
            fields={"code": str(code)},
        )


async def _output(process: Process) -> bytes:
    if process.stdout is None:
        return b""
    kept = bytearray()
    while chunk := await process.stdout.read(_MOST_LINE):
        if len(kept) <= MAX_QUOTE_BYTES:
            kept += chunk
    return bytes(kept)


async def _end(process: Process) -> None:
    """See that a process has ended, asking it first."""
    if process.returncode is not None:
        return
    for ask in (process.terminate, process.kill):
        with suppress(ProcessLookupError):
            ask()
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                await process.wait()
        except TimeoutError:
            continue
        return
