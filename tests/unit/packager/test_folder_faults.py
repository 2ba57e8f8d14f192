"""Whatever the system does not let `pack diff` and `pack apply` do is told in a sentence."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from packager.folders import applying
from packager.folders.reading import Folder, read_folder
from tests.support.mounts import CannotMountError, disk_of
from tests.unit.packager.conftest import Run
from tests.unit.packager.test_folders import Folders, planted, tree_of

LINES = b"a line of a lesson\n" * 900
OLD = {"a": LINES, "sub/b": b"b"}
NEW = {"a": LINES[:4000] + b"!" + LINES[4000:], "sub/b": b"b", "c": b"b"}
# Root reads and writes everything, but for these.
AS_OTHERS = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]
PACK = [sys.executable, "-m", "packhorse", "pack"]


def with_bundle(run: Run, place: Path) -> Folders:
    """Make two folders and the bundle between them, not applied yet."""
    made = Folders(run, place)
    made.carried(OLD, NEW)
    shutil.rmtree(made.made)
    return made


@pytest.fixture
def folders(run: Run, tmp_path: Path) -> Folders:
    return with_bundle(run, tmp_path)


def ran(place: Path, *words: object, before: list[str] | None = None) -> tuple[int, str]:
    """Run a command in a process of its own in a folder; give its exit code and what it says."""
    done = subprocess.run(
        [*(before or []), *PACK, *map(str, words)],
        cwd=place,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        timeout=300,
        check=False,
    )
    return done.returncode, done.stderr


@pytest.mark.parametrize(
    ("shut", "mode", "words", "said"),
    [
        ("shut", 0o555, "diff old new -o shut/y", "shut/y cannot be made"),
        ("shut", 0o555, "apply old x.bundle -o shut/y", "shut/y cannot be made"),
        ("shut", 0o555, "apply old x.bundle -o shut/y/z", "shut/y/z cannot be made"),
        ("shut", 0, "diff old new -o shut/y", "shut/y cannot be made"),
        ("shut", 0, "apply old x.bundle -o shut/y", "shut/y cannot be made"),
        ("shut", 0, "diff shut/old new -o y", "shut/old cannot be read"),
        ("shut", 0, "diff old shut/new -o y", "shut/new cannot be read"),
        ("shut", 0, "apply shut/old x.bundle -o y", "shut/old cannot be read"),
        ("shut", 0, "apply old shut/x.bundle -o y", "shut/x.bundle cannot be read"),
        ("old", 0o444, "diff old new -o y", "cannot be read"),
        ("old", 0o444, "apply old x.bundle -o y", "cannot be read"),
        ("new/sub", 0o444, "diff old new -o y", "sub/b cannot be read"),
        ("old/sub", 0o444, "apply old x.bundle -o y", "sub/b cannot be read"),
    ],
)
def test_what_one_has_no_right_to_is_named(
    folders: Folders, shut: str, mode: int, words: str, said: str
) -> None:
    if shutil.which(AS_OTHERS[0]) is None:
        pytest.skip("there is no setpriv")
    (folders.place / "shut").mkdir()
    names = sorted(folders.place.iterdir())
    (folders.place / shut).chmod(mode)
    try:
        code, err = ran(folders.place, *words.split(), before=AS_OTHERS * (os.geteuid() == 0))
    finally:
        (folders.place / shut).chmod(0o755)
    assert code == 2, err
    assert f"{said}: Permission denied." in err
    assert "\nhint: " in err
    assert sorted(folders.place.iterdir()) == names
    assert not any((folders.place / "shut").iterdir())


@pytest.mark.parametrize("words", [("diff", "old", "new"), ("apply", "old", "x.bundle")])
def test_a_disk_that_is_read_only_is_named(
    folders: Folders, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    monkeypatch.chdir(folders.place)
    try:
        with disk_of(folders.place / "disk", "size=1m,ro"):
            told = folders.run("pack", *words, "-o", "disk/y")
    except CannotMountError as error:
        pytest.skip(str(error))
    assert told.code == 2, told.err
    assert "disk/y cannot be made: Read-only file system." in told.err


@pytest.mark.parametrize("looks", range(5))
def test_a_file_that_vanishes_while_its_folder_is_read_has_changed(
    folders: Folders, monkeypatch: pytest.MonkeyPatch, looks: int
) -> None:
    lstat = Path.lstat
    left = iter(range(looks, -1, -1))

    def vanishing(path: Path) -> os.stat_result:
        if path == folders.new / "c" and next(left) == 0:
            path.unlink()
        return lstat(path)

    monkeypatch.setattr(Path, "lstat", vanishing)
    told = folders.run("pack", "diff", folders.old, folders.new, "-o", folders.bundle)
    assert told.code == 2, told.err
    assert "c changed while it was being read" in told.err


@pytest.mark.parametrize(
    "words",
    [
        "diff loop new -o y",
        "diff old loop -o y",
        "diff old new -o loop",
        "diff old new -o loop/y",
        "apply loop x.bundle -o y",
        "apply old loop -o y",
        "apply old x.bundle -o loop",
        "apply old x.bundle -o loop/y",
    ],
)
def test_links_that_lead_round_in_a_circle_are_named(
    folders: Folders, monkeypatch: pytest.MonkeyPatch, words: str
) -> None:
    monkeypatch.chdir(folders.place)
    Path("loop").symlink_to("loop")
    names = sorted(folders.place.iterdir())
    told = folders.run("pack", *words.split())
    assert told.code == 2, told.err
    assert told.err.startswith("error: loop")
    assert "\nhint: " in told.err
    assert sorted(folders.place.iterdir()) == names


def test_a_working_directory_that_is_gone_is_named(
    folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folders.place / "gone").mkdir()
    monkeypatch.chdir(folders.place / "gone")
    (folders.place / "gone").rmdir()
    for words in (
        ("diff", folders.old, folders.new, "-o", "y"),
        ("diff", "old", folders.new, "-o", folders.bundle),
        ("apply", folders.old, folders.bundle, "-o", "y"),
        ("apply", "old", folders.bundle, "-o", folders.made),
    ):
        told = folders.run("pack", *words)
        assert told.code == 2, told.err
        assert "The folder that you are in is not there any more." in told.err
    # Nor is it needed.
    assert folders.run("pack", "diff", folders.old, folders.new, "-o", folders.bundle).code == 0
    assert folders.applied() == 0
    assert tree_of(folders.made) == NEW


@pytest.mark.parametrize("above", ["", "some/where/"])
@pytest.mark.parametrize("words", [("diff", "old", "new"), ("apply", "old", "x.bundle")])
def test_a_name_that_is_too_long_is_refused_before_the_work(
    folders: Folders, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], above: str
) -> None:
    monkeypatch.chdir(folders.place)
    monkeypatch.setattr(applying, "read_folder", lambda _: pytest.fail("read"))
    names = sorted(folders.place.iterdir())
    told = folders.run("pack", *words, "-o", above + "n" * 256)
    assert told.code == 2, told.err
    assert "cannot be made: File name too long" in told.err or "is not a folder" in told.err
    assert sorted(folders.place.iterdir()) == names


@pytest.mark.parametrize("name", ["fifo", "/dev/zero", "/dev/stdin"])
def test_a_bundle_is_an_ordinary_file(folders: Folders, name: str) -> None:
    os.mkfifo(folders.place / "fifo")
    code, err = ran(folders.place, "apply", "old", name, "-o", "made")
    assert code == 2, err
    assert f"{name} is not an ordinary file." in err
    assert not folders.made.exists()


@pytest.mark.parametrize(
    "content",
    [None, b"", LINES[:300], LINES.replace(b"lesson", b"course")],
    ids=["gone", "empty", "shorter", "other"],
)
def test_an_old_file_that_changes_meanwhile_is_named(
    folders: Folders, monkeypatch: pytest.MonkeyPatch, content: bytes | None
) -> None:
    def before_a_change(folder: Path) -> Folder:
        found = read_folder(folder)
        (folder / "a").unlink()
        if content is not None:
            (folder / "a").write_bytes(content)
        return found

    monkeypatch.setattr(applying, "read_folder", before_a_change)
    told = folders.run("pack", "apply", folders.old, folders.bundle, "-o", folders.made)
    assert told.code == 2, told.err
    assert "a changed while it was being read" in told.err
    assert not folders.made.exists()


def test_an_old_folder_is_not_blamed_for_the_new_one(folders: Folders) -> None:
    planted(folders.place / "other", {"sub": b"a file"})
    target = folders.place / "other" / "sub" / "made"
    told = folders.run("pack", "apply", folders.old, folders.bundle, "-o", target)
    assert told.code == 2
    assert f"{target} cannot be made: Not a directory." in told.err
