"""Where `pack diff` and `pack apply` put what they make: nothing that is there is harmed."""

import errno
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest

from cache import durable
from packager.folders.applying import apply_bundle
from tests.support.mounts import CannotMountError, disk_of
from tests.unit.packager.conftest import Run
from tests.unit.packager.test_folders import Folders, planted, tree_of

OLD = {"a": b"one\n" * 900, "b": b"b"}
NEW = {"a": b"one\n" * 800 + b"two\n" * 99, "c/b": b"b", "c/more": Random(1).randbytes(900)}


@pytest.fixture
def folders(run: Run, tmp_path: Path) -> Folders:
    """Two folders and the bundle between them, not applied yet."""
    made = Folders(run, tmp_path)
    made.carried(OLD, NEW)
    shutil.rmtree(made.made)
    return made


@pytest.mark.parametrize("name", ["made", "made" * 60])
def test_a_folder_of_somebody_else_beside_the_new_one_stays(folders: Folders, name: str) -> None:
    mine = planted(folders.place / f".{name}.partial"[:255], {"work": b"of a year"})
    ran = folders.run("pack", "apply", folders.old, folders.bundle, "-o", folders.place / name)
    assert ran.code == 0, ran.err
    assert tree_of(mine) == {"work": b"of a year"}
    assert tree_of(folders.place / name) == NEW


@pytest.mark.parametrize("length", [250, 255])
def test_a_long_name_can_be_made(folders: Folders, length: int) -> None:
    made = folders.place / ("n" * length)
    ran = folders.run("pack", "apply", folders.old, folders.bundle, "-o", made)
    assert ran.code == 0, ran.err
    assert tree_of(made) == NEW


def test_the_old_folder_may_have_any_name(folders: Folders) -> None:
    old = folders.old.rename(folders.place / ".made.partial")
    ran = folders.run("pack", "apply", old, folders.bundle, "-o", folders.made)
    assert ran.code == 0, ran.err
    assert tree_of(old) == OLD
    assert tree_of(folders.made) == NEW


@pytest.mark.parametrize("is_there", [False, True])
def test_of_two_at_once_the_second_to_end_is_refused(
    folders: Folders, monkeypatch: pytest.MonkeyPatch, is_there: bool
) -> None:
    if is_there:
        folders.made.mkdir()
    sync = durable.sync_tree

    def while_another_ends(staging: Path) -> None:
        monkeypatch.setattr(durable, "sync_tree", sync)
        apply_bundle(folders.old, folders.bundle, folders.made)
        sync(staging)

    monkeypatch.setattr(durable, "sync_tree", while_another_ends)
    ran = folders.run("pack", "apply", folders.old, folders.bundle, "-o", folders.made)
    assert ran.code == 2, ran.err
    assert "made is there already" in ran.err
    assert tree_of(folders.made) == NEW
    assert sorted(one.name for one in folders.place.iterdir()) == ["made", "new", "old", "x.bundle"]


def test_a_folder_that_another_one_needs_stays(
    folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_: Path) -> None:
        planted(folders.place / "new one" / "of another", {"a": b"a"})
        raise OSError

    monkeypatch.setattr(durable, "sync_tree", fails)
    target = folders.place / "new one" / "made"
    assert folders.run("pack", "apply", folders.old, folders.bundle, "-o", target).code == 2
    assert tree_of(folders.place / "new one") == {"of another/a": b"a"}


