"""An upstream that keeps its own books, so that the line's counters can be checked against it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import pytest


@dataclass
class Upstream:
    """Answers a line that holds a number N with N bytes, and swallows everything else."""

    address: tuple[str, int] = ("", 0)
    received: int = 0
    sent: int = 0
    connections: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while line := await reader.readline():
                self.received += len(line)
                if line.strip().isdigit():
                    writer.write(content(int(line)))
                    await writer.drain()
                    self.sent += int(line)
        except (OSError, ValueError):
            pass
        finally:
            writer.close()


def content(size: int) -> bytes:
    """Return the bytes that upstream answers with."""
    return bytes(range(256)) * (size // 256) + bytes(range(size % 256))


async def ask(address: tuple[str, int], size: int) -> tuple[bytes, bool]:
    """Ask for a number of bytes; return what came and whether the connection was reset."""
    reader, writer = await asyncio.open_connection(*address)
    got = bytearray()
    was_reset = False
    try:
        writer.write(b"%d\n" % size)
        writer.write_eof()
        while piece := await reader.read(65536):
            got += piece
    except ConnectionError:
        was_reset = True
    finally:
        writer.close()
    return bytes(got), was_reset


async def until(condition: Callable[[], bool]) -> None:
    """Wait for something that the line does by itself; the test's own limit bounds it."""
    while not condition():  # noqa: ASYNC110 -- counters have no event
        await asyncio.sleep(0.01)


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    """A real server on a free port."""
    one = Upstream()
    server = await asyncio.start_server(one.serve, "127.0.0.1", 0)
    one.address = server.sockets[0].getsockname()
    yield one
    server.close()
    await server.wait_closed()
