"""What goes wrong for long at a mirror, or on purpose: the rest goes on, and nothing is lost."""

import copy
import os
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import TargetFile

from core.trust import edit, roles
from core.trust.roles import Publisher, publisher_of
from hub.keys import load_key
from hub.mirror.mirror import Mirror
from hub.mirror.pruning import KEPT, prune
from hub.mirror.upstream import open_upstream
from hub.published import load_published
from hub.repository import DirectoryRepository
from hub.shortcuts import write_shortcuts
from tests.support.clock import FixedClock
from tests.support.http_repository import Answer, Asked, HttpRepository, Stall
from tests.support.mirrors import QUICK, MirrorHub
from tests.support.province import Province
from tests.support.publishing import hand_in, withdraw

NATIONAL, PROVINCIAL, LOCAL = "cn/-/math", "gd/-/art", "gd/zhuhai/fish"
NEW = {"1.txt": b"other"}


@pytest.fixture
def province(tmp_path: Path) -> Province:
    made = Province(tmp_path, ["cn/-", "gd", "gd/zhuhai"])
    for pack in (NATIONAL, PROVINCIAL, LOCAL):
        made.publish(pack, {"1.txt": pack.encode() * 100})
    return made


@pytest.fixture
def server(province: Province) -> Iterator[HttpRepository]:
    with HttpRepository(province.directory) as made:
        yield made


@pytest.fixture
def mirror(tmp_path: Path, province: Province, server: HttpRepository) -> MirrorHub:
    made = MirrorHub(tmp_path / "mirror", server.url, province.clock)
    assert made.round().is_whole
    return made


def later(province: Province, **time: float) -> None:
    assert isinstance(province.clock, FixedClock)
    province.clock.advance(timedelta(**time).total_seconds())
    province.now = province.clock.wall()


def bundles(mirror: MirrorHub) -> set[Path]:
    return set(mirror.repository.glob("bundles/*/*"))


