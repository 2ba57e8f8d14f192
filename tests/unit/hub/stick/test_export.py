"""A stick filled by the hub is an ordinary mirror, whatever happened to it before."""

import os
import random
import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete

from cache import failpoints
from core.assignment import (
    Assignment,
    Rule,
    assignment_file,
    assignment_path,
    encode_assignment,
)
from core.digest import digest_of
from core.errors import ExhaustedError, RefusedError, UsageError
from core.stick import DOWN, SETUP, UP
from core.trust import edit
from hub.registry.models import TokenRow
from hub.registry.schools import School, save_schools
from hub.stick import export as module
from hub.stick.export import Exported, Telling, Wish, export
from hub.stick.intake import import_stick
from hub.stick.place import largest_file
from hub.stick.renewing import renew
from tests.support.clock import FixedClock
from tests.support.sticks import OfflineNode, put_setup
from tests.support.tiny_hub import TinyHub
from tests.support.tiny_repository import publish_files

FISH, BIRDS = "gd/zhuhai/fish", "gd/zhuhai/birds"
BIG = random.Random(1).randbytes(1_100_000)


@pytest.fixture
def hub(tmp_path: Path) -> TinyHub:
    hub = TinyHub(tmp_path)
    publish_files(hub, FISH, {"a.txt": b"fish", "b.mp4": BIG}, 1)
    publish_files(hub, BIRDS, {"a.txt": b"birds"}, 1)
    return hub


@pytest.fixture
def stick(tmp_path: Path) -> Path:
    path = tmp_path / "stick"
    path.mkdir()
    return path


def fill(hub: TinyHub, stick: Path, **wish: object) -> Exported:
    return export(hub.service, stick, Wish(**wish), Telling())  # type: ignore[arg-type]


def tree(root: Path) -> dict[str, bytes]:
    return {str(p.relative_to(root)): p.read_bytes() for p in root.rglob("*") if p.is_file()}


def repository(hub: TinyHub) -> dict[str, bytes]:
    return {n: d for n, d in tree(hub.directory).items() if not n.startswith("incoming")}


def newest(hub: TinyHub, stick: Path) -> None:
    """Assert that the stick has the newest state, and nothing that the repository has not."""
    ours = ("setup/", "down/")
    mirror = {name: data for name, data in tree(stick).items() if not name.startswith(ours)}
    whole = repository(hub)
    assert {"tip", "metadata/timestamp.json", "metadata/1.root.json"} <= set(mirror)
    assert mirror == {name: data for name, data in whole.items() if name in mirror}


def largest_in(root: Path) -> Path:
    """Give the largest file under a folder."""
    return max((p for p in root.rglob("*") if p.is_file()), key=lambda p: p.stat().st_size)


def test_a_mirror_with_its_last_day(hub: TinyHub, stick: Path) -> None:
    done = fill(hub, stick)
    assert done.packs == [BIRDS, FISH]
    assert (done.last_day, done.first_to_expire, done.early) == ("2027-02-21", "timestamp", False)
    assert done.copied == 2
    newest(hub, stick)
    assert (stick / UP).is_dir()
    assert (stick / "tip").read_bytes() == (hub.directory / "tip").read_bytes()


def test_only_what_is_missing_is_copied_and_what_is_stale_goes(hub: TinyHub, stick: Path) -> None:
    fill(hub, stick)
    again = fill(hub, stick)
    assert (again.copied, again.copied_bytes) == (0, 0)
    old = set(tree(stick / "bundles"))
    publish_files(hub, FISH, {"a.txt": b"other fish"}, 2)
    (stick / "bundles/zz").mkdir()
    (stick / "bundles/zz/junk").write_bytes(b"junk")
    assert fill(hub, stick).copied == 1
    newest(hub, stick)
    assert len(set(tree(stick / "bundles")) & old) == 1


def test_a_stick_is_used_in_its_folder(hub: TinyHub, stick: Path) -> None:
    (stick / "packhorse").mkdir()
    (stick / "holiday.jpg").write_bytes(b"jpg")
    done = fill(hub, stick)
    assert done.path == str(stick / "packhorse")
    assert sorted(one.name for one in stick.iterdir()) == ["holiday.jpg", "packhorse"]


def test_what_was_cut_off_goes_on_where_it_stopped(hub: TinyHub, stick: Path) -> None:
    fill(hub, stick)
    whole = largest_in(stick / "bundles")
    data = whole.read_bytes()
    part = whole.with_name(whole.name + ".part")
    whole.unlink()
    part.write_bytes(data[: len(data) - 10] + b"garbage that was never written")
    came: list[int] = []
    done = export(hub.service, stick, Wish(), Telling(came=came.append))
    assert whole.read_bytes() == data
    assert not part.exists()
    assert done.copied_bytes < len(data)
    assert sum(came) == len(data)


