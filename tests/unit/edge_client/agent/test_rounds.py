"""The agent's rounds with real worker processes, seen through the control socket."""

import asyncio
import json
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from cache.clock import Clock
from cache.journal import Journal
from cache.journal_wishes import Wish, keep_wish
from cache.state import StateDirectory
from core import control
from core.control import Status
from core.errors import ExhaustedError
from core.names import PackId
from edge_client.agent.board import Board
from edge_client.agent.rounds import Means, Rounds
from edge_client.agent.schedule import Schedule
from edge_client.agent.server import serving
from edge_client.agent.workers import Worker
from edge_client.readings import Reader, Readings
from tests.support.control_client import Client

PROGRAM = Path(__file__).parents[3] / "support" / "fake_worker.py"
HOUR = 3600.0


class Node:
    """A running agent with its state directory and one client."""

    def __init__(self, root: Path, client: Client, rounds: Rounds) -> None:
        self.root = root
        self.client = client
        self.rounds = rounds

    def enrol(self, school: str = "s1") -> None:
        text = json.dumps({"url": "https://hub", "node": "n1", "school": school, "more": 1})
        (self.root / "identity.json").write_text(text)

    def behave(self, behaviour: str) -> None:
        (self.root / "behaviour").write_text(behaviour)

    def wish(self, item: str) -> None:
        """Let a teacher wish an item of the pack that the worker fetches."""
        one = Wish(pack=PackId("gd/zhuhai/fractions"), item=item, wanted_by=None,
                   teacher="王老师", at=1.0)  # fmt: skip
        at = datetime(2027, 3, 2, tzinfo=UTC)
        state = StateDirectory(self.root)
        with closing(Journal(state, fresh_epoch=b"12345678", at=at, acknowledged={})) as journal:
            assert journal.change(lambda connection: keep_wish(connection, one))

    def hold(self, *, held: bool = True) -> None:
        """Let nothing travel by line, or something again."""
        path = self.root / "held"
        path.touch() if held else path.unlink()
        self.rounds.line_changed()

    def runs(self) -> list[str]:
        path = self.root / "runs"
        return path.read_text().split() if path.exists() else []

    async def until(self, true: Callable[[Status], bool]) -> Status:
        """Ask until the status is as wanted."""
        while not true(status := await self.status()):  # noqa: ASYNC110 - behind a socket
            await asyncio.sleep(0.02)
        return status

    async def status(self) -> Status:
        return control.decode_status((await self.client.call("status"))["result"])

    async def sync(self) -> dict[str, Any]:
        client = await Client.open(self.root / control.SOCKET_NAME)
        answer = await client.call("sync", wait=True)
        await client.close()
        return answer


def silence(root: Path) -> float:
    """Say for how long a worker may say nothing; one that does not hang takes time to start."""
    behaviour = root / "behaviour"
    hangs = behaviour.exists() and behaviour.read_text() == "hang"
    return 3.0 if hangs else 60.0


def is_held(root: Path) -> bool:
    if (root / "broken").exists():
        raise ExhaustedError("The disk is broken.")
    return (root / "held").exists()


@pytest.fixture
async def node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Node]:
    monkeypatch.setenv("PYTHONPATH", str(PROGRAM.parents[2]))
    clock = Clock()
    means = Means(
        clock,
        command=lambda errand: [sys.executable, str(PROGRAM), str(tmp_path), errand.task],
        chance=lambda: 0.5,
        worker=lambda command, receive: Worker(
            command, receive, silence=silence(tmp_path), patience=0.2
        ),
        is_held=lambda: is_held(tmp_path),
    )
    rounds = Rounds(
        Board(clock, portal="http://127.0.0.1/"),
        Reader(StateDirectory(tmp_path)),
        Schedule(HOUR),
        means,
    )
    async with serving(tmp_path / control.SOCKET_NAME, rounds):
        work = asyncio.create_task(rounds.run())
        client = await Client.open(tmp_path / control.SOCKET_NAME)
        yield Node(tmp_path, client, rounds)
        await client.close()
        work.cancel()
        with suppress(asyncio.CancelledError):
            await work


async def test_before_enrolment_nothing_runs_and_the_status_says_what_to_do(node: Node) -> None:
    status = await node.until(lambda status: status.activity == "waiting")

    assert status.reason == "This machine is not enrolled yet."
    assert (await node.sync())["error"]["exit_code"] == 10
    assert node.runs() == []


