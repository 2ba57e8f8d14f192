from pathlib import Path

import pytest

from core.errors import ExhaustedError, RefusedError
from hub.publishing.folder import FLOOR_BYTES, IncomingFolder, pack_of


def folder(place: Path, most: int = 1000, free: int = FLOOR_BYTES + 500) -> IncomingFolder:
    return IncomingFolder(place / "files", most, lambda _: free)


def put(one: IncomingFolder, name: str, data: bytes) -> bool:
    file = one.open(name)
    if file is None:
        return False
    file.write(data)
    file.close(whole=True)
    return True


def test_the_folders_own_name_is_left_away(tmp_path: Path) -> None:
    one = folder(tmp_path)
    assert put(one, "课程/pack.toml", b"1")
    assert put(one, "课程/01/a.txt", b"22")
    assert (one.name, one.files, one.size) == ("课程", 2, 3)
    assert (tmp_path / "files/01/a.txt").read_bytes() == b"22"


def test_files_without_a_folder_are_taken_as_they_are(tmp_path: Path) -> None:
    one = folder(tmp_path)
    assert put(one, "pack.toml", b"1")
    assert one.name == ""
    with pytest.raises(RefusedError, match="not of one folder"):
        one.open("other/a.txt")


@pytest.mark.parametrize("name", ["f/.git/config", "f/~$a.docx", "f/x/Thumbs.db", "f/.packhorse/b"])
def test_what_desktops_leave_behind_is_left_out(tmp_path: Path, name: str) -> None:
    one = folder(tmp_path)
    assert not put(one, name, b"x")
    assert (one.files, one.skipped) == (0, 1)


def test_a_file_that_comes_again_counts_once(tmp_path: Path) -> None:
    one = folder(tmp_path)
    put(one, "f/a.txt", b"first")
    put(one, "f/a.txt", b"2")
    assert (one.files, one.size) == (1, 1)
    assert (tmp_path / "files/a.txt").read_bytes() == b"2"


def test_a_file_that_is_cut_off_is_as_if_it_had_not_come(tmp_path: Path) -> None:
    one = folder(tmp_path)
    file = one.open("f/a.txt")
    assert file
    file.write(b"half")
    file.close(whole=False)
    assert (one.files, one.size) == (0, 0)
    assert not (tmp_path / "files/a.txt").exists()


def test_size_is_bounded_while_it_comes_whatever_was_said(tmp_path: Path) -> None:
    one = folder(tmp_path, most=10)
    file = one.open("f/a.txt")
    assert file
    file.write(b"x" * 10)
    with pytest.raises(RefusedError, match="larger than 10 B"):
        file.write(b"x")
    file.close(whole=False)


def test_room_on_the_disk_is_kept(tmp_path: Path) -> None:
    one = folder(tmp_path, free=FLOOR_BYTES + 100)
    with pytest.raises(ExhaustedError, match="no room for this folder"):
        one.check_room(60)
    one.check_room(40)
    file = one.open("f/a.txt")
    assert file
    with pytest.raises(ExhaustedError, match="nearly full"):
        file.write(b"x" * 101)
    file.close(whole=False)


@pytest.mark.parametrize(
    "text",
    [b"", b"id = 5", b"id = 'x'", b"\xff", b"id = ", b"[" * 5000, b"a" * 300_000, b"a.b=1\n" * 9],
)
def test_a_pack_toml_that_cannot_be_read_names_no_pack(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "pack.toml").write_bytes(text)
    assert pack_of(tmp_path) == ""


def test_a_pack_toml_names_its_pack(tmp_path: Path) -> None:
    assert pack_of(tmp_path) == ""
    (tmp_path / "pack.toml").write_bytes("\ufeffid = 'gd/zhuhai/fish'".encode())
    assert pack_of(tmp_path) == "gd/zhuhai/fish"