def test_a_disk_that_is_full_of_what_is_old_becomes_free_again(
    province: Province, mirror: MirrorHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = bundles(mirror)
    province.publish(LOCAL, NEW, 2)
    assert mirror.round().is_whole
    later(province, days=4)
    province.publish(NATIONAL, NEW, 2)
    monkeypatch.setattr(os, "statvfs", lambda _: SimpleNamespace(f_bavail=1, f_frsize=1))
    done = mirror.round()
    assert "too little for cn/-/math" in str(done.problems[0])
    assert not done.is_new
    later(province, hours=2)
    assert mirror.round().is_new
    assert len(old - bundles(mirror)) == 1


def test_a_bundle_that_is_broken_at_the_upstream_keeps_no_other_one_away(
    province: Province, server: HttpRepository, mirror: MirrorHub
) -> None:
    province.publish(LOCAL, {"1.txt": b"x"}, 2)
    province.publish(NATIONAL, {"1.txt": os.urandom(5000)}, 2)
    refused: set[str] = set()

    def fault(asked: Asked) -> Answer | None:
        if asked.path.startswith("bundles/") and (not refused or asked.path in refused):
            refused.add(asked.path)
            return Answer(416)
        return None

    server.fault = fault
    done = mirror.round()
    assert "another part" in str(done.problems[0])
    assert done.packs == 1
    assert len(bundles(mirror)) == 4


def test_what_is_large_holds_back_for_an_hour_also_where_each_round_is_a_process(
    province: Province, server: HttpRepository, mirror: MirrorHub
) -> None:
    province.publish(NATIONAL, NEW, 2)
    server.fault = lambda asked: Answer(503) if asked.path.startswith("bundles/") else None
    assert not mirror.round().is_new
    later(province, minutes=50)
    province.publish(LOCAL, NEW, 2)
    assert not mirror.round().is_new
    later(province, minutes=20)
    assert mirror.round().is_new


def test_a_state_whose_files_have_not_all_come_to_the_upstream_is_waited_for(
    province: Province, server: HttpRepository, mirror: MirrorHub
) -> None:
    province.publish(LOCAL, NEW, 2)
    server.overlay = {"metadata/3.gd.zhuhai.json": None}
    assert not mirror.round().is_new
    later(province, hours=2)
    assert mirror.round().is_new
    province.publish(LOCAL, {"1.txt": b"newest"}, 3)
    server.overlay = {}
    assert mirror.round().is_whole


@pytest.mark.parametrize(("pack", "role"), [(LOCAL, "gd.zhuhai"), (PROVINCIAL, "gd")])
def test_whose_files_have_not_come_is_waited_for_whatever_was_withdrawn_before(
    province: Province, server: HttpRepository, mirror: MirrorHub, pack: str, role: str
) -> None:
    withdraw(province, LOCAL, "a slip", item="item-1")
    assert mirror.round().is_new
    province.publish(pack, NEW, 2)
    version = load_published(province.repository).roles[role].version
    server.overlay = {f"metadata/{version}.{role}.json": None}
    assert not mirror.round().is_new
    server.overlay = {}
    assert mirror.round().is_new


def test_what_is_here_of_a_county_with_a_new_key_stays_until_it_signs_again(
    province: Province, mirror: MirrorHub
) -> None:
    before = bundles(mirror)
    province.speak_for("gd")
    other = CryptoSigner.generate_ed25519()
    new = edit.delegate(province.role, publisher_of("gd/zhuhai"), [other])
    new.version += 1
    hand_in(province, new)
    for _ in range(3):
        later(province, days=2)
        assert "gd.zhuhai" in str(mirror.round().problems[0])
    assert bundles(mirror) == before
    assert "metadata/2.gd.zhuhai.json" in mirror.files()


def test_a_stolen_key_that_signed_for_the_far_future_is_got_over_by_a_new_root(
    province: Province, mirror: MirrorHub
) -> None:
    right = load_published(province.repository)
    keys = {
        one: load_key(province.hub_directory.role_key(one))
        for one in ("root", "snapshot", "timestamp")
    }
    named = {name.removesuffix(".json"): one.version for name, one in right.snapshot.meta.items()}

    def show(version: int) -> None:
        snapshot = edit.next_snapshot(right.snapshot, named, province.now)
        snapshot.version = version
        stamp = edit.next_timestamp(right.timestamp, version, province.now)
        path = roles.metadata_path("snapshot", version)
        province.repository.put(path, edit.sign(snapshot, [keys["snapshot"]]))
        province.repository.put(roles.TIMESTAMP_PATH, edit.sign(stamp, [keys["timestamp"]]))
        write_shortcuts(province.repository, load_published(province.repository))

    show(1_000_000)
    assert mirror.round().shown == 1_000_000
    root = copy.deepcopy(right.root)
    root.version = 2
    for role in ("snapshot", "timestamp"):
        root.revoke_key(root.roles[role].keyids[0], role)
        keys[role] = CryptoSigner.generate_ed25519()
        root.add_key(keys[role].public_key, role)
    province.repository.put(roles.metadata_path("root", 2), edit.sign(root, [keys["root"]]))
    show(right.snapshot.version + 1)
    done = mirror.round()
    assert done.problems == []
    assert done.shown == right.snapshot.version + 1


def test_names_that_are_none_reach_no_file_and_stop_nobody(
    tmp_path: Path, province: Province, server: HttpRepository, mirror: MirrorHub
) -> None:
    province.speak_for("gd/zhuhai")
    county = copy.deepcopy(province.role)
    county.version += 1
    for name in ("gd/zhuhai/a\0b", "gd/zhuhai/a b", "gd/zhuhai/\u9c7c"):
        county.targets[name] = TargetFile.from_data(name, b"x", ["sha256"])
    path = roles.metadata_path("gd.zhuhai", county.version)
    province.repository.put(path, edit.sign(county, [province.publisher_signer]))
    province.speak_for("gd")
    evil = "x/../../../evil"
    new = edit.delegate(province.role, Publisher(evil, "gd/zhuhai/*"), [province.publisher_signer])
    new.version += 1
    path = roles.metadata_path("gd", new.version)
    province.repository.put(path, edit.sign(new, [province.publisher_signer]))
    data = edit.sign(edit.new_targets(province.now), [province.publisher_signer])
    server.overlay = {roles.metadata_path(evil, 1): data}
    province.collude({"gd.zhuhai": county.version, "gd": new.version, evil: 1})
    done = mirror.round()
    assert done.is_new
    assert not [one for one in tmp_path.rglob("*") if "evil" in one.name]
    assert not [one for one in server.requests if "evil" in one.path]


def test_being_asked_to_stop_is_nothing_that_is_wrong(
    province: Province, server: HttpRepository, mirror: MirrorHub
) -> None:
    province.publish(NATIONAL, NEW, 2)
    server.fault = lambda asked: Stall(10) if asked.path.startswith("bundles/") else None
    upstream = open_upstream(server.url, patience=QUICK)
    working = Mirror(mirror.directory, mirror.config, mirror.clock, upstream=upstream)
    timer = threading.Timer(0.5, working.stop)
    timer.start()
    assert working.run().problems == []
    timer.join()
    assert mirror.record.problem is None


def test_a_clock_that_was_ahead_keeps_nothing_for_years(tmp_path: Path) -> None:
    repository = DirectoryRepository(tmp_path)
    repository.put("bundles/aa/old", b"x")
    now = FixedClock().wall()
    stale = prune(repository, set(), {}, now + timedelta(days=20_000))
    for _ in range(2):
        stale = prune(repository, set(), stale, now)
        now += KEPT
    assert stale == {}
    assert not (tmp_path / "bundles/aa/old").exists()
