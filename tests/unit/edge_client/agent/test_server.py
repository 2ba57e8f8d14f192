"""The control socket, over real Unix sockets, with clients that behave and that do not."""

import asyncio
import socket
import stat
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import msgspec
import pytest

from core import control
from core.control import Status
from core.errors import NoStateError, UsageError
from edge_client.agent import server
from edge_client.agent.methods import method
from edge_client.report import RoundReport
from tests.support.clock import FixedClock
from tests.support.control_client import Client


class FakeService:
    """A node whose state tests set."""

    def __init__(self) -> None:
        self.number = 0
        self.news = asyncio.Event()
        self.enrolled = True
        self.school = "s"
        self.rounds = 0
        self.ended: asyncio.Future[RoundReport] = asyncio.get_running_loop().create_future()

    def change(self) -> None:
        self.number += 1
        self.news.set()
        self.news = asyncio.Event()

    def status(self) -> Status:
        return Status(school=self.school, backlog=self.number)

    async def changed(self, seen: int) -> int:
        while self.number <= seen:
            await self.news.wait()
        return self.number

    def sync(self) -> int:
        if not self.enrolled:
            raise NoStateError("Not enrolled.", hint="Enrol it.")
        self.rounds += 1
        return self.rounds

    async def round_ended(self, number: int) -> RoundReport:
        del number
        return await asyncio.shield(self.ended)


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[FakeService]:
    it = FakeService()
    async with server.serving(tmp_path / "control.sock", it):
        yield it


@pytest.fixture
async def client(tmp_path: Path, service: FakeService) -> AsyncIterator[Client]:
    del service
    it = await Client.open(tmp_path / "control.sock")
    yield it
    await it.close()


async def test_status_is_answered(client: Client) -> None:
    answer = await client.call("status", 7)

    assert answer["id"] == 7
    assert control.decode_status(answer["result"]).school == "s"


async def test_only_owner_and_group_may_open_the_socket(
    service: FakeService, tmp_path: Path
) -> None:
    del service
    mode = (tmp_path / "control.sock").stat().st_mode

    assert stat.S_ISSOCK(mode)
    assert stat.S_IMODE(mode) == 0o660


async def test_a_watcher_gets_the_status_at_once_and_at_every_change(
    client: Client, service: FakeService
) -> None:
    await client.call("watch")
    first = await client.receive()
    service.change()
    second = await client.receive()

    assert first["method"] == second["method"] == "event"
    assert first["params"]["status"]["backlog"] == 0
    assert second["params"]["status"]["backlog"] == 1


async def test_many_changes_become_few_events_and_the_last_one_counts(
    client: Client, service: FakeService
) -> None:
    loop = asyncio.get_running_loop()
    began = loop.time()
    await client.call("watch")
    for _ in range(1000):
        service.change()
        await asyncio.sleep(0)
    took = loop.time() - began
    events = 0
    while (await client.receive())["params"]["status"]["backlog"] < 1000:
        events += 1
    # Four a second, however long the machine takes.
    assert events <= 2 + int(4 * took)


async def test_sync_answers_at_once_or_when_the_round_has_ended(
    client: Client, service: FakeService
) -> None:
    assert (await client.call("sync"))["result"] == {"round": 1}

    waiting = asyncio.create_task(client.call("sync", 2, wait=True))
    other = await Client.open(Path(client.writer.get_extra_info("peername")))
    await other.call("status")
    assert not waiting.done()
    service.ended.set_result(RoundReport(exit_code=14, message="No line.", hint="Wait."))

    answer = await waiting
    assert answer["result"]["exit_code"] == 14
    assert answer["result"]["message"] == "No line."
    await other.close()


