"""Every file of a repository in turn changed, cut short or swapped.

The node refuses, naming the file, or ends with exactly the signed bytes; what it served before
it still serves, nothing is mixed, and it recovers once the file is right again.

Twelve seeded offsets for each file by default, or ``PACKHORSE_OFFSETS``; the test marked slow
has two hundred.
"""

import os
import random
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from cache.state import StateDirectory
from core.errors import ExitCode
from tests.support.http_repository import HttpRepository
from tests.support.node_state import Node, make_node
from tests.support.tiny_repository import TinyRepository, publish_files

pytestmark = pytest.mark.timeout(600)

PACK = "demo/county/fish"
OFFSETS = int(os.environ.get("PACKHORSE_OFFSETS", "12"))
_CHANCE = random.Random(11)
OLD = {
    "a/video.mp4": _CHANCE.randbytes(5000),
    "b/page.html": b"".join(b"<p>%d</p>" % n for n in range(500)),
}
NEW = {
    "a/video.mp4": OLD["a/video.mp4"] + _CHANCE.randbytes(3000),
    "b/page.html": OLD["b/page.html"].replace(b"<p>77</p>", b"<p>new</p>"),
}


class World:
    """A repository with two versions, and a node that holds the first."""

    def __init__(self, path: Path) -> None:
        self.tiny = TinyRepository(path)
        self.path = path
        first = publish_files(self.tiny, PACK, OLD, 1)
        self.server = HttpRepository(self.tiny.directory)
        self.server.__enter__()
        base = make_node(path / "base", self.tiny.root)
        assert base.pull(self.server.url).exit_code == 0
        self.base = base
        publish_files(self.tiny, PACK, NEW, 2, base=first)
        self.count = self.refused = 0

    def node(self) -> Node:
        """Give a node as it was with the first version."""
        self.count += 1
        root = self.path / f"node-{self.count}"
        shutil.copytree(self.base.state.root, root, symlinks=True)
        return Node(StateDirectory(root), self.base.clock)

    def fresh(self) -> Node:
        """Give a node that has nothing yet."""
        self.count += 1
        return make_node(self.path / f"node-{self.count}", self.tiny.root)

    def files(self) -> list[str]:
        """Name every file of the repository."""
        directory = self.tiny.directory
        paths = sorted(path for path in directory.rglob("*") if path.is_file())
        return [str(path.relative_to(directory)) for path in paths]

    def without_tips(self) -> dict[str, bytes | None]:
        """Give what makes the server one without tips."""
        return {file: None for file in self.files() if file.startswith("tip")}

    def data(self, file: str) -> bytes:
        """Give a file's content."""
        return (self.tiny.directory / file).read_bytes()


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    # Thousands of runs, each with dozens of fsyncs: in memory where there is such a place.
    memory = Path("/dev/shm")  # noqa: S108
    path = tmp_path_factory.mktemp("tampering")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else path) as name:
        made = World(Path(name))
        yield made
        made.server.__exit__(None, None, None)


def changes(data: bytes, offsets: int, seed: str) -> Iterator[tuple[str, bytes]]:
    """Give the file with one byte changed at several places, and cut short."""
    chance = random.Random(seed)
    places = [0, len(data) // 2, len(data) - 1]
    places += [chance.randrange(len(data)) for _ in range(offsets)]
    for place in places:
        other = bytes([data[place] ^ chance.randrange(1, 256)])
        yield f"changed at {place}", data[:place] + other + data[place + 1 :]
    yield "emptied", b""
    yield "cut short", data[: len(data) // 2]
    yield "cut by one", data[:-1]
    yield "made longer", data + b"\n"


def check(world: World, file: str, data: bytes, *, is_plain: bool, is_fresh: bool) -> None:
    """Pull with one wrong file, then with the right one."""
    server = world.server
    server.overlay = world.without_tips() if is_plain else {}
    server.overlay[file] = data
    node = world.fresh() if is_fresh else world.node()
    old = {} if is_fresh else OLD
    summary = node.pull(server.url)
    found = node.files(PACK)
    assert all(found[path] in {OLD[path], NEW[path]} for path in found)
    assert set(old) <= set(found)
    if summary.exit_code == ExitCode.DONE:
        assert found == NEW
    else:
        named = [text for text in node.problems() if file in text or Path(file).name in text]
        assert named, node.problems()
        world.refused += 1
    server.overlay = {}
    node.events.clear()
    again = node.pull(server.url)
    assert (again.exit_code, node.problems()) == (0, [])
    assert node.files(PACK) == NEW
    shutil.rmtree(node.state.root)


Situation = tuple[bool, bool]
# (asks for the files themselves, as at a mirror without tip; has nothing yet)
SITUATIONS: list[Situation] = [(False, False), (True, False), (False, True), (True, True)]


def read_in(world: World) -> dict[str, list[Situation]]:
    """Find out in which situations which file is read at all."""
    found: dict[str, list[Situation]] = {file: [] for file in world.files()}
    for is_plain, is_fresh in SITUATIONS:
        world.server.overlay = world.without_tips() if is_plain else {}
        world.server.requests.clear()
        node = world.fresh() if is_fresh else world.node()
        assert node.pull(world.server.url).exit_code == 0
        for path in {asked.path for asked in world.server.requests} & set(found):
            found[path].append((is_plain, is_fresh))
    return found


def run(world: World, offsets: int, situations: int) -> list[str]:
    """Change every file in every way where it is read; give those that were refused."""
    refused: list[str] = []
    for file, where in read_in(world).items():
        data = world.data(file)
        before = world.refused
        # What nobody reads any more need not be tried at every offset.
        for is_plain, is_fresh in where[:situations] or SITUATIONS[:1]:
            for name, changed in changes(data, offsets if where else 1, file):
                try:
                    check(world, file, changed, is_plain=is_plain, is_fresh=is_fresh)
                except AssertionError as error:
                    raise AssertionError(f"{file} {name}: {error}") from error
        if world.refused > before:
            refused.append(file)
    return refused


def test_every_file_changed_or_cut_is_refused_by_name_or_harmless(world: World) -> None:
    refused = run(world, OFFSETS, 1)
    kinds = {Path(file).name.partition(".")[2] or file.partition("/")[0] for file in refused}
    assert {"tip", "bundles", "snapshot.json", "targets.json", "demo.county.json"} <= kinds
    # The full bundle; a delta that is damaged gives way to it.
    assert len([file for file in refused if file.startswith("bundles/")]) == 1


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_every_file_changed_at_many_places_in_every_situation(world: World) -> None:
    assert run(world, 200, len(SITUATIONS))


@pytest.mark.parametrize("others", [3, pytest.param(99, marks=pytest.mark.slow)])
def test_every_file_swapped_with_other_valid_ones(world: World, others: int) -> None:
    files = world.files()
    where = read_in(world)
    for file in files:
        chosen = [other for other in files if other != file]
        random.Random(file).shuffle(chosen)
        for other in chosen[:others]:
            is_plain, is_fresh = (where[file] or SITUATIONS)[0]
            check(world, file, world.data(other), is_plain=is_plain, is_fresh=is_fresh)
