import os
import tomllib
import unicodedata
from pathlib import Path

import pytest

from core.errors import UsageError
from core.names import check_paths, parse_pack_id
from packhorse.demo import foreign
from packhorse.demo.course import change_course
from packhorse.demo.foreign import prepare_foreign_course


def files(folder: Path) -> dict[str, bytes]:
    return {
        one.relative_to(folder).as_posix(): one.read_bytes()
        for one in folder.rglob("*")
        if one.is_file()
    }


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "Übung Python-3.11"
    (folder / "deep" / "er").mkdir(parents=True)
    (folder / "a.txt").write_bytes(b"one\ntwo\nthree\n")
    (folder / "deep" / "er" / "b.bin").write_bytes(bytes(range(256)))
    return folder


def test_plain_folders_are_copied_as_they_are(source: Path, tmp_path: Path) -> None:
    target = tmp_path / "copy"
    assert prepare_foreign_course(source, target) == []
    assert {path: data for path, data in files(target).items() if path != "pack.toml"} == files(
        source
    )
    description = tomllib.loads((target / "pack.toml").read_text())
    assert description == {"id": "demo/county/bung-python-3-11"}
    parse_pack_id(description["id"])


def test_a_description_of_its_own_is_kept(source: Path, tmp_path: Path) -> None:
    (source / "pack.toml").write_text('id = "a/b/c"\n')
    prepare_foreign_course(source, tmp_path / "copy")
    assert (tmp_path / "copy" / "pack.toml").read_text() == 'id = "a/b/c"\n'


def test_links_to_files_are_followed_and_the_rest_is_told(source: Path, tmp_path: Path) -> None:
    """One sentence for each kind of thing that stays behind, with its number and an example."""
    (tmp_path / "elsewhere.txt").write_text("elsewhere")
    (source / "link.txt").symlink_to(tmp_path / "elsewhere.txt")
    (source / "broken1").symlink_to("nothing")
    (source / "broken2").symlink_to("broken2")
    (source / "folder-link").symlink_to(source / "deep")
    os.mkfifo(source / "pipe")
    # A regular file that opens and cannot be read, for root neither.
    (source / "memory").symlink_to("/proc/self/mem")
    (source / "CON.txt").write_text("reserved")
    (source / "what?.txt").write_text("a sign that Windows refuses")
    (source / "A.TXT").write_text("twin of a.txt")
    (source / unicodedata.normalize("NFC", "é.txt")).write_text("composed")
    (source / unicodedata.normalize("NFD", "é.txt")).write_text("decomposed")
    told = prepare_foreign_course(source, tmp_path / "copy")
    copied = files(tmp_path / "copy")
    check_paths(copied)
    assert copied["link.txt"] == b"elsewhere"
    assert not (tmp_path / "copy" / "link.txt").is_symlink()
    assert told == [
        "Skipped files that cannot be told from another one: 2, for example 'a.txt'.",
        "Skipped files whose names a pack may not hold: 2, for example 'CON.txt'.",
        "Skipped links that lead nowhere: 2, for example 'broken1'.",
        "Skipped links to folders: 1, for example 'folder-link'.",
        "Skipped things that are neither file nor folder: 1, for example 'pipe'.",
        "Skipped what cannot be read: 1, for example 'memory'.",
    ]
    assert set(copied) - {"é.txt", unicodedata.normalize("NFD", "é.txt")} == {
        *("A.TXT", "deep/er/b.bin", "link.txt", "pack.toml")
    }
    assert len(copied) == 5


def test_a_file_and_a_folder_of_one_name_are_twins(source: Path, tmp_path: Path) -> None:
    (source / "DEEP").write_text("a file where another computer sees the folder")
    told = prepare_foreign_course(source, tmp_path / "copy")
    assert len(told) == 1
    assert "cannot be told" in told[0]
    check_paths(files(tmp_path / "copy"))


def test_names_that_are_no_text_are_skipped(source: Path, tmp_path: Path) -> None:
    (source / os.fsdecode(b"caf\xe9.txt")).write_text("latin-1")
    told = prepare_foreign_course(source, tmp_path / "copy")
    assert len(told) == 1
    told[0].encode()
    assert "a.txt" in files(tmp_path / "copy")


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_unreadable_files_are_skipped(source: Path, tmp_path: Path) -> None:
    (source / "a.txt").chmod(0)
    assert prepare_foreign_course(source, tmp_path / "copy") == [
        "Skipped what cannot be read: 1, for example 'a.txt'."
    ]


