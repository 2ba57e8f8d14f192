"""Publishers and lines that roll back, freeze, mix, bomb; clocks of 1970 and 2099."""

import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import zstandard

from core.errors import ExitCode
from core.tip import Tip, decode_tip, encode_tip
from core.trust import roles
from core.trusted_time import parse_moment
from sync.directory_source import DirectorySource
from sync.events import Summary, Trusted
from sync.trust.floor import read_floor
from tests.support.clock import START, FixedClock
from tests.support.node_state import Node, make_node
from tests.support.tiny_repository import TinyRepository, publish_files

PACK = "demo/county/fish"
OLD = {"a.txt": b"old"}
NEW = {"a.txt": b"new", "b.txt": b"more"}


class World:
    """A repository made at the fixed clock's start, its first state kept, and a node."""

    def __init__(self, path: Path) -> None:
        self.clock = FixedClock()
        self.tiny = TinyRepository(path, now=START - timedelta(days=1))
        publish_files(self.tiny, PACK, OLD, 1)
        self.old = path / "old"
        shutil.copytree(self.tiny.directory, self.old)
        self.tiny.now = START
        publish_files(self.tiny, PACK, NEW, 2)
        self.new = self.tiny.directory
        self.node = make_node(path / "node", self.tiny.root, self.clock)

    def pull(self, directory: Path) -> Summary:
        return self.node.pull_from(DirectorySource(directory))

    def tip(self, directory: Path) -> Tip:
        return decode_tip((directory / "tip").read_bytes())

    def set_tip(self, tip: Tip) -> None:
        (self.new / "tip").write_bytes(encode_tip(tip))


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def refused(node: Node, summary: Summary, words: str) -> None:
    """Check that a pull was refused, in these words, and changed nothing."""
    assert summary.exit_code == ExitCode.REFUSED
    assert any(words in text for text in node.problems()), node.problems()


def test_an_older_tip_is_refused(world: World) -> None:
    assert world.pull(world.new).exit_code == 0
    summary = world.pull(world.old)
    refused(world.node, summary, "tip is not of the version")
    assert world.node.files(PACK) == NEW


def test_an_older_repository_without_tip_is_refused(world: World) -> None:
    assert world.pull(world.new).exit_code == 0
    (world.old / "tip").unlink()
    refused(world.node, world.pull(world.old), "metadata/timestamp.json is not of the version")
    assert world.node.files(PACK) == NEW


@pytest.mark.parametrize("kept", ["", "garbage"])
def test_a_lost_state_does_not_let_old_metadata_in(world: World, kept: str) -> None:
    assert world.pull(world.new).exit_code == 0
    current = world.node.state.trust / "current"
    for path in current.resolve().rglob("*.json"):
        path.write_text(kept)
    refused(world.node, world.pull(world.old), "replaying old files")
    assert world.pull(world.new).exit_code == 0
    shutil.rmtree(current.resolve())
    current.unlink()
    refused(world.node, world.pull(world.old), "replaying old files")
    assert world.node.files(PACK) == NEW
    assert world.pull(world.new).exit_code == 0


def test_a_new_timestamp_with_an_old_snapshot_is_refused(world: World) -> None:
    new, old = world.tip(world.new), world.tip(world.old)
    world.set_tip(Tip(1, new.timestamp, new.snapshot_version, old.snapshot))
    refused(world.node, world.pull(world.new), "tip is not of the version")


def test_a_tip_whose_snapshot_has_another_version_asks_for_the_right_one(world: World) -> None:
    new, old = world.tip(world.new), world.tip(world.old)
    world.set_tip(Tip(1, new.timestamp, old.snapshot_version, old.snapshot))
    assert world.pull(world.new).exit_code == 0
    assert world.node.files(PACK) == NEW


def test_a_tip_that_promises_a_root_that_is_not_there(world: World) -> None:
    new = world.tip(world.new)
    world.set_tip(Tip(99, new.timestamp, new.snapshot_version, new.snapshot))
    summary = world.pull(world.new)
    assert summary.exit_code == ExitCode.OFFLINE
    assert "metadata/2.root.json" in world.node.problems()[0]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"garbage",
        zstandard.ZstdCompressor().compress(b"\0" * (1 << 28)),
        b"\xff" * 200_000,
    ],
)
def test_a_tip_that_is_none_or_a_bomb(world: World, data: bytes) -> None:
    (world.new / "tip").write_bytes(data)
    refused(world.node, world.pull(world.new), "tip")


