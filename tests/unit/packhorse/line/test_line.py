import asyncio
import contextlib

from packhorse.line import Line, LineOptions
from packhorse.line.portal_page import PAGE

from .conftest import Upstream, ask, content, until


async def test_bytes_and_counters_equal_what_both_ends_saw(upstream: Upstream) -> None:
    """Several connections at once: every byte arrives, and every byte is counted once."""
    async with Line(upstream.address) as line:
        answers = await asyncio.gather(
            *(ask(line.address, size) for size in (0, 1, 70_000, 999_999))
        )
        assert [len(got) for got, _ in answers] == [0, 1, 70_000, 999_999]
        assert answers[3] == (content(999_999), False)
        assert line.stats().down == upstream.sent == 1_070_000
        assert line.stats().up == upstream.received
        assert line.stats().connections == upstream.connections == 4
        assert line.stats().cuts == 0


async def test_all_connections_share_one_rate(upstream: Upstream) -> None:
    """Two downloads together need at least the time that the line's arithmetic demands."""
    loop = asyncio.get_running_loop()
    async with Line(upstream.address, LineOptions(rate=100_000)) as line:
        begin = loop.time()
        await asyncio.gather(ask(line.address, 30_000), ask(line.address, 20_000))
        took = loop.time() - begin
    # 50 kB at 100 kB/s; the last piece on the line may not be waited for on a coarse clock.
    assert took >= 0.45


async def test_latency_delays_but_delivers(upstream: Upstream) -> None:
    loop = asyncio.get_running_loop()
    async with Line(upstream.address, LineOptions(latency=0.05, jitter=0.02)) as line:
        begin = loop.time()
        assert await ask(line.address, 100_000) == (content(100_000), False)
        assert loop.time() - begin >= 0.1


async def test_same_seed_flips_the_same_bits(upstream: Upstream) -> None:
    """Damage depends on the seed alone, not on the rate or the slicing that it brings."""

    async def damaged(options: LineOptions) -> tuple[bytes, int]:
        async with Line(upstream.address, options) as line:
            got, _ = await ask(line.address, 40_000)
            return got, line.stats().flipped_bits

    first, flips = await damaged(LineOptions(flip_chance=0.0005, seed=3))
    again, _ = await damaged(LineOptions(flip_chance=0.0005, seed=3, rate=500_000))
    other, _ = await damaged(LineOptions(flip_chance=0.0005, seed=4))
    assert len(first) == 40_000
    assert first == again != other
    wrong = sum((a ^ b).bit_count() for a, b in zip(first, content(40_000), strict=True))
    assert wrong == flips > 0


async def test_portal_page_stands_in_for_upstream(upstream: Upstream) -> None:
    """The client gets a well-formed page, upstream never hears of it, and the bytes count."""
    async with Line(upstream.address, LineOptions(portal_chance=1.0)) as line:
        reader, writer = await asyncio.open_connection(*line.address)
        request = b"POST /tip HTTP/1.1\r\nHost: hub\r\nContent-Length: 3\r\n\r\nabc"
        writer.write(request)
        assert await reader.read() == PAGE
        writer.close()
        stats = line.stats()
        assert (stats.up, stats.down, stats.portal_pages) == (len(request), len(PAGE), 1)
        assert upstream.connections == 0
    head, _, body = PAGE.partition(b"\r\n\r\n")
    assert f"Content-Length: {len(body)}".encode() in head


async def test_portal_resets_what_is_not_http(upstream: Upstream) -> None:
    """A TLS hello meets no page but a broken connection."""
    async with Line(upstream.address, LineOptions(portal_chance=1.0)) as line:
        reader, writer = await asyncio.open_connection(*line.address)
        writer.write(b"\x16\x03\x01\x02\x00")
        with contextlib.suppress(ConnectionResetError):
            assert await reader.read() == b""
        writer.close()
        assert line.stats().portal_pages == 0


async def test_portal_chance_is_a_share_of_connections(upstream: Upstream) -> None:
    async with Line(upstream.address, LineOptions(portal_chance=0.5, seed=1)) as line:
        await asyncio.gather(*(ask(line.address, 10) for _ in range(40)))
        assert 8 < upstream.connections < 32


async def test_unreachable_upstream_resets_the_client() -> None:
    server = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0)
    address = server.sockets[0].getsockname()
    server.close()
    await server.wait_closed()
    async with Line(address) as line:
        got, _ = await ask(line.address, 10)
        assert got == b""
        assert line.stats().unreachable == 1


async def test_counters_since_reset_and_in_total(upstream: Upstream) -> None:
    async with Line(upstream.address) as line:
        await ask(line.address, 1000)
        line.reset_stats()
        await ask(line.address, 10)
        assert line.stats().down == 10
        assert line.stats().connections == 1
        assert line.counters.down == 1010


async def test_rate_changes_while_running(upstream: Upstream) -> None:
    """A transfer that would take an hour ends once the line is made fast."""
    async with Line(upstream.address, LineOptions(rate=1_000)) as line:
        asking = asyncio.create_task(ask(line.address, 3_600_000))
        await until(lambda: line.stats().up > 0)
        line.change(rate=None)
        got, _ = await asking
        assert len(got) == 3_600_000
