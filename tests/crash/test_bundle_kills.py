"""``kill -9`` and power cuts while a worker pulls bundles as the packager makes them.

The delta has a head of some hundred kilobytes, in which small files are; a block that refers to an
old text; and a new film. Afterwards what is here is clean, the pull completes, and a kill has cost
little of the line, as the server counts it.
"""

import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest

from cache.failpoints import VARIABLE
from cache.state import StateDirectory
from core.release import BundleLink
from tests.support.course_publisher import PACK, CoursePublisher, text
from tests.support.http_repository import HttpRepository
from tests.support.in_process import work_here
from tests.support.node_state import Node
from tests.support.power_cut import Loss, Recorder, Recording
from tests.support.running_node import enrolled
from tests.support.small_world import assert_clean, end, first_line, set_hub
from tests.support.tiny_repository import TinyRepository

FULL, DELTA = 0, 1
LOST_PER_KILL = 256 * 1024
KILLS = [2, pytest.param(50, marks=pytest.mark.crash)]
PACE = 0.006
MOST_SECONDS = 60


def old_course() -> dict[str, bytes]:
    chance = random.Random(5)
    files = {f"pages/{n:03}.html": text(chance, 6000) for n in range(120)}
    return files | {"text.txt": text(chance, 1_200_000), "film.mp4": chance.randbytes(400_000)}


def new_course() -> dict[str, bytes]:
    chance = random.Random(6)
    files = {path: text(chance, 6000) for path in old_course() if path.endswith(".html")}
    film = chance.randbytes(500_000)
    return files | {"text.txt": b"A new line.\n" + old_course()["text.txt"], "film.mp4": film}


@dataclass(frozen=True)
class Template:
    """Two versions of a course, and a node that has nothing yet, or the first one.

    Attributes:
        directory: of the repository as it stood at each version: its number is a folder.
        links: the bundle that each of both nodes takes.
        nodes: what these have.
    """

    directory: Path
    links: dict[int, BundleLink]
    nodes: Path


@pytest.fixture(scope="module")
def updates(tmp_path_factory: pytest.TempPathFactory) -> Template:
    path = tmp_path_factory.mktemp("updates")
    tiny = TinyRepository(path)
    publisher = CoursePublisher(tiny, path)
    publisher.publish(old_course())
    nodes, shown = path / "nodes", path / "shown"
    links = {FULL: publisher.links[0]}
    enrolled(nodes / str(FULL), tiny.root, "http://127.0.0.1:1")
    shutil.copytree(nodes / str(FULL), nodes / str(DELTA), symlinks=True)
    with HttpRepository(tiny.directory) as server:
        state = StateDirectory(nodes / str(DELTA))
        set_hub(state, server.url)
        assert work_here("pull", state).problems == []
    shutil.copytree(tiny.directory, shown / str(FULL))
    publisher.publish(new_course())
    shutil.copytree(tiny.directory, shown / str(DELTA))
    links[DELTA] = publisher.links[1]
    assert links[DELTA].index_length > LOST_PER_KILL
    assert links[DELTA].length > links[DELTA].index_length + 500_000
    return Template(shown, links, nodes)


class Updated:
    """One node, and the server from which it pulls.

    Args:
        kind: of the bundle that it takes.
        place: where the node goes.
    """

    def __init__(self, template: Template, kind: int, place: Path, server: HttpRepository) -> None:
        self.state = StateDirectory(place)
        self._files = (old_course, new_course)[kind]
        self._server = server
        shutil.copytree(template.nodes / str(kind), place, symlinks=True)
        set_hub(self.state, server.url)

    def start(self, failpoint: str = "") -> "subprocess.Popen[bytes]":
        """Start a worker."""
        environment = {**os.environ, **({VARIABLE: failpoint} if failpoint else {})}
        words = [sys.executable, "-m", "edge_client.worker", "pull"]
        words += ["--state", str(self.state.root)]
        with self.state.root.with_suffix(".log").open("ab") as log:
            return subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, stderr=log)

    def finish(self) -> None:
        """Pull to the end; all must be here then, and nothing else."""
        assert_clean(self.state)
        assert work_here("pull", self.state).problems == []
        self.assert_whole()

    def assert_whole(self) -> None:
        """Assert that all is here, and nothing else."""
        assert_clean(self.state)
        assert Node.files_of(self.state, PACK) == self._files()
        assert list(self.state.staging.iterdir()) == []


