from pathlib import Path

import pytest

from core.errors import RefusedError
from core.step import decode_step, encode_step
from core.tip import decode_tip
from core.trust import roles
from tests.support.province import Province

LIMIT = roles.MAX_TARGETS_BYTES
PLACES = ["cn/-", "gd", "gd/zhuhai", "gd/foshan"]


@pytest.fixture
def province(tmp_path: Path) -> Province:
    return Province(tmp_path, PLACES)


def snapshot(province: Province, version: int) -> bytes:
    return (province.directory / roles.metadata_path("snapshot", version)).read_bytes()


def test_each_older_snapshot_has_a_tip_that_leads_to_the_newest_state(province: Province) -> None:
    for version in (1, 2, 3):
        province.publish("gd/zhuhai/fish", {"a.txt": b"%d" % version}, version)
    whole = decode_tip((province.directory / "tip").read_bytes())
    assert whole.snapshot_version == 4
    for version in (1, 2, 3, 4):
        data = (province.directory / roles.tip_path(version)).read_bytes()
        assert decode_tip(data, snapshot(province, version)) == whole
        assert len(data) < len((province.directory / "tip").read_bytes())


def test_tips_against_very_old_snapshots_go(
    province: Province, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.shortcuts.KEPT_TIPS", 2)
    for version in (1, 2, 3, 4):
        province.publish("gd/zhuhai/fish", {"a.txt": b"%d" % version}, version)
    found = sorted(path.name for path in (province.directory / "tips").iterdir())
    assert found == ["3.zst", "4.zst", "5.zst"]


def test_a_tip_made_against_another_snapshot_is_refused(province: Province) -> None:
    province.publish("gd/zhuhai/fish", {"a.txt": b"1"})
    data = (province.directory / roles.tip_path(2)).read_bytes()
    with pytest.raises(RefusedError):
        decode_tip(data, b"something else")


def test_each_role_has_steps_to_its_present_version_and_no_others(province: Province) -> None:
    for version in (1, 2, 3):
        province.publish("gd/zhuhai/fish", {"a.txt": b"%d" % version}, version)
    newest = province.role_file("gd.zhuhai")
    for base in (0, 1, 2, 3):
        path = province.directory / roles.step_path("gd.zhuhai", base, 4)
        old = b""
        if base:
            old = (province.directory / roles.metadata_path("gd.zhuhai", base)).read_bytes()
        assert decode_step(path.read_bytes(), old, LIMIT) == newest
    found = {path.name for path in (province.directory / "steps").iterdir()}
    assert not [name for name in found if name.startswith("gd.zhuhai.") and "-4." not in name]
    assert "gd.foshan.0-1.zst" in found


def test_what_was_lost_is_made_again(province: Province) -> None:
    province.publish("gd/zhuhai/fish", {"a.txt": b"1"})
    lost = [roles.step_path("gd.zhuhai", 1, 2), roles.tip_path(1), roles.TIP_PATH]
    kept = {path: (province.directory / path).read_bytes() for path in lost}
    for path in lost:
        (province.directory / path).unlink()
    province.sequence()
    assert {path: (province.directory / path).read_bytes() for path in lost} == kept


@pytest.mark.parametrize("at", [0, 7, 8, 20, -1])
def test_a_damaged_step_is_refused(at: int) -> None:
    new = b'{"signatures": [], "signed": {"version": 12}}' * 20
    step = bytearray(encode_step(new, b""))
    step[at] ^= 1
    with pytest.raises(RefusedError):
        decode_step(bytes(step), b"", LIMIT)


def test_a_step_that_is_a_bomb_is_refused_unread() -> None:
    step = encode_step(b"\0" * 50_000_000, b"")
    with pytest.raises(RefusedError, match="gives too much"):
        decode_step(step, b"", LIMIT)
