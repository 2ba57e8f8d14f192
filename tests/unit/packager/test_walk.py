import os
import socket
from pathlib import Path

import pytest

from core.errors import UsageError
from packager.walk import walk
from tests.unit.packager.conftest import fill


def paths(folder: Path) -> list[str]:
    return [found.path for found in walk(folder).files]


def test_litter_is_left_out_and_reported(tmp_path: Path) -> None:
    fill(
        tmp_path,
        {
            "a.txt": "a",
            ".DS_Store": "",
            "sub/Thumbs.db": "",
            "sub/~$doc.docx": "",
            "sub/b.txt": "b",
            ".git/config": "",
            ".packhorse/blobs/x": "",
            "sub/pack.toml": "another one is a file like others",
        },
    )
    found = walk(tmp_path)
    assert [f.path for f in found.files] == ["a.txt", "sub/b.txt", "sub/pack.toml"]
    assert found.skipped == [".DS_Store", ".git/", "sub/Thumbs.db", "sub/~$doc.docx"]


def test_a_workspace_inside_is_left_out_whatever_its_name(tmp_path: Path) -> None:
    fill(tmp_path, {"a.txt": "a", "work/blobs/x": "x"})
    found = walk(tmp_path, tmp_path / "work")
    assert ([f.path for f in found.files], found.skipped) == (["a.txt"], [])


def test_a_link_inside_is_followed(tmp_path: Path) -> None:
    fill(tmp_path, {"a.txt": "a"})
    (tmp_path / "b.txt").symlink_to("a.txt")
    assert paths(tmp_path) == ["a.txt", "b.txt"]
    assert walk(tmp_path).files[1].source == tmp_path / "a.txt"


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("/etc/passwd", "leads out of the folder"),
        ("../outside", "leads out of the folder"),
        ("gone.txt", "leads nowhere"),
        ("link.txt", "leads nowhere"),
        ("sub", "a link to a folder"),
        ("..", "leads out of the folder"),
        (".", "a link to a folder"),
    ],
)
def test_other_links_are_refused(tmp_path: Path, target: str, words: str) -> None:
    folder = fill(tmp_path / "course", {"a.txt": "a", "sub/b.txt": "b"})
    (tmp_path / "outside").write_text("secret")
    (folder / "link.txt").symlink_to(target)
    with pytest.raises(UsageError, match=words) as caught:
        walk(folder)
    assert "link.txt" in str(caught.value)


def test_special_files_are_refused_and_not_waited_for(tmp_path: Path) -> None:
    fill(tmp_path, {"a.txt": "a"})
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UsageError, match="pipe is not a file"):
        walk(tmp_path)
    (tmp_path / "pipe").unlink()
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "sock"))
        with pytest.raises(UsageError, match="sock is not a file"):
            walk(tmp_path)


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["A.txt", "a.txt"], "cannot tell apart"),
        (["caf\u00e9.txt", "cafe\u0301.txt"], "cannot tell apart"),
        (["Straße.txt", "STRASSE.txt"], "cannot tell apart"),
        (["con.txt"], "Windows reserves"),
        (["sub/AUX"], "Windows reserves"),
        (["a:b.txt"], "Windows does not allow"),
        (["end."], "ends with a space or a full stop"),
        (["a\\b"], "Windows does not allow"),
        (["line\nbreak"], "Windows does not allow"),
    ],
)
def test_names_that_some_computer_cannot_hold_are_refused(
    tmp_path: Path, names: list[str], words: str
) -> None:
    fill(tmp_path, dict.fromkeys(names, "x"))
    with pytest.raises(UsageError, match=words) as caught:
        walk(tmp_path)
    assert any(repr(name) in str(caught.value) for name in names)


def test_a_name_that_is_no_unicode_is_refused(tmp_path: Path) -> None:
    fill(tmp_path, {})
    (tmp_path / os.fsdecode(b"\xff.txt")).write_text("x")
    with pytest.raises(UsageError, match="not valid Unicode"):
        walk(tmp_path)


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    fill(tmp_path, {".hidden": "x"})
    (tmp_path / "sub").mkdir()
    with pytest.raises(UsageError, match=r"no files besides pack\.toml"):
        walk(tmp_path)


def test_what_is_left_out_is_told_so_that_it_harms_no_terminal(tmp_path: Path) -> None:
    fill(tmp_path, {"a.txt": "a", ".\x1b[31mred\n": "", ".数": ""})
    (tmp_path / os.fsdecode(b".\xff")).touch()
    assert walk(tmp_path).skipped == [".\\udcff", ".\\x1b[31mred\\n", ".数"]


def test_a_very_long_path_is_told_in_part(tmp_path: Path) -> None:
    fill(tmp_path, {"a.txt": "a"})
    before = Path.cwd()
    try:
        os.chdir(tmp_path)
        for _ in range(30):
            Path("d" * 200).mkdir()
            os.chdir("d" * 200)
    finally:
        os.chdir(before)
    with pytest.raises(UsageError, match="cannot be read: File name too long") as caught:
        walk(tmp_path)
    assert len(str(caught.value)) < 300


def test_an_unreadable_file_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(tmp_path, {"sub/a.txt": "a"})
    # Root, who may run these tests, may read everything.
    monkeypatch.setattr(os, "access", lambda path, _: Path(path).name != "a.txt")
    with pytest.raises(UsageError, match=r"sub/a\.txt cannot be read: Permission denied"):
        walk(tmp_path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_folder_is_named(tmp_path: Path) -> None:
    fill(tmp_path, {"sub/a.txt": "a"})
    (tmp_path / "sub").chmod(0)
    with pytest.raises(UsageError, match="sub/ cannot be read"):
        walk(tmp_path)
