"""Statements reach the hub once, in order, whatever it and the line do."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from cache.agent_db import AgentDatabase
from cache.journal import Journal
from cache.line_settings import write_line_settings
from cache.school_clock import SchoolClock
from core.errors import ExitCode, NoStateError
from core.line.settings import LineSettings
from core.statement import (
    Acknowledgement,
    Poisoned,
    Rejection,
    decode_batch,
    decode_signed_batch,
    signed_message,
)
from core.token import node_name
from core.usage import Recorded, encode_record
from sync.events import Done, Summary, Uploading
from sync.identity import Identity, make_key, public_bytes, save_identity
from sync.line_rules import LineRules
from sync.line_use import LineUse
from sync.upload import run_upload
from tests.support.clock import FixedClock
from tests.support.http_repository import Answer, Asked, Fault, HttpRepository
from tests.support.line import ALWAYS
from tests.support.node_state import Node, make_node

EPOCHS = [b"epoch--1", b"epoch--2"]


class Hub:
    """Takes batches as the real one does, and remembers what came in which order."""

    def __init__(self, public_key: bytes) -> None:
        self.public_key = Ed25519PublicKey.from_public_bytes(public_key)
        self.held: dict[bytes, dict[int, object]] = {}
        self.order: list[tuple[bytes, int, int]] = []
        self.poison: set[int] = set()
        self.refusal = 400

    def post(self, path: str, data: bytes) -> Answer:
        assert path == "v1/statements"
        batch = decode_signed_batch(data)
        message = signed_message(batch.hub, batch.node, batch.epoch, batch.first, batch.body)
        self.public_key.verify(batch.signature, message)
        rows = decode_batch(batch.body)
        numbers = range(batch.first, batch.first + len(rows))
        if self.poison & set(numbers):
            return answer(self.refusal, {"error": "The batch is damaged.", "hint": ""})
        self.order.append((batch.epoch, numbers[0], numbers[-1]))
        held = self.held.setdefault(batch.epoch, {})
        held.update(zip(numbers, rows, strict=True))
        rejected = [
            Rejection(number, row.reason)
            for number, row in zip(numbers, rows, strict=True)
            if isinstance(row, Poisoned)
        ]
        contiguous = next(n for n in range(len(held) + 1) if n + 1 not in held)
        return answer(200, Acknowledgement(batch.epoch.hex(), contiguous, rejected))


def answer(status: int, value: object) -> Answer:
    return Answer(status, msgspec.json.encode(value), {"Content-Type": "application/json"})


class World:
    """A node with a journal, and a hub on loopback."""

    def __init__(self, path: Path, server: HttpRepository) -> None:
        self.node: Node = make_node(path, b"root", FixedClock())
        key = public_bytes(make_key(self.node.state))
        self.hub = Hub(key)
        self.server = server
        server.posts = self.hub.post
        save_identity(
            self.node.state,
            Identity(
                url=server.url,
                hub="hub",
                node=node_name(key),
                school="s",
                token="t",
                root_version=1,
            ),
        )
        self.journal = Journal(
            self.node.state, fresh_epoch=EPOCHS[0], at=self.node.clock.wall(), acknowledged={}
        )

    def record(self, count: int, start: int = 0) -> None:
        self.append([encode_record(recorded(start + number)) for number in range(count)])

    def append(self, records: list[bytes]) -> None:
        self.journal.append(records, at=self.node.clock.wall())

    def upload(self) -> Summary:
        return run_upload(self.node.context(None))

    def acknowledged(self) -> dict[bytes, int]:
        agent = AgentDatabase(self.node.state)
        found = agent.reader.acknowledged()
        agent.close()
        return found


def recorded(number: int) -> Recorded:
    return Recorded(
        verb="played", pack="a/b/c", version=1, item="x", session="s", boot="b", offset=number, at=9
    )


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with HttpRepository(tmp_path) as server:
        made = World(tmp_path / "node", server)
        yield made
        made.journal.close()


def test_everything_arrives_once_and_in_order(world: World) -> None:
    world.record(4500)
    world.journal.begin_epoch(EPOCHS[1], "restore", at=world.node.clock.wall())
    world.record(3, start=9000)
    summary = world.upload()
    assert (summary.exit_code, summary.acknowledged, summary.backlog) == (0, 4503, 0)
    assert world.hub.order == [
        (EPOCHS[0], 1, 2000),
        (EPOCHS[0], 2001, 4000),
        (EPOCHS[0], 4001, 4500),
        (EPOCHS[1], 1, 3),
    ]
    assert [one.offset for one in world.hub.held[EPOCHS[1]].values()] == [9000, 9001, 9002]  # type: ignore[attr-defined]
    assert world.acknowledged() == {EPOCHS[0]: 4500, EPOCHS[1]: 3}
    assert isinstance(world.node.events[-1], Done)
    assert [one.backlog for one in world.node.events if isinstance(one, Uploading)][-1] == 0
    assert summary.traffic.sent / 4503 < 6


def test_nothing_to_send_asks_nobody(world: World) -> None:
    assert world.upload().exit_code == 0
    assert world.server.requests == []


def test_an_answer_that_was_lost_is_asked_for_again(world: World) -> None:
    world.record(10)
    calls: list[Asked] = []

    def fault(asked: Asked) -> Fault | None:
        calls.append(asked)
        return Answer(200, b"", {}) if len(calls) == 1 else None

    world.server.fault = fault
    first = world.upload()
    assert first.exit_code == ExitCode.REFUSED
    assert world.acknowledged() == {}
    assert world.upload().exit_code == 0
    assert sorted(world.hub.held[EPOCHS[0]]) == list(range(1, 11))


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_busy_hub_is_left_in_peace(world: World, status: int) -> None:
    world.record(10)
    world.server.fault = lambda _: Answer(status, b"", {"Retry-After": "30"})
    summary = world.upload()
    assert (summary.exit_code, summary.retry_after) == (ExitCode.OFFLINE, 30)
    assert (summary.backlog, world.acknowledged()) == (10, {})
    assert len(world.server.requests) == 1


def test_a_hub_that_does_not_know_the_node_says_so(world: World) -> None:
    world.record(10)
    world.server.fault = lambda _: answer(403, {"error": "No such node.", "hint": "Enrol again."})
    summary = world.upload()
    assert summary.exit_code == ExitCode.REFUSED
    assert (summary.problems[0].text, summary.problems[0].hint) == ("No such node.", "Enrol again.")
    assert (summary.reached, world.acknowledged()) == (True, {})


def test_a_poisoned_record_is_isolated_and_the_rest_goes_on(world: World) -> None:
    world.record(50)
    world.hub.poison = {17}
    summary = world.upload()
    assert (summary.exit_code, summary.acknowledged, summary.rejected) == (0, 50, 1)
    assert sorted(world.hub.held[EPOCHS[0]]) == [n for n in range(1, 51) if n != 17]
    assert world.acknowledged() == {EPOCHS[0]: 50}
    agent = AgentDatabase(world.node.state)
    assert [(one.sequence, one.reason) for one in agent.reader.refused()] == [
        (17, "The batch is damaged.")
    ]
    agent.close()


def test_a_record_that_cannot_be_read_does_not_block_the_queue(world: World) -> None:
    world.record(2)
    world.append([b"\xff not a statement"])
    world.record(2, start=2)
    summary = world.upload()
    assert (summary.exit_code, summary.acknowledged, summary.rejected) == (0, 5, 1)
    assert world.acknowledged() == {EPOCHS[0]: 5}


def test_a_hub_restored_from_a_backup_gets_again_what_is_still_here(world: World) -> None:
    world.record(20)
    world.upload()
    for number in range(11, 21):
        del world.hub.held[EPOCHS[0]][number]
    world.record(5, start=20)
    assert world.upload().exit_code == 0
    assert sorted(world.hub.held[EPOCHS[0]]) == list(range(1, 26))


def test_a_hub_that_acknowledges_something_else_is_not_believed(world: World) -> None:
    world.record(3)
    world.server.fault = lambda _: answer(200, Acknowledgement("00" * 8, 3))
    assert world.upload().exit_code == ExitCode.REFUSED
    assert world.acknowledged() == {}


def test_a_hub_cannot_acknowledge_what_was_never_made(world: World) -> None:
    world.record(3)
    world.server.fault = lambda _: answer(200, Acknowledgement(EPOCHS[0].hex(), 10**9))
    world.upload()
    assert world.acknowledged() == {EPOCHS[0]: 3}


def test_what_stops_for_a_pause_has_not_failed(world: World) -> None:
    world.record(3000)
    state, clock = world.node.state, world.node.clock
    assert isinstance(clock, FixedClock)
    rules = LineRules(state, SchoolClock(state, clock), clock.wall, clock.monotonic)

    def take_and_pause(path: str, data: bytes) -> Answer:
        write_line_settings(state.line_settings, LineSettings(paused=True))
        clock.advance(3)
        return world.hub.post(path, data)

    world.server.posts = take_and_pause
    write_line_settings(state.line_settings, LineSettings(week=ALWAYS))
    with closing(LineUse(state, rules, clock.monotonic)) as line:
        context = replace(world.node.context(None), line=line)
        first, second = run_upload(context), run_upload(context)

    assert (first.exit_code, first.hold, first.acknowledged) == (0, "paused", 2000)
    assert (first.backlog, first.problems, first.reached) == (1000, [], True)
    # Nothing of this one came to be: whoever asked for it is told.
    assert (second.exit_code, second.hold, second.reached) == (ExitCode.EXHAUSTED, "paused", False)
    assert [one.text for one in second.problems] == ["The line is paused."]


def test_without_enrolment_there_is_nobody_to_send_to(tmp_path: Path) -> None:
    node = make_node(tmp_path / "node", b"root")
    with pytest.raises(NoStateError):
        run_upload(node.context(None))


def test_a_hub_out_of_reach(world: World) -> None:
    world.record(3)
    save_identity(
        world.node.state,
        Identity(
            url="http://127.0.0.1:9", hub="h", node="n", school="s", token="t", root_version=1
        ),
    )
    summary = world.upload()
    assert (summary.exit_code, summary.reached) == (ExitCode.OFFLINE, False)
    assert summary.backlog == 3


def test_what_another_node_sent_under_the_same_numbers_acknowledges_nothing_here(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A card that was copied with its journal: both go on with the same epoch and numbers."""
    monkeypatch.setattr("sync.upload.MOST_STATEMENTS", 2)
    world.hub.held[EPOCHS[0]] = {3: "of the copy", 4: "of the copy"}
    world.record(5)
    assert world.upload().acknowledged == 5
    assert world.hub.order == [(EPOCHS[0], 1, 2), (EPOCHS[0], 3, 4), (EPOCHS[0], 5, 5)]