def test_an_empty_folder_stays_when_the_new_one_does_not_come(
    folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders.made.mkdir()

    def fails(*_: object) -> None:
        raise OSError(errno.EIO, "")

    monkeypatch.setattr(durable, "move", fails)
    ran = folders.run("pack", "apply", folders.old, folders.bundle, "-o", folders.made)
    assert ran.code != 0
    assert tree_of(folders.made) == {}


def test_a_link_is_no_place_for_a_folder(folders: Folders) -> None:
    (folders.place / "empty").mkdir()
    for target in ("empty", "nowhere", "link"):
        link = folders.place / "link"
        link.symlink_to(target)
        ran = folders.run("pack", "apply", folders.old, folders.bundle, "-o", link)
        assert ran.code == 2, ran.err
        assert "link is a link" in ran.err
        assert "hint: Give the place that it leads to" in ran.err
        link.unlink()


def test_where_a_disk_is_mounted_is_no_place_for_a_folder(
    folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Before all the work.
    monkeypatch.setattr("packager.folders.applying.read_folder", lambda _: pytest.fail("read"))
    try:
        with disk_of(folders.made, "size=1m"):
            ran = folders.run("pack", "apply", folders.old, folders.bundle, "-o", folders.made)
    except CannotMountError as error:
        pytest.skip(str(error))
    assert ran.code == 2
    assert "is where a disk is mounted" in ran.err


@pytest.mark.parametrize("name", ["fifo", "link to a fifo", "link to a device"])
def test_what_is_no_file_is_not_replaced_by_a_bundle(folders: Folders, name: str) -> None:
    os.mkfifo(folders.place / "fifo")
    (folders.place / "link to a fifo").symlink_to("fifo")
    (folders.place / "link to a device").symlink_to("/dev/null")
    place = folders.place / name
    before = place.lstat().st_ino
    ran = folders.run("pack", "diff", folders.old, folders.new, "-o", place)
    assert ran.code == 2, ran.err
    assert "is not an ordinary file" in ran.err
    assert place.lstat().st_ino == before


@pytest.mark.parametrize("is_there", [False, True])
def test_a_link_to_a_bundle_stays(folders: Folders, is_there: bool) -> None:
    (folders.place / "disk").mkdir()
    target = folders.place / "disk" / "y.bundle"
    if is_there:
        target.write_bytes(b"older")
    link = folders.place / "link"
    link.symlink_to(target)
    assert folders.run("pack", "diff", folders.old, folders.new, "-o", link).code == 0
    assert link.is_symlink()
    assert target.read_bytes() == folders.bundle.read_bytes()
    assert [one.name for one in target.parent.iterdir()] == ["y.bundle"]


@pytest.fixture
def caseless(folders: Folders, monkeypatch: pytest.MonkeyPatch) -> Folders:
    """Let the disk take no notice of letter case in what is made."""

    def folding(method: Callable[..., Any]) -> Callable[..., Any]:
        def folded(path: Path, *words: Any, **more: Any) -> Any:
            if path.is_relative_to(folders.place):
                below = str(path.relative_to(folders.place))
                path = folders.place / (below.lower() if below.startswith(".") else below)
            return method(path, *words, **more)

        return folded

    for name in ("open", "mkdir", "touch", "lstat"):
        monkeypatch.setattr(Path, name, folding(getattr(Path, name)))
    return folders


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"Leer": None}, {"leer": None}),
        ({"Leer": b""}, {"leer": b""}),
        ({"Leer": b"x"}, {"leer": b"y"}),
        ({"Leer": b"b"}, {"leer": b"b"}),
        ({"Leer": b""}, {"leer": None}),
        ({"Leer/a": b"x"}, {"leer/b": b"y"}),
        ({"Leer": None}, {"leer/b": b"y"}),
        ({"Leer": b"x"}, {"leer/b": b""}),
        ({"in/Leer/a/b": b"b"}, {"in/leer/c": b"b"}),
    ],
)
def test_names_that_a_disk_cannot_tell_apart_are_refused(
    caseless: Folders, one: dict[str, bytes | None], other: dict[str, bytes | None]
) -> None:
    folders = caseless
    new = planted(folders.place / "both", {**one, "else": b"e"})
    for path, data in other.items():
        if data is None:
            (new / path).mkdir()
        else:
            (new / path).parent.mkdir(exist_ok=True)
            (new / path).write_bytes(data)
    assert folders.run("pack", "diff", folders.old, new, "-o", folders.bundle).code == 0
    ran = folders.run("pack", "apply", folders.old, folders.bundle, "-o", folders.made)
    assert ran.code == 2, ran
    assert "that this disk cannot tell apart" in ran.err
    assert "Leer" in ran.err
    assert "leer" in ran.err
    assert not folders.made.exists()
    assert not list(folders.place.glob(".*"))
