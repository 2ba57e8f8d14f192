"""A node as a person runs it, against a real web server: sync, run, status, kills."""

import random
import re
from pathlib import Path
from typing import Any

import pytest

from tests.support.http_repository import HttpRepository
from tests.support.portal_process import LISTEN, portal
from tests.support.running_node import RunningNode, command, data, enrolled
from tests.support.tiny_repository import TinyRepository, publish_files

PACK = "demo/county/fish"


def course(seed: int = 1) -> dict[str, bytes]:
    """Give two lessons."""
    return {
        "a/video.mp4": random.Random(seed).randbytes(300_000),
        "b/page.html": b"".join(b"<p>%d</p>" % number for number in range(3000)),
    }


@pytest.fixture
def tiny(tmp_path: Path) -> TinyRepository:
    return TinyRepository(tmp_path)


def test_sync_without_an_agent_fetches_everything_and_says_so(
    tmp_path: Path, tiny: TinyRepository
) -> None:
    publish_files(tiny, PACK, course(), 1)
    with HttpRepository(tiny.directory) as server:
        state = enrolled(tmp_path / "node", tiny.root, server.url)
        done = command("sync", "--state", str(state))
        again = data("sync", "--state", str(state))

    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"{PACK} version 1: ")
    assert "Looking at the hub" in done.stderr
    assert (again["exit_code"], again["packs"], again["changed"]) == (0, [], False)
    assert 0 < again["traffic"]["received"] < 1000
    assert command("status", "--state", str(state)).stdout.startswith("Everything is here")
    assert command("check", "--deep", "--state", str(state)).returncode == 0


def test_sync_says_how_much_came_from_other_nodes(tmp_path: Path, tiny: TinyRepository) -> None:
    publish_files(tiny, PACK, course(), 1)
    with HttpRepository(tiny.directory) as server:
        first = enrolled(tmp_path / "first", tiny.root, server.url)
        command("sync", "--state", str(first))
        second = enrolled(tmp_path / "second", tiny.root, server.url)
        identity = second / "identity.json"
        identity.write_text(identity.read_text().replace("4f1c", "5a2d"))
        with portal("-m", "edge_client.portal", "--state", str(first), *LISTEN) as (_, addresses):
            address = addresses["portal"].removeprefix("http://")
            with (second / "node.toml").open("a") as file:
                file.write(f'[peers]\naddresses = ["{address}"]\n')
            done = command("sync", "--state", str(second))
            doctor = command("doctor", "--state", str(second))

    assert done.returncode == 0, done.stderr
    assert re.search(r"^\d.* came from other nodes\.$", done.stdout, re.MULTILINE)
    assert f"Other nodes that help: {address}." in doctor.stdout


def test_a_machine_that_nobody_has_enrolled_runs_and_its_pages_say_that_nothing_is_here(
    tmp_path: Path,
) -> None:
    (tmp_path / "node.toml").write_text(
        '[portal]\nlisten = "127.0.0.1:0"\ncontent_listen = "127.0.0.1:0"\n'
    )
    with RunningNode(tmp_path) as node:
        assert "这里还没有课程" in node.page().decode()
        assert not (tmp_path / "keys").exists(), "the portal makes no directory that is not its own"


def test_sync_through_the_running_agent_brings_what_was_published_before_it(
    tmp_path: Path, tiny: TinyRepository
) -> None:
    with HttpRepository(tiny.directory) as server:
        state = enrolled(tmp_path / "node", tiny.root, server.url)
        with RunningNode(state) as node:
            for version in (1, 2):
                publish_files(tiny, PACK, course(version), version)
                report = data("sync", "--state", str(state))
                assert (report["exit_code"], report["packs"][-1]["version"]) == (0, version)
                assert report["packs"][-1]["complete"]
            status = node.until(whole)
            assert status["running"]
            assert status["line"] == "up"
            assert b"fish" in node.page()
        assert node.exit_code == 0
        assert not any(node.process(part) for part in ("agent", "portal"))


def whole(status: dict[str, Any]) -> bool:
    """Say whether all lessons are here."""
    return bool(status["packs"]) and status["packs"][0]["here"] == 2


def test_a_killed_agent_comes_back_and_the_portal_serves_on(
    tmp_path: Path, tiny: TinyRepository
) -> None:
    publish_files(tiny, PACK, course(), 1)
    with HttpRepository(tiny.directory) as server:
        state = enrolled(tmp_path / "node", tiny.root, server.url)
        with RunningNode(state) as node:
            node.until(lambda status: status["running"] and status["line"] == "up")
            first, portal = node.process("agent"), node.process("portal")
            node.kill("agent")
            assert node.page()
            node.until(lambda status: status["running"] and whole(status))
            assert node.process("agent") != first
            assert node.process("portal") == portal
            assert "agent was killed by SIGKILL" in node.log


def test_a_killed_portal_comes_back_and_the_agent_goes_on(
    tmp_path: Path, tiny: TinyRepository
) -> None:
    publish_files(tiny, PACK, course(), 1)
    with HttpRepository(tiny.directory) as server:
        state = enrolled(tmp_path / "node", tiny.root, server.url)
        with RunningNode(state) as node:
            agent = node.process("agent")
            first = node.process("portal")
            node.kill("portal")
            report = data("sync", "--state", str(state))
            assert report["exit_code"] == 0
            node.until(lambda _: node.process("portal") not in {None, first})
            assert node.process("agent") == agent


def test_a_hub_that_goes_and_comes_back_is_told(tmp_path: Path, tiny: TinyRepository) -> None:
    publish_files(tiny, PACK, course(), 1)
    server = HttpRepository(tiny.directory)
    with server:
        state = enrolled(tmp_path / "node", tiny.root, server.url)
        node = RunningNode(state)
        node.__enter__()
        try:
            node.until(lambda status: status["line"] == "up" and status["activity"] == "idle")
            server.__exit__(None, None, None)
            done = command("sync", "--state", str(state))
            assert done.returncode == 14
            assert "error: " in done.stderr
            status = node.until(lambda status: status["line"] == "down")
            assert status["reason"]
            assert status["reason_wording"]["template"]
        finally:
            node.__exit__(None, None, None)


def test_what_is_not_signed_is_refused_and_what_is_here_stays(
    tmp_path: Path, tiny: TinyRepository
) -> None:
    publish_files(tiny, PACK, course(), 1)
    with HttpRepository(tiny.directory) as server:
        state = enrolled(tmp_path / "node", tiny.root, server.url)
        assert command("sync", "--state", str(state)).returncode == 0
        tip = tiny.directory / "tip"
        for path in (tip, *(tiny.directory / "tips").iterdir()):
            path.write_bytes(tip.read_bytes()[:-9] + b"x" * 9)
        done = command("sync", "--state", str(state))

    assert done.returncode == 12, done.stderr
    assert "tip" in done.stderr
    assert "2 lessons" in command("status", "--state", str(state)).stdout
