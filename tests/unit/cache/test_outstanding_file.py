"""The file that says what is outstanding."""

import os
from pathlib import Path

import pytest

from cache.outstanding_file import read_outstanding, write_outstanding
from core.plan.outstanding import Outstanding, OutstandingItem, OutstandingPack, Step


def pack(name: str, items: int = 1) -> OutstandingPack:
    found = [OutstandingItem(f"i{n}", [Step("240p", 7, 9)]) for n in range(items)]
    return OutstandingPack(pack=name, version=1, is_listed=True, items=found, rest=1, rest_size=2)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "outstanding"
    assert read_outstanding(path) == Outstanding()
    write_outstanding(path, Outstanding(packs=[pack("a/-/x")]))
    assert read_outstanding(path) == Outstanding(packs=[pack("a/-/x")])


def test_the_same_is_not_written_again(tmp_path: Path) -> None:
    path = tmp_path / "outstanding"
    write_outstanding(path, Outstanding(packs=[pack("a/-/x")]))
    os.utime(path, (1, 1))
    write_outstanding(path, Outstanding(packs=[pack("a/-/x")]))
    assert path.stat().st_mtime == 1


@pytest.mark.parametrize("damage", [b"", b"\xff", b"\x81\xa6format\xcd\xff\xff", b"x" * 100])
def test_a_damaged_file_says_nothing(tmp_path: Path, damage: bytes) -> None:
    path = tmp_path / "outstanding"
    path.write_bytes(damage)
    assert read_outstanding(path) == Outstanding()


def test_too_much_is_told_pack_by_pack_from_the_last_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cache.outstanding_file.MAX_OUTSTANDING_BYTES", 3000)
    path = tmp_path / "outstanding"
    write_outstanding(path, Outstanding(packs=[pack("a/-/x", 50), pack("a/-/y", 200)]))
    first, last = read_outstanding(path).packs
    assert first == pack("a/-/x", 50)
    assert (last.is_listed, last.items, last.rest, last.rest_size) == (True, [], 1401, 1802)
