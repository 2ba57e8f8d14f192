"""A withdrawal and an assignment, from the command at the county to the page at the school.

A real hub over TLS under its own authority, the commands as processes, a node's pulls, and its
portal on both ports: everything goes over sockets.
"""

import asyncio
import json
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from cache.catalogue_reader import CatalogueReader
from cache.check import check
from cache.clock import Clock
from cache.state import StateDirectory
from edge_client.portal.server import running
from edge_client.readings import Reader
from sync.enrol import enrol
from sync.enrol_setup import enrol_setup
from sync.events import Summary
from sync.pull import run_pull
from tests.support.node_state import Node
from tests.support.portal import CONFIG, browser

PACKHORSE = [sys.executable, "-m", "packhorse"]
MATH, SONGS = "gd/zhuhai/math", "gd/zhuhai/songs"
REASON = "第三题有错 <b>\u202e"
SHOWN = "第三题有错 &lt;b&gt;"
FILES = {
    "1 video.mp4": b"not really a video" * 500,
    "2 page/index.html": b"<title>Fractions</title>",
    "3 sheet.txt": b"a sheet" * 500,
}


def run(*words: str | Path) -> str:
    """Run a command that must succeed; give what it prints."""
    done = subprocess.run(
        [*PACKHORSE, *map(str, words)], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


class County:
    """A hub that serves, and its publisher's commands."""

    def __init__(self, hub: Path, url: str, folder: Path) -> None:
        self.hub = hub
        self.url = url
        self._folder = folder

    def pack(self, *words: str | Path) -> dict[str, object]:
        """Run a command of ``packhorse pack`` that signs; give its data."""
        key = self.hub / "keys" / "publisher.gd.zhuhai.pem"
        target = ("--repository", self.hub / "repository", "--key", key, "--wait", "60", "--json")
        data = json.loads(run("pack", *words, *target))
        assert data["published"] is True
        return dict(data)

    def publish(self, pack: str, files: dict[str, bytes]) -> dict[str, object]:
        """Publish a folder's next version."""
        folder = self._folder / pack.rpartition("/")[2]
        for name, data in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(data)
        (folder / "pack.toml").write_text(f'id = "{pack}"\n')
        return self.pack("publish", folder)

    def withdraw(self, what: str) -> dict[str, object]:
        """Take something back."""
        return self.pack("withdraw", what, "--reason", REASON, "--yes")

    def enrol(self, state: StateDirectory, school: str) -> Node:
        """Enrol a node over the line."""
        token = run("hub", "token", self.hub, school, "--hub-url", self.url)
        enrol(state, token, Clock())
        return Node(state, Clock())


@pytest.fixture
def county(tmp_path: Path) -> Iterator[County]:
    hub = tmp_path / "hub"
    run("hub", "init", hub, "--publisher", "gd/zhuhai", "--host", "localhost",
        "--listen", "127.0.0.1:0")  # fmt: skip
    command = [*PACKHORSE, "hub", "serve", str(hub), "--tls", "--json"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    url = json.loads(process.stdout.readline())["listening"].replace("127.0.0.1", "localhost")
    yield County(hub, url, tmp_path)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=30)


class School:
    """A node and its portal."""

    def __init__(self, node: Node, pages: httpx.AsyncClient, content: httpx.AsyncClient) -> None:
        self.node = node
        self._pages = pages
        self._content = content
        with_items = CatalogueReader(node.state.catalogue)
        self.items = {pack: [one.id for one in with_items.items(pack)] for pack in (MATH, SONGS)}
        with_items.close()

    async def poll(self) -> Summary:
        """Poll once, as the agent does."""
        return await asyncio.to_thread(run_pull, self.node.context(None))

    async def page(self, path: str) -> str:
        """Give a page."""
        answer = await self._pages.get(path)
        assert answer.status_code == 200
        return answer.text

    async def statuses(self, pack: str, number: int) -> set[int]:
        """Ask for the bytes of a lesson in each way there is."""
        item = self.items[pack][number]
        known = self.addresses[pack, number]
        asked = [f"/packs/{pack}/{item}/download", known["media"]]
        found = {(await self._pages.get(one)).status_code for one in asked}
        return found | {(await self._content.get(known["content"])).status_code}

    async def learn_addresses(self) -> None:
        """Note where bytes are while they are there, as a browser's history does."""
        self.addresses = {}
        reader = CatalogueReader(self.node.state.catalogue)
        for pack, items in self.items.items():
            for number, item in enumerate(items):
                file = reader.files(pack, item)[0]
                self.addresses[pack, number] = {
                    "media": f"/media/{file.digest}.bin",
                    "content": f"/{pack}/{file.version}/{item}/{file.path}",
                }
        reader.close()

    addresses: dict[tuple[str, int], dict[str, str]]


@asynccontextmanager
async def school_of(county: County, path: Path) -> AsyncIterator[School]:
    node = county.enrol(StateDirectory(path), "school-7")
    assert (await asyncio.to_thread(run_pull, node.context(None))).exit_code == 0
    async with (
        running(node.state, CONFIG) as site,
        browser(site.ports.portal) as pages,
        browser(site.ports.content) as content,
    ):
        school = School(node, pages, content)
        await school.learn_addresses()
        yield school


GONE, THERE = {404}, {200}
SCHOOLS = 200


async def test_within_one_poll_it_is_not_served_and_says_why_until_it_is_published_again(
    county: County, tmp_path: Path
) -> None:
    county.publish(MATH, FILES)
    county.publish(SONGS, {"1.txt": b"a song"})
    async with school_of(county, tmp_path / "node") as school:
        page = school.items[MATH][1]
        for number in range(3):
            assert await school.statuses(MATH, number) == THERE

        county.withdraw(f"{MATH}/{page}")
        assert await school.statuses(MATH, 1) == THERE
        polled = await school.poll()
        assert (polled.exit_code, polled.changed, polled.problems) == (0, True, [])
        # The tip and the publisher's role file, nothing else.
        assert polled.traffic.requests == 2
        await no_longer_remembered(school)
        assert await school.statuses(MATH, 1) == GONE
        text = await school.page(f"/packs/{MATH}/{page}")
        assert "This lesson was withdrawn on " in text
        assert SHOWN in text
        assert "\u202e" not in text
        assert "withdrawn on " in await school.page(f"/packs/{MATH}")
        for pack, number in ((MATH, 0), (MATH, 2), (SONGS, 0)):
            assert await school.statuses(pack, number) == THERE

        back = county.publish(MATH, {})
        assert [one["item"] for one in back["comes_back"]] == [page]  # type: ignore[attr-defined]
        polled = await school.poll()
        assert (polled.exit_code, polled.packs) == (0, [])
        assert await school.statuses(MATH, 1) == THERE
        assert "sandbox" in await school.page(f"/packs/{MATH}/{page}")

        await likewise(county, school, MATH)
        await likewise(county, school, f"{MATH}@1")
        assert check(school.node.state, deep=True).is_clean


async def likewise(county: County, school: School, what: str) -> None:
    """Withdraw all of a pack, and publish it again."""
    county.withdraw(what)
    assert (await school.poll()).exit_code == 0
    await no_longer_remembered(school)
    for number in range(3):
        assert await school.statuses(MATH, number) == GONE
    text = await school.page(f"/packs/{MATH}")
    assert re.search(r"(This pack|Version 1 of this pack) was withdrawn on \d{4}-", text)
    assert SHOWN in text
    assert await school.statuses(SONGS, 0) == THERE
    status = next(one for one in Reader(school.node.state).read().packs if one.id == MATH)
    assert (status.here, status.withdrawn, status.reason) == (0, 3, "第三题有错 <b>")
    county.publish(MATH, {})
    assert (await school.poll()).packs == []
    for number in range(3):
        assert await school.statuses(MATH, number) == THERE


async def no_longer_remembered(school: School) -> None:
    """Wait until the portal asks again whether a blob that it just served may be."""
    del school
    await asyncio.sleep(2.1)


async def test_an_assignment_reaches_the_group_and_nobody_else(
    county: County, tmp_path: Path
) -> None:
    county.publish(MATH, FILES)
    county.publish(SONGS, {"1.txt": b"a song"})
    table = tmp_path / "table.csv"
    table.write_bytes(f"学校组,学校,课程包,优先级\n海岛,school-1,{SONGS},1\n".encode("gbk"))
    county.pack("assign", table, "--yes")
    island = county.enrol(StateDirectory(tmp_path / "island"), "school-1")
    other = county.enrol(StateDirectory(tmp_path / "other"), "school-2")
    first = await asyncio.to_thread(run_pull, island.context(None))
    assert (first.exit_code, island.versions()) == (0, {SONGS: 1})
    second = await asyncio.to_thread(run_pull, other.context(None))
    assert other.versions() == {}
    assert "gives this school, school-2, no pack" in second.problems[0].text
    county.pack("assign", "--clear", "--yes")
    assert (await asyncio.to_thread(run_pull, other.context(None))).exit_code == 0
    assert other.versions() == {MATH: 1, SONGS: 1}
    # A school without a line hears of a withdrawal by the next stick.
    county.withdraw(SONGS)
    stick = tmp_path / "stick"
    stick.mkdir()
    run("hub", "export", county.hub, stick)
    run("node", "import", stick, "--state", island.state.root)
    assert island.files(SONGS) == {}
    assert other.files(SONGS) == {"1.txt": b"a song"}


@pytest.mark.slow
@pytest.mark.timeout(1200)
async def test_a_withdrawal_reaches_all_200_that_poll_in_one_poll(
    county: County, tmp_path: Path
) -> None:
    county.publish(MATH, {"1.txt": b"one", "2.txt": b"two"})
    table, setups = tmp_path / "schools.csv", tmp_path / "setup"
    table.write_text("school\n" + "".join(f"school-{number}\n" for number in range(SCHOOLS)))
    run("hub", "token", county.hub, "--csv", table, "--output", setups, "--hub-url", county.url)
    nodes = []
    for number, file in enumerate(sorted(setups.glob("*.json"))):
        state = StateDirectory(tmp_path / "nodes" / str(number))
        enrol_setup(state, file)
        nodes.append(Node(state, Clock()))
    assert len(nodes) == SCHOOLS
    for node in nodes:
        assert (await asyncio.to_thread(run_pull, node.context(None))).exit_code == 0
        assert len(node.files(MATH)) == 2
    reader = CatalogueReader(nodes[0].state.catalogue)
    county.withdraw(f"{MATH}/{reader.items(MATH)[0].id}")
    reader.close()
    received = []
    for node in nodes:
        summary = await asyncio.to_thread(run_pull, node.context(None))
        assert summary.exit_code == 0
        assert list(node.files(MATH)) == ["2.txt"]
        received.append(summary.traffic.received)
    # Bytes of a withdrawal on the line, with TLS.
    assert max(received) < 6000
