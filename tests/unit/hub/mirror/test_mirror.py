"""A mirror holds raw what its upstream publishes, goes on where it stopped, and prunes."""

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from core.errors import RefusedError, UsageError
from core.trust import roles
from hub.config import HubConfig
from hub.keys import load_key
from hub.mirror.founding import Beginning, found_mirror
from tests.support.clock import FixedClock
from tests.support.http_repository import Answer, Cut, HttpRepository
from tests.support.mirrors import MirrorHub, reread
from tests.support.node_state import make_node
from tests.support.province import Province
from tests.support.publishing import withdraw

NATIONAL, PROVINCIAL, LOCAL = "cn/-/math", "gd/-/art", "gd/zhuhai/fish"
PACKS = [NATIONAL, PROVINCIAL, LOCAL]
FILES = {"1.txt": b"one" * 100, "2.bin": bytes(range(256)) * 400}


@pytest.fixture
def province(tmp_path: Path) -> Province:
    made = Province(tmp_path, ["cn/-", "gd", "gd/zhuhai"])
    for pack in PACKS:
        made.publish(pack, {name: data + pack.encode() for name, data in FILES.items()})
    return made


@pytest.fixture
def server(province: Province) -> Iterator[HttpRepository]:
    with HttpRepository(province.directory) as made:
        yield made


@pytest.fixture
def mirror(tmp_path: Path, province: Province, server: HttpRepository) -> MirrorHub:
    return MirrorHub(tmp_path / "mirror", server.url, province.clock)


def upstream_files(province: Province) -> dict[str, bytes]:
    found = {}
    for path in sorted(province.directory.rglob("*")):
        name = path.relative_to(province.directory).as_posix()
        if path.is_file() and not name.startswith(("tips/", "steps/", "incoming/")):
            found[name] = path.read_bytes()
    return found


def test_everything_is_copied_raw_and_served_on_without_the_upstream(
    tmp_path: Path, province: Province, server: HttpRepository, mirror: MirrorHub
) -> None:
    done = mirror.round()
    assert done.is_whole
    assert done.is_new
    ours, theirs = mirror.files(), upstream_files(province)
    assert ours == {name: theirs[name] for name in ours}
    gone = theirs.keys() - ours.keys()
    assert all(name.startswith("metadata/") for name in gone)
    server.fault = lambda _: Answer(503)
    assert mirror.round().problems
    node = make_node(tmp_path / "node", province.root, FixedClock())
    with HttpRepository(mirror.repository) as near:
        assert node.pull(near.url).exit_code == 0
    assert node.versions() == dict.fromkeys(PACKS, 1)


def test_a_round_with_nothing_new_asks_for_the_tip_alone(
    server: HttpRepository, mirror: MirrorHub
) -> None:
    mirror.round()
    server.requests.clear()
    assert mirror.round().is_whole
    assert [(one.path, one.status) for one in server.requests] == [("tip", 304)]


def test_an_update_brings_only_what_is_new_and_nodes_find_steps(
    province: Province, server: HttpRepository, mirror: MirrorHub
) -> None:
    mirror.round()
    province.publish(LOCAL, {"1.txt": b"other"}, 2)
    server.requests.clear()
    assert mirror.round().is_whole
    asked = {one.path.partition("/")[0] for one in server.requests}
    assert asked == {"tip", "metadata", "targets", "bundles"}
    assert not [one for one in server.requests if "cn" in one.path]
    assert (mirror.repository / roles.step_path("gd.zhuhai", 2, 3)).is_file()


def test_only_bundles_of_chosen_packs_come(
    tmp_path: Path, province: Province, server: HttpRepository
) -> None:
    mirror = MirrorHub(tmp_path / "m", server.url, province.clock, mirrored=["cn/-/*"])
    assert mirror.round().is_whole
    assert len(list(mirror.repository.glob("bundles/*/*"))) == 1
    assert len(list(mirror.repository.glob("targets/*/*/*"))) == 3


def test_cuts_at_any_place_lose_nothing_and_never_spoil_anything(
    province: Province, server: HttpRepository, mirror: MirrorHub
) -> None:
    left = iter(range(1, 400_000, 40_000))

    def fault(_: object) -> Cut | None:
        after = next(left, None)
        return None if after is None else Cut(after)

    server.fault = fault
    rounds = 0
    while not mirror.round().is_whole:
        rounds += 1
        assert rounds < 60
    sizes = sum(path.stat().st_size for path in mirror.repository.glob("bundles/*/*"))
    assert server.sent("bundles/") <= sizes * 1.6
    ours, theirs = mirror.files(), upstream_files(province)
    assert ours == {name: theirs[name] for name in ours}


def test_a_round_whose_time_is_over_goes_on_in_the_next(mirror: MirrorHub) -> None:
    first = mirror.round(seconds=-1)
    assert first.missing
    assert not first.problems
    assert first.shown == 0
    assert mirror.record.since
    assert mirror.round().is_whole
    assert mirror.record.since == ""