def test_a_kill_at_any_operation_is_made_good_by_the_same_command(
    hub: TinyHub, stick: Path
) -> None:
    class KilledError(BaseException):
        pass

    put_setup(hub, hub.hub_directory.root, "school-1")
    hub.enrol_node("school-2")
    fill(hub, stick)
    wanted = tree(stick)
    number, ended = 0, False
    while not ended:
        number += 1
        left = number

        def hook(_operation: str, path: Path) -> None:
            nonlocal left
            left -= stick in path.parents
            if not left:
                raise KilledError

        for inner in list(stick.iterdir()):
            shutil.rmtree(inner) if inner.is_dir() else inner.unlink()
        failpoints.hook = hook
        try:
            fill(hub, stick)
            ended = True
        except KilledError:
            pass
        finally:
            failpoints.hook = None
        fill(hub, stick)
        assert tree(stick) == wanted, number
        number += number // 4
    assert number > 20


def test_a_group_takes_what_its_schools_are_assigned(hub: TinyHub, stick: Path) -> None:
    assign(hub, groups={"mountains": ["school-1"]}, rules=[Rule("mountains", BIRDS)])
    put_setup(hub, hub.hub_directory.root, "school-1")
    put_setup(hub, hub.hub_directory.root, "school-2")
    done = fill(hub, stick, group="mountains")
    assert done.packs == [BIRDS]
    assert done.setups == 1
    assert len(tree(stick / "bundles")) == 1
    assert len(tree(stick / "targets")) == 3
    assert len(fill(hub, stick).packs) == 2


def test_a_group_of_the_hubs_own_table(hub: TinyHub, stick: Path) -> None:
    assign(hub, groups={"all": ["school-1"]}, rules=[Rule("*", FISH)])
    school = School("school-9", place="gd/zhuhai", groups=("valley",))
    save_schools(hub.service.registry, [school], hub.clock.wall())
    assert fill(hub, stick, group="valley").packs == [FISH]


def test_an_unknown_group_is_told_the_known_ones(hub: TinyHub, stick: Path) -> None:
    assign(hub, groups={"mountains": ["school-1"]}, rules=[])
    with pytest.raises(UsageError, match="There is no group 'hills'") as caught:
        fill(hub, stick, group="hills")
    assert "mountains" in caught.value.hint


def assign(hub: TinyHub, groups: dict[str, list[str]], rules: list[Rule]) -> None:
    """Publish an assignment of the publisher's."""
    path = assignment_path(hub.publisher.pattern)
    place = path.rpartition("/")[0]
    data = encode_assignment(Assignment(place=place, groups=groups, rules=rules))
    file = hub.directory / assignment_file(path, digest_of(data))
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data)
    new = edit.put_assignment(hub.role, path, data, hub.now)
    signed = edit.sign(new, [hub.publisher_signer])
    incoming = hub.directory / f"incoming/{hub.publisher.role}.{new.version}.json"
    incoming.parent.mkdir(exist_ok=True)
    incoming.write_bytes(signed)
    assert hub.sequence() == 1, hub.outcome


def test_a_setup_file_whose_token_was_never_remembered_stays_behind(
    hub: TinyHub, stick: Path
) -> None:
    put_setup(hub, hub.hub_directory.root, "school-1")
    # As of a ``hub token --csv`` that was killed before its one commit.
    lost = put_setup(hub, hub.hub_directory.root, "school-2")
    with hub.service.registry.transaction() as session:
        session.execute(delete(TokenRow).where(TokenRow.school == "school-2"))
    assert fill(hub, stick).setups == 1
    assert not (stick / SETUP / lost.name).exists()


def test_setup_files_that_were_used_come_off(hub: TinyHub, stick: Path, tmp_path: Path) -> None:
    put_setup(hub, hub.hub_directory.root, "school-1")
    used = put_setup(hub, hub.hub_directory.root, "school-2")
    assert fill(hub, stick).setups == 2
    node = OfflineNode(tmp_path / "node")
    node.enrol(stick / SETUP / used.name)
    node.put(stick)
    import_stick(hub.service, stick)
    assert fill(hub, stick).setups == 1
    assert not (stick / SETUP / used.name).exists()


def test_receipts_of_all_known_nodes_go_along(hub: TinyHub, stick: Path) -> None:
    nodes = {hub.enrol_node(f"school-{number}").id for number in range(3)}
    assert fill(hub, stick).receipts == 3
    assert {one.name for one in (stick / DOWN).iterdir()} == nodes
    assert fill(hub, stick).receipts == 0


def test_a_damaged_bundle_is_found_when_asked_for(hub: TinyHub, stick: Path) -> None:
    fill(hub, stick)
    path = largest_in(stick / "bundles")
    data = path.read_bytes()
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    assert fill(hub, stick).copied == 0
    assert fill(hub, stick, check=True).copied == 1
    assert path.read_bytes() == data


