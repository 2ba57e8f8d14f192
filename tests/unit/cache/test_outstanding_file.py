"""The file that says what is outstanding."""

import os
from pathlib import Path

import pytest

from cache.outstanding_file import read_outstanding, write_outstanding
from core.plan.outstanding import (
    Outstanding,
    OutstandingItem,
    OutstandingPack,
    Step,
    encode_outstanding,
)


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


def test_more_packs_than_anybody_reads_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "outstanding"
    size = write_outstanding(path, Outstanding(packs=[pack(f"a/-/{n}") for n in range(2001)]))
    assert [one.pack for one in read_outstanding(path).packs] == [f"a/-/{n}" for n in range(2000)]
    assert path.stat().st_size == size


def test_fitting_takes_no_longer_the_more_packs_there_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoded: list[int] = []

    def count(outstanding: Outstanding) -> bytes:
        data = encode_outstanding(outstanding)
        encoded.append(len(data))
        return data

    monkeypatch.setattr("cache.outstanding_file.encode_outstanding", count)
    monkeypatch.setattr("cache.outstanding_file.MAX_OUTSTANDING_BYTES", 50_000)
    found = Outstanding(packs=[pack(f"a/-/{n}", 30) for n in range(500)])
    size = write_outstanding(tmp_path / "outstanding", found)
    assert 49_000 < size <= 50_000
    assert sum(encoded) < 3 * len(encode_outstanding(found))
