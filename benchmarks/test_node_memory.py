"""The memory of a whole node, and how soon it serves (``docs/design.md``, section 13)."""

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from benchmarks.memory import pss, pss_or_none
from tests.support.http_repository import HttpRepository
from tests.support.running_node import PARTS, RunningNode, command, data, enrolled
from tests.support.tiny_repository import TinyRepository, publish_files

PACK = "demo/county/fish"
IDLE_GATE_MB = 95
WORKER_GATE_MB = 130
START_GATE_SECONDS = 2.0
MEASURES = 3
BLOCK_BYTES = 16 * 1024 * 1024

pytestmark = pytest.mark.bench


def test_a_node_is_small_when_idle_and_serves_soon(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Supervisor, agent and portal after a pull, one page and a look at the status."""
    tiny = TinyRepository(tmp_path)
    publish_files(tiny, PACK, {"a/video.mp4": random.Random(1).randbytes(5_000_000)}, 1)
    with HttpRepository(tiny.directory) as server:
        state = enrolled(tmp_path / "node", tiny.root, server.url)
        seconds = []
        for _ in range(MEASURES):
            with RunningNode(state) as node:
                node.until(lambda status: status["line"] == "up" and status["activity"] == "idle")
                seconds.append(node.seconds)
                node.page()
                used = {
                    part: pss(process)
                    for part in PARTS
                    if (process := node.process(part)) is not None
                }
    total = sum(used.values())
    with capsys.disabled():
        parts = ", ".join(f"{part} {megabytes:.1f}" for part, megabytes in used.items())
        print(f"\nnode idle: {total:.1f} MB PSS ({parts}); gate {IDLE_GATE_MB}")
        print(f"node run: first page after {min(seconds):.2f} s; gate {START_GATE_SECONDS}")
    assert set(used) == {"supervisor", "agent", "portal"}
    assert total < IDLE_GATE_MB
    assert min(seconds) < START_GATE_SECONDS


def test_the_worker_is_small_while_it_decodes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A delta whose blocks are as large as they get, each with a reference as large."""
    tiny = TinyRepository(tmp_path)
    chance = random.Random(1)
    old = {f"a/part{number}.bin": chance.randbytes(BLOCK_BYTES) for number in range(3)}
    half = BLOCK_BYTES // 2
    new = {name: data[:half] + b"changed" + data[half:-7] for name, data in old.items()}
    first = publish_files(tiny, PACK, old, 1)
    with HttpRepository(tiny.directory) as server:
        state = enrolled(tmp_path / "node", tiny.root, server.url)
        assert command("sync", "--state", str(state)).returncode == 0
        publish_files(tiny, PACK, new, 2, base=first)
        program = [sys.executable, "-m", "edge_client.worker", "pull", "--state", str(state)]
        peak = 0.0
        with subprocess.Popen(program, stdout=subprocess.DEVNULL) as worker:
            while worker.poll() is None:
                peak = max(peak, pss_or_none(worker.pid) or 0.0)
                time.sleep(0.002)
    assert worker.returncode == 0
    assert data("status", "--state", str(state))["packs"][0]["missing_bytes"] == 0
    with capsys.disabled():
        print(f"\nworker while decoding: {peak:.1f} MB at most; gate {WORKER_GATE_MB}")
    assert 0 < peak < WORKER_GATE_MB