def test_a_changed_small_file_is_always_put_right(hub: TinyHub, stick: Path) -> None:
    fill(hub, stick)
    before = tree(stick)
    for name in ("tip", "metadata/timestamp.json", "metadata/1.targets.json"):
        (stick / name).write_bytes(b"changed")
    fill(hub, stick)
    assert tree(stick) == before


def test_the_hubs_own_damage_is_not_copied(hub: TinyHub, stick: Path) -> None:
    path = largest_in(hub.directory / "bundles")
    data = path.read_bytes()
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    with pytest.raises(RefusedError, match=r"The repository's file bundles/.* is damaged"):
        fill(hub, stick)
    assert path.name not in {one.name for one in (stick / "bundles").rglob("*")}


def test_another_hubs_stick_is_left_alone(hub: TinyHub, stick: Path, tmp_path: Path) -> None:
    fill(hub, stick)
    before = tree(stick)
    other = TinyHub(tmp_path / "other")
    with pytest.raises(UsageError, match="holds the packs of another hub"):
        fill(other, stick)
    assert tree(stick) == before


@pytest.mark.parametrize("folder", ["metadata", "targets", "bundles"])
def test_a_folder_with_other_things_is_left_alone(hub: TinyHub, stick: Path, folder: str) -> None:
    (stick / folder).mkdir()
    (stick / folder / "thesis.doc").write_bytes(b"years of work")
    with pytest.raises(UsageError, match=f"holds other things in its folder {folder}"):
        fill(hub, stick)
    assert (stick / folder / "thesis.doc").read_bytes() == b"years of work"


def test_the_hubs_own_directory_is_no_stick(hub: TinyHub, stick: Path) -> None:
    with pytest.raises(UsageError, match="in the hub's own directory"):
        fill(hub, hub.directory)
    with pytest.raises(UsageError, match="There is no folder"):
        fill(hub, stick / "none")


def test_links_on_the_stick_lead_nothing_elsewhere(
    hub: TinyHub, stick: Path, tmp_path: Path
) -> None:
    fill(hub, stick)
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "1.root.json").write_bytes(b"mine")
    tip = stick / "tip"
    tip.unlink()
    tip.symlink_to(outside / "1.root.json")
    shutil.rmtree(stick / "targets")
    (stick / "targets").symlink_to(outside)
    with pytest.raises(RefusedError, match="targets on the stick is not a folder"):
        fill(hub, stick)
    (stick / "targets").unlink()
    fill(hub, stick)
    assert (outside / "1.root.json").read_bytes() == b"mine"
    assert not tip.is_symlink()
    assert [one.name for one in outside.iterdir()] == ["1.root.json"]


def test_too_little_room_is_said_before_anything_is_copied(
    hub: TinyHub, stick: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_SPARE_BYTES", 1 << 60)
    with pytest.raises(ExhaustedError, match="has too little room"):
        fill(hub, stick)
    assert not (stick / "bundles").exists()


def test_fat32_holds_no_file_of_more_than_4_gib(
    hub: TinyHub, stick: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "largest_file", lambda _: 1_000_000)
    with pytest.raises(UsageError, match=f"bundles/.* of {FISH} has .* a stick with FAT32"):
        fill(hub, stick)
    assert tree(stick) == {}


def test_the_kernel_says_what_is_fat(stick: Path, tmp_path: Path) -> None:
    device = stick.stat().st_dev
    line = f"36 35 {os.major(device)}:{os.minor(device)} / /mnt rw shared:1 - {{}} /dev/sdb1 rw\n"
    for kind, largest in (("vfat", (1 << 32) - 1), ("exfat", None), ("ext4", None)):
        (tmp_path / "mounts").write_text("nonsense\n" + line.format(kind))
        assert largest_file(stick, tmp_path / "mounts") == largest
    assert largest_file(stick, tmp_path / "none") is None


def test_renewing_lasts_as_long_as_it_can(tmp_path: Path, stick: Path) -> None:
    clock = FixedClock()
    hub = TinyHub(tmp_path, clock=clock)
    publish_files(hub, FISH, {"a.txt": b"fish"}, 1)
    clock.advance(20 * 86400)
    until = clock.wall() + timedelta(days=80)
    assert renew(hub.sequencer, until) == ["timestamp"]
    assert renew(hub.sequencer, until) == []
    done = fill(hub, stick, until=until)
    assert (done.last_day, done.early) == ("2027-03-13", False)
    late = fill(hub, stick, until=until + timedelta(days=30))
    assert (late.early, late.first_to_expire) == (True, "timestamp")
    # Signing what was signed today wins nothing.
    assert renew(hub.sequencer, until + timedelta(days=30)) == []
