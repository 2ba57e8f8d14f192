"""What a poll asks for: the tip against a kept snapshot, steps between role files, few roles."""

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import msgspec
import pytest

from cache.agent_db import AgentDatabase
from core.assignment import Assignment, Rule
from core.errors import ExitCode
from core.tip import decode_tip, encode_tip
from core.trust import roles
from sync.trust.reach import Reach
from tests.support.clock import FixedClock
from tests.support.http_repository import Answer, HttpRepository
from tests.support.node_state import enrol_by_hand, make_node
from tests.support.province import Province
from tests.support.publishing import publish_assignment

FISH, ART, NATIONAL = "gd/zhuhai/fish", "gd/foshan/art", "cn/-/math"
FILES = {"1.txt": b"one" * 100}


class World:
    def __init__(self, path: Path, server: HttpRepository, province: Province) -> None:
        self.server = server
        self.province = province
        self.node = make_node(path / "node", province.root, FixedClock())
        enrol_by_hand(self.node, "gd/zhuhai")

    def pull(self) -> list[tuple[str, int]]:
        """Pull, without any problem; give what was asked, and the answers."""
        self.server.requests.clear()
        summary = self.node.pull(self.server.url)
        assert self.node.problems() == []
        assert summary.exit_code == 0
        return [(one.path, one.status) for one in self.server.requests]


@pytest.fixture
def province(tmp_path: Path) -> Province:
    made = Province(tmp_path, ["cn/-", "gd", "gd/zhuhai", "gd/foshan"])
    for pack in (NATIONAL, ART, FISH):
        made.publish(pack, FILES)
    made.speak_for("gd/zhuhai")
    publish_assignment(made, {}, [Rule("*", "gd/zhuhai/*"), Rule("*", "cn/-/math")])
    return made


@pytest.fixture
def world(tmp_path: Path, province: Province) -> Iterator[World]:
    with HttpRepository(province.directory) as server:
        yield World(tmp_path, server, province)


def test_a_poll_with_nothing_new_is_one_answer_without_a_body(world: World) -> None:
    world.pull()
    assert world.pull() == [("tips/5.zst", 200)]
    assert world.pull() == [("tips/5.zst", 304)]
    assert world.pull() == [("tips/5.zst", 304)]


def test_another_countys_news_cost_the_tip_against_the_kept_snapshot_alone(world: World) -> None:
    world.pull()
    world.pull()
    for version in (2, 3):
        world.province.publish(ART, {"1.txt": b"other"}, version)
        assert world.pull() == [("tips/5.zst", 200)]
        assert world.pull() == [("tips/5.zst", 304)]
    assert sorted(world.node.versions()) == [NATIONAL, FISH]


def test_a_pack_that_is_updated_costs_a_step_and_its_release(world: World) -> None:
    world.pull()
    world.pull()
    world.province.publish(NATIONAL, {"1.txt": b"new"}, 2)
    asked = [path for path, _ in world.pull()]
    assert asked[:2] == ["tips/5.zst", "steps/cn.2-3.zst"]
    assert not [path for path in asked if path.startswith("metadata/")]
    assert world.node.files(NATIONAL) == {"1.txt": b"new"}


def test_a_role_file_that_did_not_come_with_the_tip_comes_by_a_step_all_the_same(
    world: World,
) -> None:
    world.pull()
    world.pull()
    world.province.publish(NATIONAL, {"1.txt": b"new"}, 2)
    world.server.fault = lambda asked: Answer(503) if "steps/" in asked.path else None
    assert world.node.pull(world.server.url).exit_code != 0
    world.server.fault = lambda _: None
    world.node.events.clear()
    asked = [path for path, _ in world.pull()]
    assert asked[:2] == ["tips/5.zst", "steps/cn.2-3.zst"]
    assert not [path for path in asked if path.startswith("metadata/")]


def test_a_kept_snapshot_that_is_not_the_hubs_any_more_is_given_up(world: World) -> None:
    world.pull()
    world.pull()
    kept = world.node.state.trust / "current" / "polled.json"
    # As it was signed before the hub was restored from a backup, or after a fault of the card.
    kept.write_bytes(kept.read_bytes().replace(b"gd.foshan", b"gd.fushan"))
    world.province.publish(NATIONAL, {"1.txt": b"new"}, 2)
    world.node.pull(world.server.url)
    world.node.events.clear()
    assert world.pull()[0] == ("tip", 200)
    assert world.node.files(NATIONAL) == {"1.txt": b"new"}


def test_one_tip_with_a_wrong_snapshot_keeps_nothing_away_once_it_is_right(world: World) -> None:
    world.pull()
    world.pull()
    world.province.publish(NATIONAL, {"1.txt": b"new"}, 2)
    good = decode_tip((world.province.directory / "tip").read_bytes())
    bad = msgspec.structs.replace(good, snapshot=b"{}")
    world.server.overlay = {"tips/5.zst": encode_tip(bad)}
    assert world.node.pull(world.server.url).exit_code == ExitCode.REFUSED
    world.server.overlay = {}
    world.node.events.clear()
    world.pull()
    assert world.node.files(NATIONAL) == {"1.txt": b"new"}


