"""Hostile mirrors, against nodes and against a mirroring hub: refused in words, nothing lost."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from core.assignment import Rule
from core.errors import ExitCode
from sync.patience import Patience
from tests.support.clock import FixedClock
from tests.support.hostile import Attacks, copy_of
from tests.support.http_repository import HttpRepository
from tests.support.mirrors import MirrorHub
from tests.support.node_state import Node, enrol_by_hand, make_node
from tests.support.province import Province
from tests.support.publishing import publish_assignment

NATIONAL, LOCAL = "cn/-/math", "gd/zhuhai/fish"
NEW = {"1.txt": b"new"}
HURRY = Patience(connect=2, gap=2, stretch=2, least_rate=1000)
ATTACKS = [
    "rollback",
    "rollback_without_tip",
    "mix_and_match",
    "endless",
    "endless_without_tip",
    "bomb",
    "fast_forward",
    "another_repository",
]


class World:
    def __init__(self, path: Path, province: Province, server: HttpRepository) -> None:
        self.path = path
        self.province = province
        self.server = server
        old = copy_of(province, path / "old")
        for pack in (NATIONAL, LOCAL):
            province.publish(pack, NEW, 2)
        self.attacks = Attacks(province, old, path / "other")

    def node(self) -> Node:
        made = make_node(self.path / "node", self.province.root, self.province.clock)
        enrol_by_hand(made, "gd/zhuhai")
        return made

    def mirror(self) -> MirrorHub:
        return MirrorHub(self.path / "mirror", self.server.url, self.province.clock)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    province = Province(tmp_path, ["cn/-", "gd", "gd/zhuhai"])
    for pack in (NATIONAL, LOCAL):
        province.publish(pack, {"1.txt": b"old"})
    with HttpRepository(province.directory) as server:
        yield World(tmp_path, province, server)


@pytest.mark.parametrize("name", ATTACKS)
def test_a_node_refuses_keeps_what_it_has_and_goes_on_afterwards(world: World, name: str) -> None:
    node = world.node()
    assert node.pull(world.server.url, patience=HURRY).exit_code == 0
    attack = getattr(world.attacks, name)()
    world.server.overlay = attack.files
    summary = node.pull(world.server.url, patience=HURRY)
    assert summary.exit_code == ExitCode.REFUSED
    assert any(attack.words in text for text in node.problems()), node.problems()
    assert node.files(NATIONAL) == node.files(LOCAL) == NEW
    # What the system's buffers hold on loopback comes on top of what was accepted.
    assert world.server.requests[-1].sent < 12_000_000
    world.server.overlay = {}
    world.province.publish(LOCAL, {"1.txt": b"newest"}, 3)
    node.events.clear()
    assert node.pull(world.server.url).exit_code == 0
    assert node.files(LOCAL) == {"1.txt": b"newest"}


@pytest.mark.parametrize("name", ATTACKS)
def test_a_mirroring_hub_refuses_serves_on_and_goes_on_afterwards(world: World, name: str) -> None:
    mirror = world.mirror()
    assert mirror.round().is_whole
    before = mirror.files()
    attack = getattr(world.attacks, name)()
    # What is remembered of the tip must not keep the attack from being looked at.
    world.server.overlay = attack.files
    done = mirror.round()
    assert [one.exit_code for one in done.problems] == [ExitCode.REFUSED]
    assert attack.words in str(done.problems[0])
    assert mirror.files() == before
    assert mirror.record.problem is not None
    world.server.overlay = {}
    world.province.publish(LOCAL, {"1.txt": b"newest"}, 3)
    assert mirror.round().is_whole
    assert mirror.record.problem is None


def test_a_frozen_mirror_is_noticed_once_its_signatures_end(world: World) -> None:
    node, mirror = world.node(), world.mirror()
    assert node.pull(world.server.url).exit_code == 0
    assert mirror.round().is_whole
    assert isinstance(world.province.clock, FixedClock)
    world.province.clock.advance(timedelta(days=100).total_seconds())
    assert node.pull(world.server.url).exit_code == ExitCode.REFUSED
    assert any("has expired" in text for text in node.problems())
    assert node.files(LOCAL) == NEW
    world.server.overlay = {"tip": (world.province.directory / "tip").read_bytes() + b""}
    mirror.directory.mirror_record.unlink()
    done = mirror.round()
    assert "has expired" in str(done.problems[0])
    assert mirror.files()


def test_a_county_key_that_signs_a_national_path_is_refused_by_nodes_and_mirrors(
    world: World,
) -> None:
    node, mirror = world.node(), world.mirror()
    world.province.speak_for("gd/zhuhai")
    publish_assignment(world.province, {}, [Rule("*", "*")])
    assert node.pull(world.server.url).exit_code == 0
    world.attacks.county_signs_for_the_nation()
    summary = node.pull(world.server.url)
    assert node.versions() == {NATIONAL: 2, LOCAL: 2}
    assert node.files(NATIONAL) == NEW
    assert any("gd.zhuhai signs cn/-/math" in text for text in node.problems())
    assert summary.exit_code == ExitCode.PARTIAL
    done = mirror.round()
    assert any("gd.zhuhai signs cn/-/math" in str(one) for one in done.problems)
    assert len(list(mirror.repository.glob("targets/cn/-/*"))) == 1


def test_an_expired_county_beside_healthy_publishers_hides_nobody(world: World) -> None:
    node, mirror = world.node(), world.mirror()
    assert node.pull(world.server.url).exit_code == 0
    from hub.keys import load_key

    clock, province = world.province.clock, world.province
    assert isinstance(clock, FixedClock)
    clock.advance(timedelta(days=300).total_seconds())
    province.now = clock.wall()
    keys = [province.hub_directory.role_key(name) for name in ("root", "targets")]
    province.sequencer.prolong([load_key(path) for path in keys])
    province.publish("gd/-/art", NEW)
    province.publish(NATIONAL, {"1.txt": b"newest"}, 3)
    clock.advance(timedelta(days=80).total_seconds())
    province.now = clock.wall()
    province.sequence()
    assert mirror.round().shown
    with HttpRepository(mirror.repository) as near:
        summary = node.pull(near.url)
    assert summary.exit_code == ExitCode.PARTIAL
    assert any("gd.zhuhai" in text and "expired" in text for text in node.problems())
    assert node.files(NATIONAL) == {"1.txt": b"newest"}
    assert node.files(LOCAL) == NEW
