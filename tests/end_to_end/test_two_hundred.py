"""From one table of schools to a county that works: nobody types a token.

The hub and its admin's commands are processes; the nodes work in the test's process over real
sockets, the first of them as the short-lived processes that they are in a school.
"""

import csv
import io
import subprocess
import sys
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from cache.catalogue_reader import CatalogueReader
from cache.clock import Clock
from cache.state import StateDirectory
from core.stick import setup_name
from hub.config import load_config
from hub.layout import HubDirectory
from hub.registry.admins import add_admin
from hub.registry.database import Registry
from sync.enrol_setup import enrol_setup
from sync.identity import load_identity
from sync.pull import run_pull
from sync.report import send_report
from tests.support.admin import KEPT, NAME, browser_at
from tests.support.commands import data, run, serving
from tests.support.node_state import Node

FISH = "gd/zhuhai/fish"
REASON = "第三题有错"


class County:
    """A hub, its publisher, and a table of schools.

    Args:
        path: where everything lies.
        count: how many schools there are.
    """

    def __init__(self, path: Path, count: int) -> None:
        self.hub = path / "hub"
        self.schools = [f"zh-{number:03}" for number in range(1, count + 1)]
        self._path = path
        run("hub", "init", self.hub, "--publisher", "gd/zhuhai", "--listen", "127.0.0.1:0")
        # All of them come from one address here.
        with (self.hub / "hub.toml").open("a") as file:
            file.write("enrolments_per_minute = 10000\n")

    def table(self) -> Path:
        """Write the table as a spreadsheet in China saves it."""
        rows = [
            f"{school},珠海{number}小,乡村；第{number % 4}片"
            for number, school in enumerate(self.schools, 1)
        ]
        path = self._path / "学校.csv"
        path.write_bytes("\r\n".join(["学校编号,学校名称,分组", *rows, ""]).encode("gbk"))
        return path

    def publish(self, pack: str) -> None:
        """Publish a folder of two lessons."""
        folder = self._path / pack.rpartition("/")[2]
        folder.mkdir()
        for number in (1, 2):
            (folder / f"{number} lesson.txt").write_text(f"lesson {number} of {pack}")
        (folder / "pack.toml").write_text(f'id = "{pack}"\n')
        self.pack("publish", folder)

    def pack(self, *words: str | Path) -> Any:
        """Run a command that signs."""
        key = self.hub / "keys" / "publisher.gd.zhuhai.pem"
        signing = ("--repository", self.hub / "repository", "--key", key, "--wait", "60")
        done = data("pack", *words, *signing)
        assert done["published"]
        return done

    def state(self, school: str) -> StateDirectory:
        """Give the state directory of a school's node."""
        return StateDirectory(self._path / "nodes" / school)

    def node(self, school: str) -> Node:
        """Give a school's node."""
        return Node(self.state(school), Clock())

    def let_sign_in(self) -> None:
        """Let the admin sign in to the pages."""
        directory = HubDirectory(self.hub)
        registry = Registry(load_config(directory).registry, self.hub, Clock().wall())
        with closing(registry):
            add_admin(registry, NAME, KEPT, Clock().wall())


def poll(node: Node) -> None:
    """Do what a worker does at a poll."""
    context = node.context(None)
    summary = run_pull(context)
    assert summary.exit_code == 0, summary.problems
    send_report(context, summary)


def worker(state: StateDirectory, *words: str | Path) -> None:
    """Do a task as the short-lived process that it is in a school."""
    command = [sys.executable, "-m", "edge_client.worker", *map(str, words)]
    subprocess.run([*command, "--state", str(state.root)], check=True, capture_output=True)


def served(node: Node) -> dict[str, int]:
    """Count what the portal of a node may serve of each pack."""
    with closing(CatalogueReader(node.state.catalogue)) as reader:
        return {pack.id: pack.served for pack in reader.packs()}


def item_of(county: County) -> str:
    """Name a lesson of the pack."""
    state = county.state(county.schools[0])
    with closing(CatalogueReader(state.catalogue)) as reader:
        return reader.items(FISH)[0].id


@pytest.mark.parametrize(
    "count", [8, pytest.param(200, marks=[pytest.mark.slow, pytest.mark.timeout(1800)])]
)
async def test_from_one_table_to_schools_that_work(tmp_path: Path, count: int) -> None:
    county, files = County(tmp_path, count), tmp_path / "setup"
    with serving(county.hub) as url:
        county.publish(FISH)
        made = data(
            "hub", "token", county.hub, "--csv", county.table(), "--output", files, "--hub-url", url
        )
        assert Counter(one["outcome"] for one in made["schools"]) == {"made": count}
        for number, school in enumerate(county.schools):
            setup, state = files / setup_name(school), county.state(school)
            if number:
                enrol_setup(state, setup)
                poll(county.node(school))
            else:
                worker(state, "enrol-setup", setup)
                worker(state, "pull")
            assert not load_identity(state).pending
        assert all(served(county.node(one)) == {FISH: 2} for one in county.schools)

        await check_the_fleet(county, url)
        again = data("hub", "token", county.hub, "--csv", county.table(), "--hub-url", url)
        assert Counter(one["outcome"] for one in again["schools"]) == {"enrolled": count}

        county.pack("withdraw", f"{FISH}@{item_of(county)}", "--reason", REASON, "--yes")
        for school in county.schools:
            poll(county.node(school))
        assert all(served(county.node(one)) == {FISH: 1} for one in county.schools)


async def check_the_fleet(county: County, url: str) -> None:
    """Look at the schools as the admin does: by command, on the page, in a spreadsheet."""
    fleet = data("hub", "nodes", county.hub)
    assert fleet["warnings"] == []
    assert [one["school"] for one in fleet["nodes"]] == county.schools
    assert len({one["node"] for one in fleet["nodes"]}) == len(county.schools)
    for number, one in enumerate(fleet["nodes"], 1):
        assert one["school_name"] == f"珠海{number}小"
        assert one["groups"] == ["乡村", f"第{number % 4}片"]
        assert (one["reported"]["items"], one["reported"]["here"]) == (2, 2)
        assert [warning["kind"] for warning in one["warnings"] if warning["kind"] != "clock"] == []
    county.let_sign_in()
    async with browser_at(url) as browser:
        assert (await browser.sign_in()).status_code == 303
        page = (await browser.get("")).text
        assert all(f"珠海{number}小" in page for number in range(1, len(county.schools) + 1))
        table = (await browser.get("schools.csv")).content.decode("utf-8-sig")
    assert len(list(csv.reader(io.StringIO(table)))) == len(county.schools) + 1