@pytest.mark.parametrize("name", ["timestamp.json", "snapshot.json", "targets.json", "root.json"])
def test_what_a_card_has_spoilt_of_the_metadata_comes_again(world: World, name: str) -> None:
    world.pull()
    world.pull()
    file = world.node.state.trust / "current" / "metadata" / name
    spoilt = json.loads(file.read_bytes())
    spoilt["signatures"][0]["sig"] = "00" * 64
    file.unlink()
    file.write_text(json.dumps(spoilt))
    world.pull()
    assert json.loads(file.read_bytes()) != spoilt


def test_a_publisher_is_read_once_one_of_its_packs_is_assigned_and_while_it_is_here(
    world: World,
) -> None:
    world.pull()
    assert ART not in world.node.versions()
    world.province.speak_for("gd/zhuhai")
    publish_assignment(world.province, {}, [Rule("*", "gd/*")])
    world.pull()
    assert ART in world.node.versions()
    world.province.speak_for("gd/zhuhai")
    publish_assignment(world.province, {}, [Rule("*", "gd/zhuhai/*")])
    world.pull()
    world.province.publish(ART, {"1.txt": b"newer"}, 2)
    # It stays here, so that a withdrawal has to be heard of.
    assert "steps/gd.foshan.2-3.zst" in [path for path, _ in world.pull()]


def test_a_school_that_nothing_assigns_to_reads_every_publisher(
    tmp_path: Path, province: Province
) -> None:
    province.speak_for("gd/zhuhai")
    publish_assignment(province, {}, [])
    with HttpRepository(province.directory) as server:
        world = World(tmp_path, server, province)
        world.pull()
    assert sorted(world.node.versions()) == [NATIONAL, ART, FISH]


def test_where_there_are_no_shortcuts_the_whole_files_are_asked_for(world: World) -> None:
    def hide() -> None:
        for folder in ("tips", "steps"):
            for path in (world.province.directory / folder).iterdir():
                world.server.overlay[f"{folder}/{path.name}"] = None

    hide()
    world.pull()
    assert world.pull() == [("tips/5.zst", 404), ("tip", 304)]
    # The tip itself is asked for from now on, until it changes.
    assert world.pull() == [("tip", 304)]
    world.province.publish(NATIONAL, {"1.txt": b"new"}, 2)
    hide()
    asked = world.pull()
    assert asked[0] == ("tip", 200)
    assert ("metadata/3.cn.json", 200) in asked
    assert world.node.files(NATIONAL) == {"1.txt": b"new"}


@pytest.mark.parametrize("junk", [b"", b"junk", b"\xff" * 200_000])
def test_damaged_shortcuts_are_passed_over(world: World, junk: bytes) -> None:
    world.pull()
    world.pull()
    world.province.publish(NATIONAL, {"1.txt": b"new"}, 2)
    world.server.overlay = {"tips/5.zst": junk, "steps/cn.2-3.zst": junk}
    world.pull()
    assert world.node.files(NATIONAL) == {"1.txt": b"new"}


def test_what_an_earlier_release_remembered_is_understood(world: World) -> None:
    world.pull()
    with httpx.Client(timeout=60) as client:
        validator = client.get(f"{world.server.url}/tip").headers["etag"]
    with closing(AgentDatabase(world.node.state)) as agent:
        agent.remember("tip of 127.0.0.1", validator)
    assert world.pull() == [("tip", 304)]


def test_a_node_without_a_place_may_be_assigned_to_by_anybody() -> None:
    assert Reach("s1", "", frozenset()).is_everywhere()
    assert not Reach("s1", "gd/zhuhai", frozenset()).is_everywhere()


@pytest.mark.parametrize(
    ("pattern", "assigns", "publishes"),
    [
        ("gd/*/*", True, True),
        ("gd/zhuhai/*", True, True),
        ("gd/foshan/*", False, False),
        ("cn/-/*", False, True),
        ("hn/*/*", False, False),
        ("jx/-/*", False, True),
    ],
)
def test_whose_word_counts(pattern: str, assigns: bool, publishes: bool) -> None:
    reach = Reach("s1", "gd/zhuhai", frozenset({"jx/-/held"}))
    mine = Assignment(place="gd/zhuhai", rules=[Rule("*", "gd/zhuhai/*"), Rule("*", "cn/-/m?th")])
    assert reach.assigns(pattern) is assigns
    assert reach.publishes(pattern, [mine]) is publishes
    assert reach.publishes(pattern, [])


def test_the_tip_against_a_snapshot_is_a_third_of_the_tip(province: Province) -> None:
    whole = (province.directory / roles.TIP_PATH).stat().st_size
    small = (province.directory / roles.tip_path(4)).stat().st_size
    assert small < whole
