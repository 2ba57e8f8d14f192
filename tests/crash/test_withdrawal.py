"""A node that hears of a withdrawal and is killed, or loses its power, at any moment of that.

What was withdrawn before stays so at every moment; what is being withdrawn is, after the next
run at the latest; what comes back does. Real workers against a real hub.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from cache.catalogue_reader import CatalogueReader
from cache.check import check
from cache.clock import Clock
from cache.failpoints import VARIABLE
from cache.state import StateDirectory
from sync.directory_source import DirectorySource
from sync.enrol import enrol
from tests.support.in_process import hub_here, work_here
from tests.support.node_state import Node
from tests.support.power_cut import Loss, record
from tests.support.publishing import withdraw
from tests.support.small_world import packhorse
from tests.support.tiny_hub import TinyHub
from tests.support.tiny_repository import publish_files

STAYS, GOES, RETURNS = "gd/zhuhai/stays", "gd/zhuhai/goes", "gd/zhuhai/returns"
FILES = {"1.txt": b"one" * 500, "2.txt": b"two" * 500}
BOTH, SECOND = ["item-1", "item-2"], ["item-2"]
MOST = 200
SLICES = 8


@dataclass(frozen=True)
class Story:
    """A node before the poll that withdraws one pack and lets another one's lesson back."""

    state: StateDirectory
    repository: Path

    def copied(self, place: Path) -> StateDirectory:
        """Give another node that is exactly there."""
        shutil.copytree(self.state.root, place, symlinks=True)
        return StateDirectory(place)


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    path = tmp_path_factory.mktemp("story")
    hub = TinyHub(path, clock=Clock())
    for pack in (STAYS, GOES, RETURNS):
        publish_files(hub, pack, {name: data + pack.encode() for name, data in FILES.items()}, 1)
    for pack in (STAYS, RETURNS):
        withdraw(hub, pack, "a slip", item="item-1")
    state = StateDirectory(path / "node")
    root = hub.hub_directory.root
    with hub_here(root) as url:
        token = packhorse("hub", "token", root, "school-1", "--hub-url", url).strip()
        enrol(state, token, Clock())
    assert Node(state, Clock()).pull_from(DirectorySource(hub.directory)).exit_code == 0
    withdraw(hub, GOES, "all wrong")
    publish_files(hub, RETURNS, {n: d + RETURNS.encode() for n, d in FILES.items()}, 1)
    with hub_here(root) as url:
        identity = state.root / "identity.json"
        before = identity.read_text()
        old = before.partition('"url": "')[2].partition('"')[0]
        identity.write_text(before.replace(old, url))
        yield Story(state, hub.directory)


def served(state: StateDirectory, pack: str) -> list[str]:
    with closing(CatalogueReader(state.catalogue)) as reader:
        return [one.id for one in reader.items(pack) if one.is_served]


def assert_nothing_undone(state: StateDirectory) -> None:
    assert served(state, STAYS) == SECOND
    assert served(state, GOES) in ([], BOTH)
    assert served(state, RETURNS) in (SECOND, BOTH)
    assert [str(one) for one in check(state, deep=True).findings] == []


def assert_done(state: StateDirectory) -> None:
    assert_nothing_undone(state)
    assert (served(state, GOES), served(state, RETURNS)) == ([], BOTH)


def worker(state: StateDirectory, failpoint: str = "") -> int:
    environment = {**os.environ, **({VARIABLE: failpoint} if failpoint else {})}
    return subprocess.run(
        [sys.executable, "-m", "edge_client.worker", "pull", "--state", state.root],
        env=environment, stdout=subprocess.DEVNULL, check=False,
    ).returncode  # fmt: skip


@pytest.mark.crash
@pytest.mark.parametrize("first", range(1, SLICES + 1))
def test_killed_before_any_durable_step_a_worker_undoes_no_withdrawal(
    story: Story, tmp_path: Path, first: int
) -> None:
    for number in range(first, MOST, SLICES):
        state = story.copied(tmp_path / str(number))
        if worker(state, f"any:{number}:kill") >= 0:
            break
        assert_nothing_undone(state)
        assert work_here("pull", state).problems == []
        assert_done(state)
        shutil.rmtree(state.root)
    assert 10 < number < MOST - SLICES
    assert_done(state)


@pytest.mark.crash
@pytest.mark.parametrize("loss", list(Loss))
def test_a_power_cut_undoes_no_withdrawal(story: Story, tmp_path: Path, loss: Loss) -> None:
    state = story.copied(tmp_path / "recorded")
    command: list[str | Path] = [
        sys.executable,
        "-m",
        "edge_client.worker",
        "pull",
        "--state",
        state.root,
    ]
    recording = record(command, state.root)
    try:
        assert recording.returncode == 0
        for point in recording.spread(25):
            place = StateDirectory(tmp_path / str(point))
            recording.materialise(point, place.root, loss=loss, seed=point)
            assert_nothing_undone(place)
            assert work_here("pull", place).problems == []
            assert_done(place)
            shutil.rmtree(place.root)
    finally:
        recording.close()