def test_limits_are_told(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The real limits, only smaller: too many files, and too many bytes."""
    monkeypatch.setattr(foreign, "MAX_FILES", 1)
    with pytest.raises(UsageError, match="too large for the demo, which takes 1 files"):
        prepare_foreign_course(source, tmp_path / "many")
    monkeypatch.setattr(foreign, "MAX_FILES", 2)
    monkeypatch.setattr(foreign, "MAX_BYTES", 200)
    with pytest.raises(UsageError, match="too large"):
        prepare_foreign_course(source, tmp_path / "much")


@pytest.mark.parametrize(
    ("place", "target", "words"),
    [
        ("absent", "copy", "is not a folder"),
        ("a.txt", "copy", "is not a folder"),
        (".", "inside/it", "cannot lie inside"),
        ("empty", "copy", "no file"),
        (".", "../full", "is not empty"),
    ],
)
def test_places_that_cannot_work(source: Path, place: str, target: str, words: str) -> None:
    (source / "empty").mkdir()
    (source.parent / "full").mkdir()
    (source.parent / "full" / "mine").write_text("mine")
    where = source / target if "/" in target else source.parent / target
    with pytest.raises(UsageError, match=words) as caught:
        prepare_foreign_course(source / place, where)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("x.txt", b"1\n2\n3\n4\n", b"1\n2\n3\n%s\n4\n"),
        ("x.html", b"<BODY>hi</BODY>", b"<BODY>hi<p>%s</p>\n</BODY>"),
        ("x.xml", b"<a/>", b"<a/>\n<!-- %s -->\n"),
        ("x.css", b"a{}", b"a{}\n/* %s */\n"),
        ("x.json", b' {"a": 1}', b' {"%s": true,"a": 1}'),
        ("x.json", b"{}", b'{"%s": true}'),
        ("x.json", b"[1]", b"[1]\n"),
        ("x.txt", b"no line end", b"no line end%s\n"),
    ],
)
def test_a_sentence_goes_where_it_does_no_harm(
    tmp_path: Path, name: str, before: bytes, after: bytes
) -> None:
    (tmp_path / "pack.toml").write_text('id = "a/b/c"\nversion = 7\n[title]\nversion = 1\n')
    (tmp_path / name).write_bytes(before)
    assert change_course(tmp_path) == f"A sentence was inserted into {name}."
    sentence = b"Packhorse demo, change 1: this sentence is new."
    expected = after.replace(b"%s", sentence)
    assert (tmp_path / name).read_bytes() == expected
    text = (tmp_path / "pack.toml").read_text()
    assert text == 'id = "a/b/c"\nversion = 8\n[title]\nversion = 1\n'


def test_the_largest_text_is_changed_again_and_again(source: Path, tmp_path: Path) -> None:
    (source / "large.md").write_text("line\n" * 1000)
    (source / "larger.html").write_bytes("utf-16 is no ASCII".encode("utf-16") * 1000)
    prepare_foreign_course(source, tmp_path / "copy")
    seen = set()
    for _ in range(3):
        assert "large.md" in change_course(tmp_path / "copy")
        seen.add(files(tmp_path / "copy")["large.md"])
    assert len(seen) == 3


def test_what_the_packager_leaves_out_is_never_changed(tmp_path: Path) -> None:
    hidden = tmp_path / ".packhorse" / "releases" / "1.json"
    hidden.parent.mkdir(parents=True)
    hidden.write_text('{"a": "the largest text of all"}')
    (tmp_path / "~$open.txt").write_text("an office program's own, and larger too")
    (tmp_path / "a.txt").write_text("small")
    # With the byte order mark that Windows editors put first.
    (tmp_path / "pack.toml").write_text('id = "gd/zhuhai/math"\n', encoding="utf-8-sig")
    assert "a.txt" in change_course(tmp_path)
    assert hidden.read_text() == '{"a": "the largest text of all"}'


def test_without_text_a_note_is_added_and_extended(tmp_path: Path) -> None:
    (tmp_path / "pack.toml").write_text('id = "a/b/c"\n')
    (tmp_path / "x.bin").write_bytes(b"\0")
    assert change_course(tmp_path) == "The file packhorse-note.txt was added."
    first = (tmp_path / "packhorse-note.txt").read_bytes()
    assert change_course(tmp_path) == "The file packhorse-note.txt was extended."
    assert (tmp_path / "packhorse-note.txt").read_bytes().startswith(first)
