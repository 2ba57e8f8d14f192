"""The screen's connection, over real Unix sockets, with agents that behave and that do not."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from core import control
from core.control import Status, Wording
from core.control_calls import Teacher
from tui.client import ControlClient

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[Any, Any, None]]
STATUS = Status(node="n", school="s")


@asynccontextmanager
async def agent(path: Path, serve: Serve) -> AsyncIterator[None]:
    """Listen at ``path``; all that was said there has ended when this ends."""
    connections: set[asyncio.Task[None]] = set()

    async def tracked(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await serve(reader, writer)
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.add(asyncio.create_task(tracked(reader, writer)))

    server = await asyncio.start_unix_server(accept, str(path))
    try:
        yield
    finally:
        server.close()
        await asyncio.gather(*connections, return_exceptions=True)


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


async def test_a_call_gives_its_result_in_its_type(tmp_path: Path) -> None:
    path = tmp_path / "control.sock"
    answer = control.encode_line(control.response(1, [{"name": "Li", "since": "2026-09-01"}]))
    async with agent(path, says(answer)):
        outcome = await ControlClient(path).call("teachers", list[Teacher])

    assert outcome == [Teacher(name="Li", since="2026-09-01")]


async def test_a_call_takes_its_parameters_along(tmp_path: Path) -> None:
    asked: list[control.Request] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(control.decode_request(await reader.readline()))
        writer.write(control.encode_line(control.response(1, {})))
        await writer.drain()
        writer.close()

    async with agent(tmp_path / "control.sock", serve):
        await ControlClient(tmp_path / "control.sock").call("usage", dict, 5.0, days=31)

    assert (asked[0].method, asked[0].params) == ("usage", {"days": 31})


async def test_a_refusal_comes_with_its_wording(tmp_path: Path) -> None:
    failure = control.Failure(
        control.FAILED, "Not x.", "Enrol.", 10, Wording(template="Not {a}.", fields={"a": "x"})
    )
    async with agent(tmp_path / "c", says(control.encode_line(control.failure(1, failure)))):
        assert await ControlClient(tmp_path / "c").call("sync", dict) == failure


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "The node's agent is not running."),
        (b"hello\n", "The message cannot be read"),
        (event(STATUS), "The node's agent is of another version than this screen."),
        (
            control.encode_line(
                control.failure(1, control.Failure(control.UNKNOWN_METHOD, "There is no method."))
            ),
            "The node's agent is of another version than this screen.",
        ),
        (
            control.encode_line(control.response(1, [{"who": 7}])),
            "The node's answer cannot be read",
        ),
        (b"x" * (3 * control.MAX_LINE_BYTES), "The agent's line is too long."),
    ],
)
async def test_an_answer_that_is_none_is_a_failure_with_words(
    tmp_path: Path, data: bytes, message: str
) -> None:
    async with agent(tmp_path / "control.sock", says(data)):
        outcome = await ControlClient(tmp_path / "control.sock").call("teachers", list[Teacher])

    assert isinstance(outcome, control.Failure)
    assert outcome.message.startswith(message)
    assert outcome.wording is not None


async def test_an_agent_that_does_not_answer_is_told(tmp_path: Path) -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with agent(tmp_path / "control.sock", silent):
        outcome = await ControlClient(tmp_path / "control.sock").call("doctor", list, 0.05)

    assert isinstance(outcome, control.Failure)
    assert outcome.message == "The node's agent does not answer."


async def test_a_call_without_an_agent_is_a_failure(tmp_path: Path) -> None:
    outcome = await ControlClient(tmp_path / "control.sock").call("sync", dict)

    assert isinstance(outcome, control.Failure)
    assert outcome.message == "The node's agent is not running."