async def test_while_the_line_is_held_it_turns_to_other_nodes(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge_client.agent.rounds._COMPANY_LOOK_SECONDS", 0.05)
    node.rounds._schedule.has_company = True  # noqa: SLF001
    (node.root / "held").touch()
    node.enrol()

    async with asyncio.timeout(20):
        while node.runs() != ["peers"]:  # noqa: ASYNC110 - another process writes it
            await asyncio.sleep(0.02)
    await asyncio.sleep(0.3)

    assert node.runs() == ["peers"]
    assert (await node.status()).line == "unknown"


async def test_rules_that_cannot_be_read_stop_no_round(node: Node) -> None:
    (node.root / "broken").touch()
    node.enrol()

    status = await node.until(lambda status: status.line == "up" and status.activity == "idle")

    assert status.reason == ""
    assert (await node.sync())["result"]["exit_code"] == 0
    assert node.runs() == ["pull", "pull"]


async def test_after_enrolment_it_polls_by_itself(node: Node) -> None:
    await node.until(lambda status: status.activity == "waiting")
    node.enrol()

    status = await node.until(lambda status: status.line == "up" and status.activity == "idle")

    assert (status.node, status.school, status.reason) == ("n1", "s1", "")
    assert status.last_contact is not None
    assert status.last_contact < 60
    assert status.next_try is not None
    assert status.next_try > HOUR / 2
    assert node.runs() == ["pull"]


async def test_sync_runs_at_once_and_answers_when_it_has_ended(node: Node) -> None:
    node.enrol()
    await node.until(lambda status: status.line == "up" and status.activity == "idle")

    assert (await node.sync())["result"]["exit_code"] == 0
    assert len(node.runs()) == 2


async def test_progress_is_seen_while_fetching_and_gone_afterwards(node: Node) -> None:
    node.behave("fetch")
    node.enrol()

    status = await node.until(lambda status: (status.transfer or EMPTY).done == 400)
    assert status.activity == "fetching"
    assert status.transfer is not None
    assert (status.transfer.total, status.transfer.item) == (1000, "lesson-1")

    asked = asyncio.create_task(node.sync())
    await node.until(lambda _: bool(node.rounds._waiting))  # noqa: SLF001 - nobody tells it
    (node.root / "go").touch()
    report = (await asked)["result"]
    assert report["changed"]
    assert len(report["runs"]) == 2
    assert (await node.until(lambda status: status.activity == "idle")).transfer is None
    assert node.runs() == ["pull", "pull"]


async def test_it_is_idle_only_once_it_has_seen_what_the_worker_changed(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    node.behave("fetch")
    node.enrol()
    await node.until(lambda status: (status.transfer or EMPTY).done == 400)
    read = Reader.read

    def slowly(reader: Reader) -> Readings:
        time.sleep(0.3)
        return read(reader)

    monkeypatch.setattr(Reader, "read", slowly)
    node.enrol(school="s2")
    (node.root / "go").touch()
    status = await node.until(lambda status: status.activity == "idle")
    assert (status.school, status.transfer) == ("s2", None)


async def test_a_look_that_takes_long_does_not_undo_a_later_one(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    node.behave("fetch")
    node.enrol()
    await node.until(lambda status: (status.transfer or EMPTY).done == 400)
    read, has_looked, may_tell = Reader.read, threading.Event(), threading.Event()

    def slowly(reader: Reader) -> Readings:
        found = read(reader)
        if not has_looked.is_set():
            has_looked.set()
            assert may_tell.wait(60)
        return found

    monkeypatch.setattr(Reader, "read", slowly)
    node.rounds.look()
    assert await asyncio.to_thread(has_looked.wait, 60)
    node.enrol(school="s2")
    (node.root / "go").touch()
    # Longer than the worker takes to end.
    asyncio.get_running_loop().call_later(1.0, may_tell.set)
    status = await node.until(lambda status: status.activity == "idle")
    assert status.school == "s2"
    await asyncio.to_thread(may_tell.wait, 60)
    await asyncio.sleep(0.1)
    assert (await node.status()).school == "s2"


async def test_a_new_wish_begins_a_round_once(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge_client.agent.rounds._LOOK_SECONDS", 0.05)
    node.enrol()
    await node.until(lambda status: status.line == "up" and status.activity == "idle")
    assert node.runs() == ["pull"]

    node.wish("lesson-7")

    await node.until(lambda status: len(node.runs()) == 2 and status.activity == "idle")
    status = await node.until(lambda status: bool(status.wishes))
    assert [(one.item, one.state) for one in status.wishes] == [("lesson-7", "waiting")]
    await asyncio.sleep(1.5)
    assert node.runs() == ["pull", "pull"]


async def test_a_pull_that_runs_makes_way_for_a_new_wish_and_begins_again(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge_client.agent.rounds._LOOK_SECONDS", 0.05)
    node.behave("fetch")
    node.enrol()
    await node.until(lambda status: (status.transfer or EMPTY).done == 400)

    node.wish("lesson-1")

    await node.until(lambda _: len(node.runs()) == 2)
    status = await node.until(lambda status: (status.transfer or EMPTY).done == 400)
    assert [(one.item, one.state) for one in status.wishes] == [("lesson-1", "fetching")]
    (node.root / "go").touch()
    await node.until(lambda status: status.activity == "idle")
    assert node.runs() == ["pull", "pull"]


async def test_a_pull_that_runs_makes_way_for_other_settings_of_the_line(node: Node) -> None:
    node.behave("fetch")
    node.enrol()
    await node.until(lambda status: (status.transfer or EMPTY).done == 400)

    node.rounds.line_changed()

    await node.until(lambda _: len(node.runs()) == 2)
    (node.root / "go").touch()
    await node.until(lambda status: status.activity == "idle")
    assert node.runs() == ["pull", "pull"]


async def test_other_settings_of_the_line_begin_a_round_when_none_runs(node: Node) -> None:
    node.enrol()
    await node.until(lambda status: status.line == "up" and status.activity == "idle")

    node.rounds.line_changed()

    await node.until(lambda status: len(node.runs()) == 2 and status.activity == "idle")


async def test_while_nothing_may_travel_nothing_runs_unless_a_person_asks(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge_client.agent.rounds._LOOK_SECONDS", 0.02)
    node.hold()
    node.enrol()
    await node.until(lambda status: status.node == "n1")
    await asyncio.sleep(0.3)
    assert node.runs() == []

    assert (await node.sync())["result"]["exit_code"] == 0
    assert node.runs() == ["pull"]

    node.hold(held=False)
    await node.until(lambda _: len(node.runs()) == 2)


async def test_a_pull_that_runs_stops_when_nothing_may_travel_any_more(node: Node) -> None:
    node.behave("fetch")
    node.enrol()
    await node.until(lambda status: (status.transfer or EMPTY).done == 400)

    node.hold()

    status = await node.until(lambda status: status.activity == "idle")
    assert (status.transfer, status.next_try, status.problems) == (None, None, [])
    assert node.runs() == ["pull"]
    node.hold(held=False)
    await node.until(lambda status: (status.transfer or EMPTY).done == 400)
    assert node.runs() == ["pull", "pull"]


async def test_a_line_that_is_down_is_told_and_tried_again(node: Node) -> None:
    node.behave("offline")
    node.enrol()

    status = await node.until(lambda status: status.line == "down")
    assert status.reason == "The hub does not answer."
    assert status.reason_wording is not None
    assert status.reason_wording.template == "{upstream} does not answer."
    assert status.reason_wording.fields == {"upstream": "The hub"}

    node.behave("ok")
    status = await node.until(lambda status: status.line == "up" and status.activity == "idle")
    assert status.reason == ""


async def test_what_is_refused_stays_as_a_problem_until_a_better_run(node: Node) -> None:
    node.behave("refused")
    node.enrol()
    await node.until(lambda status: status.problems == ["The tip is not signed."])

    assert (await node.sync())["result"]["exit_code"] == 12
    node.behave("ok")
    assert (await node.sync())["result"]["exit_code"] == 0
    assert (await node.status()).problems == []


@pytest.mark.parametrize(("behaviour", "words"), [("crash", "SIGKILL"), ("hang", "nothing was")])
async def test_a_worker_that_fails_badly_is_contained(
    node: Node, behaviour: str, words: str
) -> None:
    node.behave(behaviour)
    node.enrol()

    status = await node.until(lambda status: bool(status.problems))
    assert words in status.problems[0]
    node.behave("ok")
    await node.until(lambda status: status.line == "up" and not status.problems)


@pytest.fixture
def contacted(tmp_path: Path) -> None:
    """Let the hub have answered before the agent starts, which looks at it once."""
    from cache.agent_db import AgentDatabase

    state = StateDirectory(tmp_path)
    state.create()
    with AgentDatabase(state) as database:
        database.note_contact(Clock().wall())


@pytest.mark.usefixtures("contacted")
async def test_the_last_contact_is_remembered_from_before(node: Node) -> None:
    node.behave("offline")
    node.enrol()

    status = await node.until(lambda status: status.line == "down")

    assert status.last_contact is not None
    assert status.last_contact < 100


EMPTY = control.Transfer(
    pack="", title={}, version=1, done=0, total=0, rate=0.0, seconds_left=None
)  # fmt: skip
