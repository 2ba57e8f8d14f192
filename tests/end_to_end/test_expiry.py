"""Signatures that grow old: renewed in time by themselves; past their end a school goes on.

A hub whose timestamp key is gone stands for one that nobody looks after: it serves on, and
renews nothing.
"""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from core.errors import ExitCode
from core.trust.roles import TIMESTAMP_PERIOD
from hub.decide import renewal_due
from hub.published import load_published
from hub.serve.background import RETRY_SECONDS
from hub.stick.export import Telling, Wish, export
from sync.stick.importing import run_import
from tests.support.clocked_world import DAY, ClockedNode, ClockedWorld, clocked_world
from tests.support.commands import data, run, serving
from tests.support.moved_clock import moved_clock
from tests.support.running_node import RunningNode

FISH = "gd/zhuhai/fish"
ENDED = "The hub's signatures ended on"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[ClockedWorld]:
    with clocked_world(tmp_path) as made:
        made.publish(FISH, {"a.txt": b"one"}, 1)
        yield made


def until(condition: Callable[[], bool]) -> None:
    """Wait until something that comes by itself has come."""
    for _ in range(600):
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError(condition)


def versions(world: ClockedWorld) -> tuple[int, int]:
    """Give the versions of timestamp and snapshot."""
    published = load_published(world.hub.repository)
    return published.timestamp.version, published.snapshot.version


def problems(node: ClockedNode) -> list[str]:
    return node.status().problems


def test_a_running_hub_renews_timestamp_and_snapshot_at_a_third_of_their_life(
    world: ClockedWorld,
) -> None:
    node = world.enrol("s1")
    assert node.poll().exit_code == ExitCode.DONE
    timestamp, snapshot = versions(world)
    world.clock.advance(29 * DAY)
    node.poll()
    assert versions(world) == (timestamp, snapshot)
    world.clock.advance(1.1 * DAY)
    until(lambda: versions(world) == (timestamp + 1, snapshot))
    world.clock.advance(30 * DAY)
    until(lambda: versions(world) == (timestamp + 2, snapshot + 1))
    assert node.poll().exit_code == ExitCode.DONE
    assert problems(node) == []
    assert node.files(FISH) == {"a.txt": b"one"}


def test_a_node_says_long_before_that_signatures_end(world: ClockedWorld) -> None:
    node = world.enrol("s1")
    node.poll()
    world.clock.advance(59 * DAY)
    assert problems(node) == []
    world.clock.advance(2 * DAY)
    [one] = problems(node)
    assert one == "The hub's signatures end on 2027-02-22: after that nothing new is installed."


def test_past_its_end_a_node_serves_says_why_and_recovers_by_line(world: ClockedWorld) -> None:
    node = world.enrol("s1")
    node.poll()
    with neglected(world):
        world.clock.advance(100 * DAY)
        summary = node.poll()
        assert (summary.exit_code, summary.reached) == (ExitCode.REFUSED, True)
        assert "has expired" in summary.problems[0].text
        assert "What is here stays and is served" in summary.problems[0].hint
        [ended] = problems(node)
        assert ended == "The hub's signatures ended on 2027-02-22: nothing new is installed."
        assert node.files(FISH) == {"a.txt": b"one"}
    # The hub hears why, too.
    assert any("ended on 2027-02-22" in one.text for one in world.fleet()[0].warnings)
    world.publish(FISH, {"a.txt": b"two"}, 2)
    assert node.poll().exit_code == ExitCode.DONE
    assert node.files(FISH) == {"a.txt": b"two"}
    assert problems(node) == []


def test_past_its_end_a_node_recovers_by_stick(world: ClockedWorld, tmp_path: Path) -> None:
    node, stick = world.enrol("s1"), tmp_path / "stick"
    node.poll()
    stick.mkdir()
    with neglected(world):
        world.clock.advance(100 * DAY)
        export(world.hub.service, stick, Wish(), Telling())
        old = run_import(node.context(None), stick)
        assert old.exit_code == ExitCode.REFUSED
        assert "has expired" in old.problems[0].text
        assert node.files(FISH) == {"a.txt": b"one"}
    world.publish(FISH, {"a.txt": b"two"}, 2)
    export(world.hub.service, stick, Wish(), Telling())
    new = run_import(node.context(None), stick)
    assert new.exit_code == ExitCode.DONE
    assert node.files(FISH) == {"a.txt": b"two"}
    assert problems(node) == []


def test_what_people_must_renew_is_told_two_months_before(world: ClockedWorld) -> None:
    node = world.enrol("s1")
    node.poll()
    until(lambda: not is_old(world))
    for _ in range(11):
        world.clock.advance(28 * DAY)
        until(lambda: not is_old(world))
    node.poll()
    [whole, publisher] = problems(node)
    assert whole == "The hub's signatures end on 2027-11-24: after that nothing new is installed."
    assert publisher == (
        "The signature of gd.zhuhai ends on 2027-11-24: after that nothing new of it is installed."
    )


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_years_of_a_hub_and_a_node_as_people_run_them(tmp_path: Path) -> None:
    hub, state = tmp_path / "hub", tmp_path / "node"
    with moved_clock(tmp_path) as clock:
        run("hub", "init", hub, "--publisher", "gd/zhuhai")
        with serving(hub) as url:
            token = run("hub", "token", hub, "s1", "--hub-url", url).stdout.strip()
            run("node", "enrol", token, "--state", state)
            write_settings(state)
            run("node", "sync", "--state", state)
            first = httpx.get(f"{url}/v1/status").json()["timestamp"]
            clock.days = 31
            until(lambda: httpx.get(f"{url}/v1/status").json()["timestamp"] == first + 1)
            run("node", "sync", "--state", state)
        assert data("hub", "renew", hub)["renewed"] == []
        clock.days = 62
        assert data("hub", "renew", hub)["renewed"] == ["snapshot", "timestamp"]
        key = hub / "keys" / "timestamp.pem"
        away = key.rename(tmp_path / "timestamp.pem")
        clock.days = 200
        with serving(hub) as url, RunningNode(state) as node:
            move_hub(state, url)
            failed = data("node", "sync", "--state", state, code=ExitCode.REFUSED)
            assert "has expired" in failed["message"]
            assert b"<html" in node.page()
            said = run("node", "status", "--state", state).stdout
            assert "The hub's signatures ended on" in said
            away.rename(key)
            run("hub", "renew", hub)
            assert data("node", "sync", "--state", state)["exit_code"] == 0
            assert data("node", "status", "--state", state)["problems"] == []


def write_settings(state: Path) -> None:
    """Let the portal choose its ports, and the agent not poll by itself."""
    (state / "node.toml").write_text(
        '[portal]\nlisten = "127.0.0.1:0"\ncontent_listen = "127.0.0.1:0"\n[disk]\nfloor_mb = 0\n'
    )


def move_hub(state: Path, url: str) -> None:
    """Let a node find the hub at the port that it has now."""
    path = state / "identity.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"url": url}))


@contextmanager
def neglected(world: ClockedWorld) -> Iterator[None]:
    """Let the hub be unable to sign while inside."""
    key = world.hub.hub_directory.role_key("timestamp")
    away = key.with_suffix(".away")
    key.rename(away)
    try:
        yield
    finally:
        away.rename(key)
        world.clock.advance(RETRY_SECONDS)
        until(lambda: not is_old(world))


def is_old(world: ClockedWorld) -> bool:
    """Say whether the timestamp is past a third of its life."""
    expires = load_published(world.hub.repository).timestamp.expires
    return renewal_due(expires, TIMESTAMP_PERIOD, world.clock.wall())