def test_a_frozen_repository_expires(world: World) -> None:
    assert world.pull(world.new).exit_code == 0
    world.clock.advance(91 * 86400)
    refused(world.node, world.pull(world.new), "The signature of")
    assert world.node.files(PACK) == NEW
    world.tiny.now = world.clock.wall()
    world.tiny.resign()
    world.node.events.clear()
    assert world.pull(world.new).exit_code == 0


@pytest.mark.parametrize("year", [1970, 2040, 2099])
def test_a_clock_that_nobody_set_is_not_believed(world: World, year: int) -> None:
    world.clock.set_wall(datetime(year, 1, 1, tzinfo=UTC), synchronised=False)
    assert world.pull(world.new).exit_code == 0
    told = [one for one in world.node.events if isinstance(one, Trusted)]
    assert not told[0].clock_verified
    assert parse_moment(told[0].time) == START


def test_a_timestamp_from_the_far_future_cannot_lock_the_node_out(world: World) -> None:
    world.clock.set_wall(datetime(1970, 1, 1, tzinfo=UTC), synchronised=False)
    world.tiny.now = datetime(2040, 1, 1, tzinfo=UTC)
    world.tiny.resign()
    assert world.pull(world.new).exit_code == 0
    # The role files were signed in 2026, and are past their time at that floor.
    floor = read_floor(world.node.state.root)
    assert floor.moment == datetime(2040, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("file", "limit"),
    [
        ("metadata/timestamp.json", roles.MAX_TIMESTAMP_BYTES),
        ("metadata/1.targets.json", roles.MAX_TARGETS_BYTES),
    ],
)
def test_files_larger_than_allowed(world: World, file: str, limit: int) -> None:
    (world.new / "tip").unlink()
    path = world.new / file
    path.write_bytes(path.read_bytes() + b" " * limit)
    refused(world.node, world.pull(world.new), f"{file} is too large")


def test_a_release_of_another_pack_is_refused(world: World) -> None:
    publish_files(world.tiny, "demo/county/bird", {"x": b"x"}, 1)
    role = json.loads((world.new / "metadata/4.demo.county.json").read_text())
    fish = role["signed"]["targets"][PACK]["hashes"]["sha256"]
    bird = role["signed"]["targets"]["demo/county/bird"]["hashes"]["sha256"]
    folder = world.new / "targets/demo/county"
    shutil.copy(folder / f"{bird}.bird", folder / f"{fish}.fish")
    summary = world.pull(world.new)
    assert summary.exit_code == ExitCode.PARTIAL
    assert any(f"{fish}.fish" in text for text in world.node.problems())
    assert world.node.versions() == {"demo/county/bird": 1}


def test_nothing_is_believed_of_a_stranger(world: World, tmp_path: Path) -> None:
    stranger = TinyRepository(tmp_path / "stranger", now=START)
    publish_files(stranger, PACK, {"a.txt": b"evil"}, 9)
    summary = world.pull(stranger.directory)
    refused(world.node, summary, "is not signed by the right keys")
    assert world.node.versions() == {}


@pytest.mark.parametrize(
    "damage", [lambda path: path.write_bytes(b""), lambda path: path.unlink()], ids=["cut", "gone"]
)
def test_a_damaged_state_heals(world: World, damage: Callable[[Path], None]) -> None:
    assert world.pull(world.new).exit_code == 0
    names = sorted((world.node.state.trust / "current").resolve().rglob("*.json"))
    for number in range(len(names)):
        current = (world.node.state.trust / "current").resolve()
        damage(sorted(current.rglob("*.json"))[number])
        world.node.events.clear()
        assert world.pull(world.new).exit_code == 0, world.node.problems()
        assert world.pull(world.new).exit_code == 0
        after = sorted((world.node.state.trust / "current").resolve().rglob("*.json"))
        assert [path.name for path in after] == [path.name for path in names]
        assert all(path.stat().st_size for path in after)
    assert world.node.files(PACK) == NEW