@pytest.fixture(params=[pytest.param(FULL, marks=pytest.mark.crash), DELTA], ids=["full", "delta"])
def kind(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture
def server(updates: Template, kind: int) -> Iterator[HttpRepository]:
    with HttpRepository(updates.directory / str(kind)) as made:
        yield made


@pytest.mark.parametrize("kills", KILLS)
def test_a_kill_costs_little_of_the_line(
    updates: Template, server: HttpRepository, tmp_path: Path, kills: int
) -> None:
    chance = Random(kills)
    server.pace = PACE
    kind = int(server.directory.name)
    length = updates.links[kind].length
    left = kills
    for number in range(kills):
        if not left:
            break
        node = Updated(updates, kind, tmp_path / str(number), server)
        server.requests.clear()
        mine = 0
        while left and mine < 10:
            if not killed(node, chance):
                break
            left, mine = left - 1, mine + 1
            assert_clean(node.state)
        node.finish()
        more = server.sent("bundles/") - length
        assert 0 <= more <= mine * LOST_PER_KILL


def killed(node: Updated, chance: Random) -> bool:
    """Start a pull and kill it at a random moment; say whether it was still at work."""
    worker = node.start()
    # From its first word on it works; before, it loads its libraries.
    first_line(worker)
    time.sleep(chance.uniform(0, 1.2))
    was_alive = worker.poll() is None
    end(worker)
    return was_alive


@pytest.mark.parametrize(
    "points",
    [
        pytest.param((150, 450), id="some", marks=pytest.mark.slow),
        pytest.param(range(10, 10_000, 29), id="many", marks=pytest.mark.crash),
    ],
)
def test_a_kill_just_before_anything_becomes_durable_loses_nothing(
    updates: Template, tmp_path: Path, points: Sequence[int]
) -> None:
    with HttpRepository(updates.directory / str(DELTA)) as server:
        for point in points:
            node = Updated(updates, DELTA, tmp_path / str(point), server)
            worker = node.start(f"any:{point}:kill")
            worker.communicate(timeout=MOST_SECONDS)
            if worker.returncode == 0:
                node.assert_whole()
                assert point > points[1]
                return
            assert worker.returncode < 0
            node.finish()
            shutil.rmtree(node.state.root)


@pytest.fixture(scope="module")
def recorded(
    updates: Template, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Updated, Recording]]:
    path = tmp_path_factory.mktemp("recorded")
    with HttpRepository(updates.directory / str(DELTA)) as server:
        node = Updated(updates, DELTA, path / "node", server)
        words: list[str | Path] = [
            *(sys.executable, "-m", "edge_client.worker", "pull"),
            *("--state", node.state.root),
        ]
        with Recorder(words, node.state.root) as recorder:
            recording = recorder.finish(seconds=300)
        assert recording.returncode == 0, recording.output.decode(errors="replace")
        yield node, recording
        recording.close()


@pytest.mark.crash
@pytest.mark.parametrize("loss", list(Loss))
def test_a_power_cut_loses_nothing(
    updates: Template, recorded: tuple[Updated, Recording], tmp_path: Path, loss: Loss
) -> None:
    _, recording = recorded
    with HttpRepository(updates.directory / str(DELTA)) as server:
        for point in recording.spread(40):
            node = Updated(updates, DELTA, tmp_path / str(point), server)
            shutil.rmtree(node.state.root)
            recording.materialise(point, node.state.root, loss=loss, seed=point)
            set_hub(node.state, server.url)
            node.finish()
            shutil.rmtree(node.state.root)
