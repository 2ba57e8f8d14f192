"""Many connections: the school stays served, whoever opens how many."""

import asyncio
import resource

import httpx
import pytest

from cache.state import StateDirectory
from edge_client.portal import connections
from edge_client.portal.connections import MOST, affordable
from edge_client.portal.server import running
from tests.support.classes import LESSON, visitors
from tests.support.course import make_course
from tests.support.nodes import make_state
from tests.support.portal import CONFIG, browser, sweeping

Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def connect(port: int, sent: str, *, host: str = "127.0.0.1") -> Stream:
    """Open a connection from one of loopback's addresses, and send something."""
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", port, local_addr=(host, 0), limit=1024
    )
    writer.write(sent.encode())
    await writer.drain()
    return reader, writer


async def test_whoever_holds_the_most_connections_loses_the_oldest(state: StateDirectory) -> None:
    make_state(state.root)
    async with running(state, CONFIG, most_connections=3) as site:
        port = site.ports.portal
        quiet = await connect(port, "GET / HTTP/1.1\r\n", host="127.0.0.2")
        greedy = [await connect(port, "GET / HTTP/1.1\r\n") for _ in range(2)]
        async with browser(port) as client:
            assert (await client.get("/health")).status_code == 200
        assert await closed(greedy[0])
        quiet[1].write(b"Host: x.lan\r\n\r\n")
        assert (await quiet[0].readline()).startswith(b"HTTP/1.1 200")
        for _, writer in (quiet, *greedy):
            writer.close()


async def test_classes_keep_their_screens_and_pages_are_served_however_many_come(
    state: StateDirectory,
) -> None:
    make_state(state.root)
    async with running(state, CONFIG, most_connections=10) as site:
        one = site.classes.start(LESSON, "Li")
        async with visitors(f"http://127.0.0.1:{site.ports.portal}") as room:
            screens = [await room.connect(one.code, "pupil") for _ in range(6)]
            for screen in screens:
                await screen.sees(phase="waiting")
            more = await room.connect(one.code, "pupil")
            assert await more.fault() == "All places for screens are taken. Look at the big screen."
            many = [await connect(site.ports.portal, "GET / HTTP/1.1\r\n") for _ in range(30)]
            async with browser(site.ports.portal) as client:
                assert (await client.get("/health")).status_code == 200
            # Longer than a silent connection may last.
            async with sweeping(site, idle_seconds=0.2):
                await asyncio.sleep(0.6)
            one.end()
            for screen in screens:
                assert await screen.ends() == 4410
        for _, writer in many:
            writer.close()


async def test_readers_that_do_not_read_cannot_shut_others_out(
    state: StateDirectory, picture: bytes
) -> None:
    digests = make_course(state.root, bytes(30_000_000), picture)
    wanted = f"GET /media/{digests['01 认识分数.mp4']}.mp4 HTTP/1.1\r\nHost: x.lan\r\n\r\n"
    async with running(state, CONFIG, most_connections=3) as site:
        stuck = [await connect(site.ports.portal, wanted) for _ in range(3)]
        for reader, _ in stuck:
            await reader.readline()
        transport = httpx.AsyncHTTPTransport(local_address="127.0.0.2")
        address = f"http://127.0.0.1:{site.ports.portal}/health"
        async with httpx.AsyncClient(transport=transport, timeout=60) as client:
            for _ in range(5):
                assert (await client.get(address)).status_code == 200
        for _, writer in stuck:
            writer.close()


async def test_a_connection_in_use_stays_open(
    state: StateDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_state(state.root)
    # A machine that stands still for a moment is no silent visitor.
    now = [0.0]
    monkeypatch.setattr(connections, "_now", lambda: now[0])
    async with running(state, CONFIG, idle_seconds=0.3) as site:
        reader, writer = await connect(site.ports.portal, "")
        for _ in range(25):
            writer.write(b"GET /health HTTP/1.1\r\nHost: x.lan\r\n\r\n")
            assert (await reader.readline()).startswith(b"HTTP/1.1 200")
            await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(len('{"ok": true}'))
            now[0] += 0.2
            # It is looked at meanwhile.
            await asyncio.sleep(0.1)
        now[0] += 0.2
        assert await closed((reader, writer))
        writer.close()


def test_no_more_connections_than_open_files_allow() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        assert 1 <= affordable() <= MOST
        raised, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        assert raised >= min(4096, hard)
        assert 2 * affordable() < raised
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def closed(stream: Stream) -> bool:
    """Wait until the other side has closed a connection."""
    try:
        return await asyncio.wait_for(stream[0].read(), 30) == b""
    except ConnectionResetError:
        return True
