"""One direction of one connection: takes bytes from one end, ages them, gives them to the other."""

import asyncio
from dataclasses import dataclass
from typing import Literal, Protocol

from packhorse.line.chances import BitFlipper, gap, per_byte, stream
from packhorse.line.clock import LineClock
from packhorse.line.counters import Counters
from packhorse.line.options import LineOptions

Direction = Literal["up", "down"]

_IN_FLIGHT = 64
"""Pieces that may be on their way in one direction; it bounds memory when latency is long."""


class CutHereError(Exception):
    """A direction has delivered all that chance lets it deliver."""


class Shared(Protocol):
    """What all connections of a line share."""

    @property
    def clock(self) -> LineClock:
        """The pace."""

    @property
    def counters(self) -> Counters:
        """The numbers."""

    @property
    def options(self) -> LineOptions:
        """The line's nature at this moment."""


@dataclass(frozen=True, slots=True)
class _Piece:
    due: float
    data: bytes
    last: Literal["", "end", "cut"] = ""


class Pump:
    """Moves one direction's bytes until their end, or up to the place where they are cut."""

    def __init__(
        self,
        line: Shared,
        number: int,
        direction: Direction,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        """Prepare one direction of connection `number`."""
        self._line = line
        self._direction: Direction = direction
        self._reader = reader
        self._writer = writer
        options = line.options
        self._flipper = BitFlipper(
            stream(options.seed, number, direction, "flip"), options.flip_chance
        )
        self._jitter = stream(options.seed, number, direction, "jitter")
        self._left = _bytes_until_cut(options, number, direction)
        self._due = 0.0
        self._queue: asyncio.Queue[_Piece] = asyncio.Queue(_IN_FLIGHT)

    async def run(self) -> None:
        """Move bytes until the end of the stream.

        Raises:
            ExceptionGroup: Of OSError, when either end broke the connection, or of CutHereError.
        """
        async with asyncio.TaskGroup() as group:
            group.create_task(self._take())
            group.create_task(self._give())

    async def _take(self) -> None:
        while self._left != 0:
            size = self._line.clock.piece
            data = await self._reader.read(size if self._left is None else min(size, self._left))
            if not data:
                await self._queue.put(_Piece(self._next_due(), b"", "end"))
                return
            if self._left is not None:
                self._left -= len(data)
            await asyncio.sleep(self._line.clock.reserve(len(data), _now()))
            await self._queue.put(_Piece(self._next_due(), self._dirtied(data)))
        await self._queue.put(_Piece(self._next_due(), b"", "cut"))

    async def _give(self) -> None:
        while True:
            piece = await self._queue.get()
            await asyncio.sleep(max(0.0, piece.due - _now()))
            if piece.last:
                self._finish(piece.last)
                return
            self._writer.write(piece.data)
            await self._writer.drain()
            self._count(len(piece.data))

    def _finish(self, last: Literal["end", "cut"]) -> None:
        if last == "cut":
            raise CutHereError
        if self._writer.can_write_eof():
            self._writer.write_eof()

    def _next_due(self) -> float:
        options = self._line.options
        late = options.latency + (self._jitter.random() * options.jitter if options.jitter else 0.0)
        # A late piece holds up those behind it: TCP keeps order.
        self._due = max(self._due, _now() + late)
        return self._due

    def _dirtied(self, data: bytes) -> bytes:
        before = self._flipper.flipped
        dirtied = self._flipper.pass_through(data)
        self._line.counters.flipped_bits += self._flipper.flipped - before
        return dirtied

    def _count(self, size: int) -> None:
        if self._direction == "up":
            self._line.counters.up += size
        else:
            self._line.counters.down += size


def _bytes_until_cut(options: LineOptions, number: int, direction: Direction) -> int | None:
    drawn = gap(stream(options.seed, number, direction, "cut"), per_byte(options.cut_chance))
    fixed = options.cut_after if direction == "down" else None
    return min((one for one in (drawn, fixed) if one is not None), default=None)


def _now() -> float:
    return asyncio.get_running_loop().time()
