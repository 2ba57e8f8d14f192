"""Whether a running video feels that an update is decoded (``docs/design.md``, sections 8, 13).

Screens take a part of a video each second, as players do, while a worker decodes a delta whose
blocks are as large as they get. What counts is how late the slowest parts come: a player has
some seconds in store, so a part that takes less than one is not felt.
"""

import http.client
import random
import re
import subprocess
import sys
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.support.http_repository import HttpRepository
from tests.support.running_node import RunningNode, command, enrolled
from tests.support.tiny_repository import TinyRepository, publish_files

PACK = "demo/county/fish"
BLOCK_BYTES = 16 * 1024 * 1024
PART_BYTES = 256 * 1024  # a second of video at 2 Mbit/s
SCREENS = 10
GATE_SECONDS = 1.0

pytestmark = pytest.mark.bench


class Screen(threading.Thread):
    """Plays a video: takes one part a second."""

    def __init__(self, portal: str, source: str, size: int, seed: int) -> None:
        super().__init__()
        where = urlsplit(portal)
        self._server = http.client.HTTPConnection(where.hostname or "", where.port, timeout=30)
        self._source = source
        self._places = random.Random(seed)
        self._size = size
        self._over = threading.Event()
        self.seconds: list[float] = []

    def run(self) -> None:
        """Take parts until stopped."""
        while not self._over.is_set():
            first = self._places.randrange(self._size - PART_BYTES)
            part = f"bytes={first}-{first + PART_BYTES - 1}"
            begun = time.monotonic()
            self._server.request("GET", self._source, headers={"Range": part})
            assert len(self._server.getresponse().read()) == PART_BYTES
            self.seconds.append(time.monotonic() - begun)
            self._over.wait(max(0.0, 1.0 - self.seconds[-1]))

    def stop(self) -> list[float]:
        """End it; give how long each part took."""
        self._over.set()
        self.join()
        self._server.close()
        return self.seconds


def source_of(portal: str) -> str:
    """Find the address of the video on its page."""
    where = urlsplit(portal)
    server = http.client.HTTPConnection(where.hostname or "", where.port, timeout=20)
    server.request("GET", f"/packs/{PACK}")
    page = server.getresponse().read().decode()
    server.request("GET", re.findall(rf'href="(/packs/{PACK}/[^"]+)"', page)[0])
    stage = server.getresponse().read().decode()
    server.close()
    return str(re.findall(r'<video src="([^"]+)"', stage)[0])


def slowest(screens: list[Screen]) -> tuple[float, float]:
    """Give the 95th percentile and the maximum of all parts, seconds."""
    every = sorted(second for screen in screens for second in screen.stop())
    return every[int(len(every) * 0.95)], every[-1]


def test_a_video_does_not_feel_an_update(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tiny = TinyRepository(tmp_path)
    chance = random.Random(1)
    video = chance.randbytes(20_000_000)
    old = {f"b/part{number}.bin": chance.randbytes(BLOCK_BYTES) for number in range(6)}
    half = BLOCK_BYTES // 2
    new = {name: data[:half] + b"changed" + data[half:-7] for name, data in old.items()}
    first = publish_files(tiny, PACK, {"a/video.mp4": video, **old}, 1)
    with HttpRepository(tiny.directory) as server:
        state = enrolled(tmp_path / "node", tiny.root, server.url)
        assert command("sync", "--state", str(state)).returncode == 0
        with RunningNode(state) as node:
            node.until(lambda status: status["line"] == "up" and status["activity"] == "idle")
            source = source_of(node.portal)

            def play() -> list[Screen]:
                screens = [Screen(node.portal, source, len(video), n) for n in range(SCREENS)]
                for screen in screens:
                    screen.start()
                return screens

            alone = play()
            time.sleep(8)
            quiet = slowest(alone)
            publish_files(tiny, PACK, {"a/video.mp4": video, **new}, 2, base=first)
            beside = play()
            begun = time.monotonic()
            done = subprocess.run(
                [sys.executable, "-m", "packhorse", "node", "sync", "--state", str(state)],
                check=False,
                capture_output=True,
                text=True,
            )
            seconds = time.monotonic() - begun
            busy = slowest(beside)
    assert done.returncode == 0, done.stderr
    with capsys.disabled():
        print(
            f"\n{SCREENS} screens, a part of {PART_BYTES // 1024} KiB a second each:"
            f" p95 {quiet[0] * 1000:.0f} ms, slowest {quiet[1] * 1000:.0f} ms alone;"
            f" p95 {busy[0] * 1000:.0f} ms, slowest {busy[1] * 1000:.0f} ms"
            f" while {len(new) * BLOCK_BYTES >> 20} MiB were decoded in {seconds:.1f} s"
        )
    assert busy[1] < GATE_SECONDS
