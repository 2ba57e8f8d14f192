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
from playwright.async_api import Browser, Page, expect

from cache.state import StateDirectory
from packhorse.demo.course import make_sample_course
from tests.support.class_school import device, sign_in
from tests.support.running_node import RunningNode
from tests.support.teaching import add_teacher
from tests.support.waiting import until

VIDEO = "01-what-is-a-fraction"


def packhorse(*words: object) -> str:
    """Run one command; give what it prints on stdout."""
    done = subprocess.run(
        [sys.executable, "-m", "packhorse", *map(str, words)],
        check=False,
        capture_output=True,
        text=True,
        # The sample's films are encoded, which takes a minute as it is.
        timeout=600,
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

    async def reports(self, *verbs: str) -> list[dict[str, Any]]:
        """Wait until the hub reports statements with these verbs; give all that it reports."""
        rows: list[dict[str, Any]] = []
        for _ in range(20):
            rows = await asyncio.to_thread(self._report)
            if set(verbs) <= {row["verb"] for row in rows}:
                return rows
            await asyncio.sleep(0.5)
        raise AssertionError(rows)

    def _report(self) -> list[dict[str, Any]]:
        """Bring the statements to the hub and give them as it reports them."""
        packhorse("node", "sync", "--state", self.node.state)
        rows: list[dict[str, Any]] = json.loads(packhorse("hub", "report", self.hub, "--json"))[
            "last"
        ]
        return rows


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> Iterator[County]:
    place = tmp_path_factory.mktemp("county")
    hub, course, state = place / "hub", place / "course", place / "node"
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
            add_teacher(StateDirectory(state))
            with RunningNode(state) as node:
                yield County(hub, course, node)
        finally:
            server.terminate()


async def played(page: Page, seconds: float) -> None:
    """Wait until a page's video has come further than a moment."""
    await until(page, f"document.querySelector('video').currentTime > {seconds}")


@pytest.mark.timeout(900)
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
    await played(page, 21.5)
    assert await video.evaluate("v => v.videoWidth") == 640
    await video.evaluate("v => v.pause()")
    await page.goto(county.node.portal)

    rows = await county.reports("seeked", "terminated")
    (seeked,) = [row for row in rows if row["verb"] == "seeked"]
    assert 21_000 <= seeked["position"] < 24_000
    assert seeked["school"] == "school-1"
    assert seeked["item"].startswith(VIDEO)
    sequences = [row["sequence"] for row in rows]
    assert sorted(sequences) == list(range(1, len(rows) + 1))


@pytest.mark.timeout(900)
async def test_a_class_is_in_the_hubs_report_once(county: County, browser: Browser) -> None:
    page = await device(browser, county.node.portal, locale="en")
    await page.goto("/")
    await page.click("a.card")
    await page.click("ol.items a")
    await sign_in(page, page.url.removeprefix(county.node.portal))
    await page.get_by_role("button", name="Start a class").click()
    await page.get_by_role("link", name="One screen alone").click()
    await expect(page.locator("#toggle-text")).to_have_text("Play")
    await page.keyboard.press("Space")
    await played(page, 1)
    await page.keyboard.press("g")
    await page.locator("#end").click()
    await page.locator("#end-now").click()
    await expect(page.locator("#ended")).to_be_visible()
    await county.reports("taught")
    # Once, however often the school and the hub talk.
    rows = await county.reports("taught")
    (taught,) = [row for row in rows if row["verb"] == "taught"]
    assert (taught["school"], taught["count"]) == ("school-1", 1)
    assert taught["item"].startswith(VIDEO)
    assert 1000 <= taught["position"] <= taught["length"]
    assert taught["duration"] >= 1000
    assert not any("王老师" in str(row) for row in rows)