async def test_a_known_error_is_told_with_its_exit_code(
    client: Client, service: FakeService
) -> None:
    service.enrolled = False

    error = (await client.call("sync"))["error"]

    assert error["message"] == "Not enrolled."
    assert error["exit_code"] == 10
    assert error["wording"]["template"] == "Not enrolled."


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"hello\n", control.PARSE_ERROR),
        (b"\xff\xfe\n", control.PARSE_ERROR),
        (b"\n", control.PARSE_ERROR),
        (b"[" * 60_000 + b"\n", control.PARSE_ERROR),
        (b"[]\n", control.INVALID_REQUEST),
        (b'{"jsonrpc":"1.0","method":"status","id":1}\n', control.INVALID_REQUEST),
        (b'{"jsonrpc":"2.0","method":1,"id":1}\n', control.INVALID_REQUEST),
        (b'{"jsonrpc":"2.0","method":"status","id":"x"}\n', control.INVALID_REQUEST),
        (b'{"jsonrpc":"2.0","method":"erase","id":1}\n', control.UNKNOWN_METHOD),
    ],
)
async def test_nonsense_is_answered_and_the_connection_goes_on(
    client: Client, line: bytes, code: int
) -> None:
    await client.send(line)

    assert (await client.receive())["error"]["code"] == code
    assert (await client.call("status"))["result"]["school"] == "s"


async def test_a_line_that_is_too_long_ends_the_connection_with_a_word(client: Client) -> None:
    await client.send(b"x" * (3 * server.MAX_REQUEST_BYTES))

    assert (await client.receive())["error"]["code"] == control.PARSE_ERROR
    assert await client.receive() == {}


async def test_a_notification_gets_no_answer(client: Client) -> None:
    await client.send(b'{"jsonrpc":"2.0","method":"status"}\n')

    assert (await client.call("status", 5))["id"] == 5


@pytest.mark.parametrize(
    "rest", [b'{"jsonrpc":"2.0",', b'{"jsonrpc":"2.0","method":"status","id":1}']
)
async def test_leaving_in_the_middle_of_a_line_disturbs_nobody(
    client: Client, tmp_path: Path, rest: bytes
) -> None:
    leaving = await Client.open(tmp_path / "control.sock")
    await leaving.send(rest)
    leaving.writer.transport.abort()

    assert (await client.call("status"))["result"]["school"] == "s"


async def test_fifty_clients_are_served_while_others_never_read(
    service: FakeService, tmp_path: Path
) -> None:
    deaf = [await Client.open(tmp_path / "control.sock") for _ in range(10)]
    call = b'{"jsonrpc":"2.0","method":"status","id":1}\n'
    for client in deaf:
        client.writer.write(call * 20_000)
    clients = [await Client.open(tmp_path / "control.sock") for _ in range(50)]
    for client in clients:
        await client.call("watch")
        await client.receive()
    service.change()

    events = await asyncio.gather(*(client.receive() for client in clients))

    assert {event["params"]["status"]["backlog"] for event in events} == {1}
    for client in deaf:
        client.writer.transport.abort()
    for client in clients:
        await client.close()


@pytest.mark.parametrize("deaf_call", ["status", "watch"])
async def test_a_client_that_does_not_read_is_cut_off(tmp_path: Path, deaf_call: str) -> None:
    service = FakeService()
    service.school = "s" * 300_000
    async with server.serving(tmp_path / "control.sock", service, patience=0.2):
        deaf = await Client.open(tmp_path / "control.sock")
        call = b'{"jsonrpc":"2.0","id":1,"method":"%s"}\n' % deaf_call.encode()
        deaf.writer.transport.pause_reading()  # type: ignore[attr-defined]
        deaf.writer.write(call * 20)
        for _ in range(8):
            service.change()
            await asyncio.sleep(0.3)

        # Nothing left over but what the socket's buffers took.
        deaf.writer.transport.resume_reading()  # type: ignore[attr-defined]
        received = 0
        with suppress(ConnectionError):
            while chunk := await asyncio.wait_for(deaf.reader.read(1 << 20), 10):
                received += len(chunk)
        assert received < 20 * 300_000
        assert deaf.reader.at_eof() or deaf.reader.exception() is not None
        deaf.writer.transport.abort()


