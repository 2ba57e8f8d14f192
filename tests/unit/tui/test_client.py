"""The screen's connection, over real Unix sockets, with agents that behave and that do not."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from core import control
from core.control import Status
from core.errors import RefusedError
from tui.client import ControlClient

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[Any, Any, None]]
STATUS = Status(node="n", school="s")


@asynccontextmanager
async def agent(path: Path, serve: Serve) -> AsyncIterator[None]:
    """Listen at ``path``."""
    server = await asyncio.start_unix_server(serve, str(path))
    try:
        yield
    finally:
        server.close()


def event(status: Status) -> bytes:
    """Encode one event."""
    return control.encode_line(control.request("event", status=status))


async def one_status(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer the watch, send one status, and leave."""
    await reader.readline()
    writer.write(control.encode_line(control.response(1, {"protocol": 1})) + event(STATUS))
    await writer.drain()
    writer.close()


def says(data: bytes) -> Serve:
    """Make an agent that says this and leaves."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(data)
        await writer.drain()
        writer.close()

    return serve


async def first(client: ControlClient, count: int) -> list[object]:
    """Give the first news."""
    news: list[object] = []
    watching = client.watch()
    async for one in watching:
        news.append(one)
        if len(news) == count:
            break
    await watching.aclose()  # type: ignore[attr-defined]
    return news


async def test_without_an_agent_it_says_so_and_comes_back_when_there_is_one(
    tmp_path: Path,
) -> None:
    path = tmp_path / "control.sock"
    client = ControlClient(path, retry=0.05)
    news: asyncio.Queue[object] = asyncio.Queue()

    async def follow() -> None:
        async for one in client.watch():
            news.put_nowait(one)

    following = asyncio.create_task(follow())
    assert await news.get() == "not running"
    async with agent(path, one_status):
        while await news.get() != STATUS:
            pass
        assert await news.get() == "not running"
    following.cancel()


@pytest.mark.parametrize(
    "data",
    [
        b"hello\n",
        b"\xff\n",
        b'{"jsonrpc":"2.0","method":"event","params":{}}\n',
        b'{"jsonrpc":"2.0","method":"event","params":{"status":{"packs":7}}}\n',
        event(Status(protocol=2)),
        b"x" * (3 * control.MAX_LINE_BYTES),
    ],
)
async def test_nonsense_is_another_version(tmp_path: Path, data: bytes) -> None:
    async with agent(tmp_path / "control.sock", says(data)):
        assert await first(ControlClient(tmp_path / "control.sock", retry=0), 1) == [
            "other version"
        ]


async def test_half_a_line_is_an_agent_that_went(tmp_path: Path) -> None:
    async with agent(tmp_path / "control.sock", says(event(STATUS)[:-20])):
        news = await first(ControlClient(tmp_path / "control.sock", retry=0), 1)
    assert news == ["not running"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may open every socket")
async def test_a_socket_of_others_is_not_allowed(tmp_path: Path) -> None:
    path = tmp_path / "control.sock"
    async with agent(path, one_status):
        os.chmod(path, 0)  # noqa: PTH101 - pathlib's blocks the same
        assert await first(ControlClient(path, retry=0), 1) == ["not allowed"]


async def test_a_wish_is_granted_or_refused_with_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "control.sock"
    failure = control.Failure(control.FAILED, "Not enrolled.", "Enrol.", 10)
    refusal = control.encode_line(control.failure(1, failure))
    async with agent(path, says(refusal)):
        assert await ControlClient(path).sync() == failure
    async with agent(path, says(control.encode_line(control.response(1, {"round": 1})))):
        assert await ControlClient(path).sync() is None


async def test_a_wish_without_an_agent_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        await ControlClient(tmp_path / "control.sock").sync()


async def test_an_agent_that_leaves_without_an_answer_is_an_error(tmp_path: Path) -> None:
    async with agent(tmp_path / "control.sock", says(b"")):
        with pytest.raises((RefusedError, OSError, msgspec.DecodeError)):
            await ControlClient(tmp_path / "control.sock").sync()
