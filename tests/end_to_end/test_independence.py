"""Agent and portal do not feel each other's death: the video plays on, the pull goes on."""

import http.client
import random
import re
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from cache.line_settings import write_line_settings
from cache.state import StateDirectory
from packhorse.line import LineOptions, running_line
from tests.support.http_repository import HttpRepository
from tests.support.planning import ALWAYS
from tests.support.running_node import RunningNode, command, data, enrolled
from tests.support.tiny_repository import TinyRepository, publish_files

PACK = "demo/county/fish"
VIDEO = random.Random(5).randbytes(3_000_000)


@pytest.fixture
def tiny(tmp_path: Path) -> TinyRepository:
    repository = TinyRepository(tmp_path)
    publish_files(repository, PACK, {"a/video.mp4": VIDEO}, 1)
    return repository


def test_a_video_plays_on_when_the_agent_is_killed(tmp_path: Path, tiny: TinyRepository) -> None:
    with HttpRepository(tiny.directory) as server:
        state = enrolled(tmp_path / "node", tiny.root, server.url)
        assert command("sync", "--state", str(state)).returncode == 0
        with RunningNode(state) as node:
            where = urlsplit(node.portal)
            player = http.client.HTTPConnection(where.hostname or "", where.port, timeout=60)
            item = data("status", "--state", str(state))["packs"][0]["id"]
            player.request("GET", f"/packs/{item}")
            page = player.getresponse().read().decode()
            lesson = re.findall(rf'href="(/packs/{PACK}/[^"]+)"', page)[0]
            player.request("GET", lesson)
            stage = player.getresponse().read().decode()
            source = re.findall(r'<video src="([^"]+)"', stage)[0]

            agent = node.process("agent")
            player.request("GET", source)
            answer = player.getresponse()
            got = answer.read(100_000)
            node.kill("agent")
            node.until(lambda _: node.process("agent") not in {None, agent})
            got += answer.read()
            player.close()
            assert got == VIDEO
            assert node.process("portal") is not None


def test_a_pull_goes_on_when_the_portal_is_killed(tmp_path: Path, tiny: TinyRepository) -> None:
    with HttpRepository(tiny.directory) as server:
        where = urlsplit(server.url)
        upstream = (where.hostname or "", where.port or 0)
        # So slow that the portal is back twice before all has come, on any machine.
        with running_line(upstream, LineOptions(rate=50_000)) as line:
            state = enrolled(tmp_path / "node", tiny.root, line.url)
            # At no hour a share of the line alone, which is reckoned from what it was.
            write_line_settings(StateDirectory(state).line_settings, ALWAYS)
            with RunningNode(state) as node:
                node.until(lambda status: status["transfer"] is not None)
                worker = node.process("worker")
                for _ in range(2):
                    portal = node.process("portal")
                    node.kill("portal")
                    deadline = time.monotonic() + 60
                    while node.process("portal") in {None, portal}:
                        assert time.monotonic() < deadline, node.log
                        time.sleep(0.02)
                    assert node.process("worker") == worker
                line.change(rate=None)
                status = node.until(lambda status: status["packs"] and not status["transfer"])
                assert status["packs"][0]["missing_bytes"] == 0, (status, node.log)
            crossed = line.stats()
    assert worker is not None
    assert crossed.down < len(VIDEO) * 1.01 + 20_000
    checked = subprocess.run(
        [sys.executable, "-m", "packhorse", "node", "check", "--deep", "--state", str(state)],
        check=False,
        capture_output=True,
    )
    assert checked.returncode == 0