async def test_one_client_too_many_is_turned_away(service: FakeService, tmp_path: Path) -> None:
    del service
    clients = [await Client.open(tmp_path / "control.sock") for _ in range(server.MAX_CLIENTS)]
    for client in clients:
        await client.call("status")

    late = await Client.open(tmp_path / "control.sock")
    assert await late.receive() == {}

    await clients[0].close()
    again = await Client.open(tmp_path / "control.sock")
    assert (await again.call("status"))["id"] == 1
    for client in (*clients[1:], late, again):
        await client.close()


@pytest.mark.parametrize("rounds", range(3, 8))
async def test_a_client_that_comes_just_as_it_ends_is_let_go(tmp_path: Path, rounds: int) -> None:
    with socket.socket(socket.AF_UNIX) as late:
        late.settimeout(20)
        async with server.serving(tmp_path / "control.sock", FakeService()):
            # The kernel's part of it; the loop takes two rounds to accept it and more to tell us.
            late.connect(str(tmp_path / "control.sock"))
            for _ in range(rounds):
                await asyncio.sleep(0)
        with suppress(ConnectionResetError):
            assert await asyncio.to_thread(late.recv, 1) == b""


async def test_a_dead_agents_socket_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "control.sock"
    path.write_bytes(b"left behind")

    async with server.serving(path, FakeService()):
        client = await Client.open(path)
        assert (await client.call("status"))["id"] == 1
        await client.close()
    assert not path.exists()


async def test_a_path_that_no_socket_can_have_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="too long"):
        async with server.serving(tmp_path / ("x" * 200), FakeService()):
            pass


async def test_a_directory_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be made"):
        async with server.serving(tmp_path / "no" / "control.sock", FakeService()):
            pass


class Word(msgspec.Struct):
    """The parameters of a made-up method."""

    word: str


@pytest.fixture
async def slow(tmp_path: Path) -> AsyncIterator[asyncio.Event]:
    """Serve a method that answers when the event is set, and one that has a bug."""
    go = asyncio.Event()

    async def echo(call: Word) -> str:
        await go.wait()
        done.append(call.word)
        return call.word

    async def bug(_call: Word) -> str:
        raise ZeroDivisionError

    done: list[str] = []
    clock = FixedClock()
    methods = {"echo": method(clock, Word, echo, burst=50), "bug": method(clock, Word, bug)}
    async with server.serving(tmp_path / "control.sock", FakeService(), methods):
        yield go


async def test_a_slow_call_holds_up_no_other(slow: asyncio.Event, tmp_path: Path) -> None:
    client = await Client.open(tmp_path / "control.sock")
    waiting = asyncio.create_task(client.call("echo", 1, word="a"))
    await asyncio.sleep(0.05)
    other = await Client.open(tmp_path / "control.sock")
    assert (await other.call("status", 2))["id"] == 2

    slow.set()

    assert (await waiting)["result"] == "a"
    wrong = (await other.call("echo", 3, word=7))["error"]
    assert wrong["exit_code"] == 2
    known = (await other.call("erase", 4))["error"]["hint"]
    assert "echo" in known
    assert "watch" in known
    await client.close()
    await other.close()


async def test_a_connection_waits_for_so_many_answers_only(
    slow: asyncio.Event, tmp_path: Path
) -> None:
    client = await Client.open(tmp_path / "control.sock")
    for number in range(server.MAX_CALLS):
        line = b'{"jsonrpc":"2.0","id":%d,"method":"echo","params":{"word":"a"}}\n'
        await client.send(line % number)

    refused = await client.call("echo", 99, word="b")

    assert "too many answers" in refused["error"]["message"]
    slow.set()
    answers = [await client.receive() for _ in range(server.MAX_CALLS)]
    assert sorted(answer["id"] for answer in answers) == list(range(server.MAX_CALLS))
    await client.close()


async def test_a_bug_in_a_method_is_seen_and_costs_one_connection(
    slow: asyncio.Event, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    del slow
    client = await Client.open(tmp_path / "control.sock")

    with suppress(ConnectionError):
        assert await client.call("bug", word="a") == {}

    assert "ZeroDivisionError" in caplog.text
    other = await Client.open(tmp_path / "control.sock")
    assert (await other.call("status", 1))["id"] == 1
    await other.close()
    client.writer.transport.abort()
