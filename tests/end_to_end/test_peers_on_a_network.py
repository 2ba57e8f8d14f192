"""Two nodes and one thin line, each host a namespace: the content crosses the line once."""

import json
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from cache.line_settings import write_line_settings
from cache.state import StateDirectory
from core.line.settings import LineSettings
from tests.support.namespaces import Host, wait_for_line, write_course
from tests.support.school_network import SchoolNetwork, school_network

PACKHORSE = (sys.executable, "-m", "packhorse")
PORT = 8080
KILOBITS = 1000
CONTENT = 900_000
# Headers, both polls, both manifests and indexes, enrolments, and what is spoken to many.
MOST = 1.25 * CONTENT

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@contextmanager
def running(host: Host, *words: str) -> Iterator[str]:
    """Run a program on a host; give its first line."""
    process = subprocess.Popen(host.command(*words), stdout=subprocess.PIPE, text=True)
    try:
        yield wait_for_line(process)
    finally:
        process.terminate()
        process.wait(30)
        if process.stdout:
            process.stdout.close()


@pytest.fixture
def school(tmp_path: Path) -> Iterator[SchoolNetwork]:
    """Give a network with a hub that has published, and two nodes that are enrolled there."""
    course, hub_dir = tmp_path / "course", tmp_path / "hub"
    chance = random.Random(5)
    files = {f"{number}.mp4": chance.randbytes(CONTENT // 3) for number in (1, 2, 3)}
    write_course(course, files, ['id = "gd/zhuhai/two-nodes"', "version = 1", "renditions = []"])
    with ExitStack() as stack:
        network = stack.enter_context(school_network(KILOBITS))
        hub = network.hub
        place = ("--publisher", "gd/zhuhai", "--host", hub.address)
        hub.run(*PACKHORSE, "hub", "init", str(hub_dir), *place)
        serve = (*PACKHORSE, "hub", "serve", str(hub_dir), "--listen", f"{hub.address}:8443")
        url = json.loads(stack.enter_context(running(hub, *serve, "--json")))["listening"]
        hub.run(
            *(*PACKHORSE, "pack", "publish", str(course)),
            *("--repository", str(hub_dir / "repository")),
            *("--key", str(hub_dir / "keys" / "publisher.gd.zhuhai.pem")),
        )
        for node, name in zip(network.nodes, ("first", "second"), strict=True):
            words = (*PACKHORSE, "hub", "token", str(hub_dir), name, "--hub-url", url)
            state = tmp_path / name
            node.run(
                *(*PACKHORSE, "node", "enrol", hub.run(*words).strip()),
                *("--state", str(state)),
            )
            configure(state, "")
            # Whatever the hour is now.
            week = LineSettings(week=(100,) * 168)
            write_line_settings(StateDirectory(state).line_settings, week)
        yield network


def configure(state: Path, more: str) -> None:
    (state / "node.toml").write_text(
        f'[portal]\nlisten = "0.0.0.0:{PORT}"\ncontent_listen = "0.0.0.0:8081"\n'
        f"[disk]\nfloor_mb = 0\n{more}"
    )


def sync(node: Host, state: Path) -> "subprocess.Popen[str]":
    words = (*PACKHORSE, "node", "sync", "--state", str(state), "--json")
    return subprocess.Popen(node.command(*words), stdout=subprocess.PIPE, text=True)


def end(process: "subprocess.Popen[str]") -> Any:
    output, _ = process.communicate(timeout=120)
    assert process.returncode in {0, 3}, output
    return json.loads(output)


def packs(node: Host, state: Path) -> Any:
    return json.loads(node.run(*PACKHORSE, "node", "status", "--state", str(state), "--json"))[
        "packs"
    ]


def both_have_it(school: SchoolNetwork, path: Path) -> bool:
    found = [packs(node, path / name) for node, name in zip(school.nodes, NAMES, strict=True)]
    return all(len(one) == 1 and not one[0]["missing_bytes"] for one in found)


def until_found(seeker: Host, other: Host) -> None:
    """Wait until a node has told its name to the network."""
    look = "from sync.peers.search import search\nprint([one.address for one in search(2.5)])"
    deadline = time.monotonic() + 60
    while f"{other.address}:{PORT}" not in seeker.run(sys.executable, "-c", look):
        assert time.monotonic() < deadline


def type_addresses(school: SchoolNetwork, states: list[Path]) -> None:
    """Tell each node where the other one is."""
    for state, other in zip(states, reversed(school.nodes), strict=True):
        configure(state, f'[peers]\nfind = false\naddresses = ["{other.address}:{PORT}"]\n')


NAMES = ("first", "second")


@pytest.mark.parametrize("is_typed", [False, True], ids=["found", "typed"])
def test_what_two_nodes_need_crosses_the_line_once(
    school: SchoolNetwork, tmp_path: Path, is_typed: bool
) -> None:
    first, second = school.nodes
    states = [tmp_path / name for name in NAMES]
    if is_typed:
        school.block_discovery()
        type_addresses(school, states)
    with ExitStack() as stack:
        for node, state in zip(school.nodes, states, strict=True):
            portal = (sys.executable, "-m", "edge_client.portal", "--state", str(state))
            stack.enter_context(running(node, *portal))
        if not is_typed:
            until_found(first, second)
            until_found(second, first)
        before = school.crossed()
        # Both at once: neither knows what the other will do.
        rounds = [sync(first, states[0]), sync(second, states[1])]
        for one in rounds:
            end(one)
        # Whoever waited takes it from the other.
        for node, state in zip(school.nodes, states, strict=True):
            end(sync(node, state))
        assert both_have_it(school, tmp_path)
        crossed = school.crossed() - before
    assert CONTENT < crossed < MOST, crossed