def test_a_withdrawal_does_not_wait_for_large_bundles(
    province: Province, mirror: MirrorHub
) -> None:
    mirror.round()
    province.publish(NATIONAL, {"1.txt": b"new"}, 2)
    held = mirror.round(seconds=-1)
    assert held.missing
    assert not held.is_new
    province.speak_for("gd/zhuhai")
    withdraw(province, LOCAL, "a slip", item="item-1")
    shown = mirror.round(seconds=-1)
    assert shown.missing
    assert shown.is_new


def test_what_nothing_needs_goes_after_some_days(province: Province, mirror: MirrorHub) -> None:
    mirror.round()
    old = set(mirror.repository.glob("bundles/*/*"))
    province.publish(LOCAL, {"1.txt": b"other"}, 2)
    mirror.round()
    assert old < set(mirror.repository.glob("bundles/*/*"))
    assert isinstance(province.clock, FixedClock)
    province.clock.advance(timedelta(days=4).total_seconds())
    province.publish(NATIONAL, {"1.txt": b"other"}, 2)
    mirror.round()
    now = set(mirror.repository.glob("bundles/*/*"))
    assert len(now) == 4
    gone = old - now
    assert len(gone) == 1
    assert not [name for name in mirror.files() if name == "metadata/2.gd.zhuhai.json"]


def test_an_expired_county_stops_nobody_else(province: Province, mirror: MirrorHub) -> None:
    """Its role file is passed on as it is: each node judges by its own time."""
    mirror.round()
    assert isinstance(province.clock, FixedClock)
    province.clock.advance(timedelta(days=300).total_seconds())
    province.now = province.clock.wall()
    province.publish(NATIONAL, {"1.txt": b"other"}, 2)
    keys = [province.hub_directory.role_key(name) for name in ("root", "targets")]
    province.sequencer.prolong([load_key(path) for path in keys])
    province.clock.advance(timedelta(days=80).total_seconds())
    province.now = province.clock.wall()
    province.sequence()
    found = mirror.round()
    assert found.is_new
    assert "metadata/2.gd.zhuhai.json" in mirror.files()


def test_a_role_file_that_is_missing_or_wrong_stops_nobody_else(
    province: Province, server: HttpRepository, mirror: MirrorHub
) -> None:
    for wrong in (None, b"junk", province.role_file("cn")):
        server.overlay = {"metadata/2.gd.zhuhai.json": wrong}
        done = mirror.round()
        assert "The role gd.zhuhai is damaged" in str(done.problems[-1])
        assert done.is_new or done.shown
        assert "metadata/2.gd.zhuhai.json" not in mirror.files()
    server.overlay = {}
    assert mirror.round().is_whole
    assert "metadata/2.gd.zhuhai.json" in mirror.files()


def test_the_root_is_the_one_that_was_told(
    tmp_path: Path, province: Province, server: HttpRepository
) -> None:
    config = HubConfig(upstream=server.url)
    now = province.clock.wall()
    with pytest.raises(RefusedError, match="not the one that was told"):
        found_mirror(tmp_path / "m", config, Beginning(root=b"x" * 32), now)
    assert not (tmp_path / "m").exists()
    digest = bytes.fromhex(province.root_digest)
    assert found_mirror(tmp_path / "m", config, Beginning(root=digest), now) == province.root
    assert reread(MirrorHub(tmp_path / "m", server.url, province.clock)).upstream == server.url


def test_nobody_vouches_for_an_address_elsewhere_without_tls(tmp_path: Path) -> None:
    config = HubConfig(upstream="http://hub.example")
    with pytest.raises(UsageError, match="Nobody vouches"):
        found_mirror(tmp_path / "m", config, Beginning(), FixedClock().wall())


def test_a_new_root_is_followed(province: Province, mirror: MirrorHub) -> None:
    mirror.round()
    signers = {name: province.hub_directory.role_key(name) for name in ("root", "targets")}
    province.sequencer.prolong([load_key(path) for path in signers.values()])
    assert mirror.round().is_whole
    assert {"metadata/1.root.json", "metadata/2.root.json"} <= mirror.files().keys()
    shutil.rmtree(mirror.directory.mirror_trust, ignore_errors=True)
    assert mirror.round().is_whole


@pytest.mark.parametrize("what", ["timestamp.json", "4.snapshot.json", "2.gd.zhuhai.json"])
@pytest.mark.parametrize("data", [None, b"", b"junk"])
def test_what_is_damaged_at_the_mirror_comes_again(
    mirror: MirrorHub, what: str, data: bytes | None
) -> None:
    mirror.round()
    before = mirror.files()
    file = mirror.repository / "metadata" / what
    file.unlink()
    if data is not None:
        file.write_bytes(data)
    for _ in range(3):
        mirror.round()
    assert mirror.files() == before


def test_a_damaged_mirror_takes_nothing_older_all_the_same(
    tmp_path: Path, province: Province, server: HttpRepository, mirror: MirrorHub
) -> None:
    old = shutil.copytree(province.directory, tmp_path / "old")
    province.publish(LOCAL, {"1.txt": b"other"}, 2)
    mirror.round()
    (mirror.repository / "metadata/timestamp.json").write_bytes(b"junk")
    for path in ("tip", "metadata/timestamp.json"):
        server.overlay[path] = (old / path).read_bytes()
    done = mirror.round()
    assert "replaying old files" in str(done.problems[0])
    assert done.shown == 5
