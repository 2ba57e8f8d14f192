import asyncio
import contextlib
import gc
import socket

import pytest

from packhorse.line import CutMode, Line, LineOptions

from .conftest import Upstream, ask, content, until


@pytest.mark.parametrize("mode", [CutMode.RESET, CutMode.CLOSE])
async def test_cut_after_an_exact_number_of_bytes(upstream: Upstream, mode: CutMode) -> None:
    """A reset is seen as one; an orderly close looks like the end of the file."""
    async with Line(upstream.address, LineOptions(cut_after=12_345, cut_mode=mode)) as line:
        got, was_reset = await ask(line.address, 100_000)
        assert got == content(12_345)
        assert was_reset == (mode is CutMode.RESET)
        assert (line.stats().down, line.stats().cuts) == (12_345, 1)


async def test_shorter_answers_are_not_cut(upstream: Upstream) -> None:
    async with Line(upstream.address, LineOptions(cut_after=12_345)) as line:
        assert await ask(line.address, 12_344) == (content(12_344), False)
        assert line.stats().cuts == 0


async def test_cuts_by_chance_fall_where_the_seed_says(upstream: Upstream) -> None:
    """The same seed cuts the same connections at the same bytes."""

    async def lengths(rate: int | None) -> list[int]:
        options = LineOptions(cut_chance=0.2, seed=5, rate=rate)
        async with Line(upstream.address, options) as line:
            return [len((await ask(line.address, 200_000))[0]) for _ in range(8)]

    first = await lengths(None)
    assert first == await lengths(12_000_000)
    assert len(set(first)) > 4


async def test_stall_keeps_the_connection_open_and_silent(upstream: Upstream) -> None:
    async with Line(upstream.address, LineOptions(cut_after=100, cut_mode=CutMode.STALL)) as line:
        reader, writer = await asyncio.open_connection(*line.address)
        writer.write(b"1000\n")
        assert await reader.readexactly(100) == content(100)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await reader.read(1)
        writer.close()
        await until(lambda: line.stats().cuts > 0)
        assert line.stats().cuts == 1


async def test_cut_every_cuts_all_connections_again_and_again(upstream: Upstream) -> None:
    """Idle connections are cut too, and new ones meanwhile are welcome."""
    async with Line(upstream.address, LineOptions(cut_every=(0.02, 0.05))) as line:
        for _ in range(3):
            reader, writer = await asyncio.open_connection(*line.address)
            with pytest.raises(ConnectionResetError):
                await reader.read(1)
            writer.close()
        assert line.stats().cuts == 3


async def test_cut_every_can_be_switched_on_and_off(upstream: Upstream) -> None:
    async with Line(upstream.address) as line:
        line.change(cut_every=(0.01, 0.01))
        reader, writer = await asyncio.open_connection(*line.address)
        with pytest.raises(ConnectionResetError):
            await reader.read(1)
        writer.close()
        line.change(cut_every=None)
        assert await ask(line.address, 10) == (content(10), False)


async def test_down_cuts_and_refuses_until_up(upstream: Upstream) -> None:
    async with Line(upstream.address, LineOptions(rate=10_000)) as line:
        asking = asyncio.create_task(ask(line.address, 1_000_000))
        await until(lambda: line.stats().down > 0)
        line.down()
        got, was_reset = await asking
        assert was_reset
        assert 0 < len(got) < 1_000_000

        seen = upstream.connections
        got, _ = await ask(line.address, 10)
        assert got == b""
        assert upstream.connections == seen
        assert (line.stats().cuts, line.stats().refused) == (1, 1)

        line.up()
        assert await ask(line.address, 10) == (content(10), False)


async def test_down_in_stall_mode_is_silent(upstream: Upstream) -> None:
    """A dead line answers nothing: the client has to lose patience by itself."""
    async with Line(upstream.address, LineOptions(cut_mode=CutMode.STALL)) as line:
        line.down()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await ask(line.address, 10)


async def test_closing_the_line_ends_every_connection(upstream: Upstream) -> None:
    async with Line(upstream.address) as line:
        reader, writer = await asyncio.open_connection(*line.address)
        writer.write(b"5\n")
        assert await reader.readexactly(5) == content(5)
    with contextlib.suppress(ConnectionResetError):
        assert await reader.read() == b""
    writer.close()


@pytest.mark.parametrize("rounds", range(40))
async def test_closing_the_line_at_any_moment_leaves_nothing_open(
    upstream: Upstream, rounds: int
) -> None:
    """What was left open would be told when it is collected, which fails the test."""
    async with Line(upstream.address) as line:
        reader, writer = await asyncio.open_connection(*line.address)
        writer.write(b"5\n")
        assert await reader.readexactly(5) == content(5)
        writer.close()
        await _some(rounds)
    gc.collect()


@pytest.mark.parametrize("rounds", range(12))
async def test_closing_the_line_just_as_a_client_comes_leaves_nothing_open(
    upstream: Upstream, rounds: int
) -> None:
    async with Line(upstream.address) as line:
        # The kernel's part of it; the loop takes some rounds to accept it and to tell us.
        with socket.create_connection(line.address):
            await _some(rounds)
            await line.close()
    gc.collect()


async def _some(rounds: int) -> None:
    """Let the loop run this many rounds."""
    for _ in range(rounds):
        await asyncio.sleep(0)
