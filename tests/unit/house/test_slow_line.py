"""The slow line of tests leaves nothing open, at whatever moment it is cut or closed."""

import asyncio
import gc
import socket
from collections.abc import AsyncIterator

import pytest

from tests.support.slow_line import SlowLine


@pytest.fixture
async def line() -> AsyncIterator[SlowLine]:
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    async with server, SlowLine(server.sockets[0].getsockname()[1]) as one:
        yield one
    # What was left open would be told now, which fails the test.
    gc.collect()


async def some(rounds: int) -> None:
    """Let the loop run this many rounds."""
    for _ in range(rounds):
        await asyncio.sleep(0)


@pytest.mark.parametrize("rounds", range(12))
async def test_cut_while_a_client_comes(line: SlowLine, rounds: int) -> None:
    with socket.create_connection(("127.0.0.1", line.port)):
        await some(rounds)
        await line.cut()


@pytest.mark.parametrize("rounds", range(12))
async def test_pulled_while_a_client_goes(line: SlowLine, rounds: int) -> None:
    with socket.create_connection(("127.0.0.1", line.port)):
        await some(rounds)
    await some(rounds)
    await line.pull()
