"""From a browser to the hub's report: what is played at a school is known in the county."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser

from packhorse.demo.course import make_sample_course
from tests.support.running_node import RunningNode

VIDEO = "01-what-is-a-fraction"


def packhorse(*words: object) -> str:
    """Run one command; give what it prints on stdout."""
    done = subprocess.run(
        [sys.executable, "-m", "packhorse", *map(str, words)],
        check=False,
        capture_output=True,
        text=True,
        timeout=90,
    )
    assert done.returncode == 0, f"{words}: {done.stderr}"
    return done.stdout


def curl(part: str, address: str) -> bytes:
    """Fetch a range as a stranger's program does; give head and body."""
    words = ["curl", "-s", "-D", "-", "-r", part, address]
    return subprocess.run(words, check=True, capture_output=True, timeout=30).stdout


@dataclass
class County:
    """A hub that serves the sample course, and the node of a school."""

    hub: Path
    course: Path
    node: RunningNode

    def report(self) -> list[dict[str, Any]]:
        """Bring the statements to the hub and give them as it reports them."""
        packhorse("node", "sync", "--state", self.node.state)
        rows: list[dict[str, Any]] = json.loads(packhorse("hub", "report", self.hub, "--json"))[
            "last"
        ]
        return rows


@pytest.fixture
def county(tmp_path: Path) -> Iterator[County]:
    hub, course, state = tmp_path / "hub", tmp_path / "course", tmp_path / "node"
    make_sample_course(course, progress=lambda _: None)
    packhorse("hub", "init", hub, "--publisher", "demo/county")
    with subprocess.Popen(
        [
            *(sys.executable, "-m", "packhorse", "hub", "serve", str(hub)),
            *("--listen", "127.0.0.1:0", "--json"),
        ],
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        try:
            assert server.stdout is not None
            address = json.loads(server.stdout.readline())["listening"]
            key = hub / "keys" / "publisher.demo.county.pem"
            packhorse("pack", "publish", course, "--repository", hub, "--key", key)
            token = packhorse("hub", "token", hub, "school-1", "--hub-url", address).strip()
            packhorse("node", "enrol", token, "--state", state)
            (state / "node.toml").write_text(
                '[portal]\nlisten = "127.0.0.1:0"\ncontent_listen = "127.0.0.1:0"\n'
            )
            packhorse("node", "sync", "--state", state)
            with RunningNode(state) as node:
                yield County(hub, course, node)
        finally:
            server.terminate()


@pytest.mark.timeout(300)
async def test_a_seek_in_chromium_is_in_the_hubs_report(county: County, browser: Browser) -> None:
    page = await browser.new_page(locale="en")
    await page.goto(county.node.portal)
    await page.click("a.card")
    await page.click("ol.items a")
    video = page.locator("video")
    source = await video.get_attribute("src")

    answer = await asyncio.to_thread(curl, "1000000-1999999", f"{county.node.portal}{source}")
    head, _, body = answer.partition(b"\r\n\r\n")
    # What is served is a rendition, which the packager keeps under its digest.
    digest = str(source).rpartition("/")[2].partition(".")[0]
    content = (county.course / f".packhorse/blobs/{digest[:2]}/{digest}").read_bytes()
    assert head.startswith(b"HTTP/1.1 206 ")
    assert f"bytes 1000000-1999999/{len(content)}".encode() in head
    assert body == content[1_000_000:2_000_000]

    await video.evaluate("async v => { v.muted = true; await v.play(); v.currentTime = 21; }")
    for _ in range(300):
        if await video.evaluate("v => v.currentTime > 21.5"):
            break
        await asyncio.sleep(0.1)
    assert await video.evaluate("v => v.currentTime > 21.5 && v.videoWidth === 640")
    await video.evaluate("v => v.pause()")
    await page.goto(county.node.portal)

    rows: list[dict[str, Any]] = []
    for _ in range(20):
        rows = await asyncio.to_thread(county.report)
        if {"seeked", "terminated"} <= {row["verb"] for row in rows}:
            break
        await asyncio.sleep(0.5)
    (seeked,) = [row for row in rows if row["verb"] == "seeked"]
    assert 21_000 <= seeked["position"] < 24_000
    assert seeked["school"] == "school-1"
    assert seeked["item"].startswith(VIDEO)
    sequences = [row["sequence"] for row in rows]
    assert sorted(sequences) == list(range(1, len(rows) + 1))
