import errno
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cache import durable, failpoints
from cache.disk_errors import describe
from core.errors import AlreadyRunningError, ExhaustedError, UsageError


@pytest.fixture(autouse=True)
def _no_failpoint() -> Iterator[None]:
    yield
    failpoints.hook = None


def test_write_file_replaces_and_leaves_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a"
    durable.write_file(path, b"old")
    durable.write_file(path, b"new", mode=0o600)
    assert path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_mode_does_not_depend_on_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        durable.write_file(tmp_path / "a", b"", mode=0o664)
    finally:
        os.umask(before)
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o664


@pytest.mark.parametrize("operation", ["create", "write", "fsync", "rename", "fsync_directory"])
def test_a_failing_write_keeps_the_old_content_or_has_the_new(
    tmp_path: Path, operation: str
) -> None:
    path = tmp_path / "a"
    durable.write_file(path, b"old")
    failpoints.hook = failpoints.counting(f"{operation}:1:full")
    with pytest.raises(ExhaustedError, match="the disk is full"):
        durable.write_file(path, b"new")
    expected = b"new" if operation == "fsync_directory" else b"old"
    assert path.read_bytes() == expected
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("number", "kind", "words"),
    [
        (errno.ENOSPC, ExhaustedError, "disk is full"),
        (errno.EDQUOT, ExhaustedError, "disk is full"),
        (errno.EIO, ExhaustedError, "reports an error"),
        (errno.EROFS, ExhaustedError, "read-only"),
        (errno.EACCES, UsageError, "may not be used"),
    ],
)
def test_disk_errors_are_sentences_with_a_hint(
    number: int, kind: type[ExhaustedError], words: str
) -> None:
    error = describe(OSError(number, "x"), Path("/a/b"))
    assert isinstance(error, kind)
    assert words in str(error)
    assert "/a/b" in str(error)
    assert error.hint


def test_other_errors_stay_visible(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        durable.write_file(tmp_path / "no" / "a", b"")


def test_make_directory_makes_parents_and_accepts_what_is_there(tmp_path: Path) -> None:
    durable.make_directory(tmp_path / "a" / "b" / "c")
    durable.make_directory(tmp_path / "a" / "b" / "c")
    assert (tmp_path / "a" / "b" / "c").is_dir()
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(NotADirectoryError):
        durable.make_directory(tmp_path / "file")


def test_every_new_directory_is_synced_into_its_parent(tmp_path: Path) -> None:
    seen: list[tuple[str, Path]] = []
    failpoints.hook = lambda operation, path: seen.append((operation, path))
    durable.make_directory(tmp_path / "a" / "b")
    assert seen == [
        ("mkdir", tmp_path / "a"),
        ("fsync_directory", tmp_path),
        ("mkdir", tmp_path / "a" / "b"),
        ("fsync_directory", tmp_path / "a"),
    ]


def test_swap_symlink_changes_the_target_at_once(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text(name)
        durable.swap_symlink(tmp_path / "current", tmp_path / name)
        assert (tmp_path / "current" / "file").read_text() == name
    assert (tmp_path / "current").readlink() == Path("two")
    with pytest.raises(ValueError, match="elsewhere"):
        durable.swap_symlink(tmp_path / "current", tmp_path / "one" / "elsewhere")


def test_remove_and_remove_tree_accept_what_is_gone(tmp_path: Path) -> None:
    (tmp_path / "tree" / "sub").mkdir(parents=True)
    (tmp_path / "tree" / "sub" / "file").write_bytes(b"x")
    (tmp_path / "file").write_bytes(b"x")
    for _ in range(2):
        durable.remove_tree(tmp_path / "tree")
        durable.remove(tmp_path / "file")
    assert list(tmp_path.iterdir()) == []


def test_link_or_copy_replaces_and_copies_where_links_cannot_go(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"new" * 1000)
    (tmp_path / "target").write_bytes(b"old")
    durable.link_or_copy(source, tmp_path / "target")
    durable.link_or_copy(source, tmp_path / "target")
    assert (tmp_path / "target").samefile(source)
    shared = Path("/dev/shm")  # noqa: S108 - another file system, if the machine has it
    if shared.is_dir() and shared.stat().st_dev != tmp_path.stat().st_dev:
        other = shared / tmp_path_factory.mktemp("other").name
        other.write_bytes(b"far")
        try:
            durable.link_or_copy(other, tmp_path / "far")
        finally:
            other.unlink()
        assert (tmp_path / "far").read_bytes() == b"far"
    assert not [path for path in tmp_path.iterdir() if durable.is_temporary(path)]


def test_a_staging_file_grows_by_checkpoints(tmp_path: Path) -> None:
    path = tmp_path / "part"
    with durable.open_staging(path) as file:
        file.write(b"a" * 10)
        durable.checkpoint(file, path)
    with durable.open_staging(path) as file:
        file.seek(0, os.SEEK_END)
        assert file.tell() == 10
        file.write(b"b")
        durable.checkpoint(file, path)
    durable.replace(path, tmp_path / "whole")
    assert (tmp_path / "whole").read_bytes() == b"a" * 10 + b"b"
    assert not path.exists()


def test_sync_tree_reaches_every_file_and_directory(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "c").write_bytes(b"x")
    (tmp_path / "a" / "link").symlink_to("nowhere")
    seen: set[tuple[str, str]] = set()
    failpoints.hook = lambda operation, path: seen.add((operation, path.name))
    durable.sync_tree(tmp_path / "a")
    assert seen == {("fsync", "c"), ("fsync_directory", "b"), ("fsync_directory", "a")}


def test_sweep_removes_only_temporary_names(tmp_path: Path) -> None:
    durable.temporary_beside(tmp_path / "a").write_bytes(b"x")
    durable.temporary_beside(tmp_path / "b").mkdir()
    (tmp_path / "keep").write_bytes(b"x")
    assert durable.sweep(tmp_path) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["keep"]


def test_a_lock_turns_others_away_and_names_what_runs(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with (
        durable.lock(path, "node sync"),
        pytest.raises(AlreadyRunningError, match=rf"node sync \(process {os.getpid()}\)"),
        durable.lock(path, "node check"),
    ):
        raise AssertionError
    with durable.lock(path, "x"):
        assert path.read_text() == f"x (process {os.getpid()})"


def test_a_waiting_lock_gets_its_turn(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    code = (
        "import sys; from pathlib import Path; from cache import durable\n"
        "with durable.lock(Path(sys.argv[1]), 'other', wait=True): print('mine')"
    )
    with durable.lock(path, "first"):
        other = subprocess.Popen([sys.executable, "-c", code, path], stdout=subprocess.PIPE)
        with pytest.raises(subprocess.TimeoutExpired):
            other.wait(0.5)
    assert other.communicate(timeout=60)[0] == b"mine\n"


def test_a_killed_holder_frees_the_lock(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from cache import durable\n"
        "with durable.lock(Path(sys.argv[1]), 'other'):\n"
        "    print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, tmp_path / "lock"],
        stdout=subprocess.PIPE,
        stdin=subprocess.PIPE,
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        with (
            pytest.raises(AlreadyRunningError, match=rf"other \(process {other.pid}\)"),
            durable.lock(tmp_path / "lock", "me"),
        ):
            raise AssertionError
        other.kill()
        other.wait()
    with durable.lock(tmp_path / "lock", "me"):
        assert (tmp_path / "lock").read_text().startswith("me")


def test_failpoint_settings_count_one_operation_or_any(tmp_path: Path) -> None:
    third = failpoints.counting("any:3:raise")
    third("a", tmp_path)
    third("b", tmp_path)
    with pytest.raises(OSError, match="Input/output error"):
        third("c", tmp_path)
    third("d", tmp_path)
    with pytest.raises(ValueError, match="explode"):
        failpoints.counting("any:1:explode")


def test_the_environment_kills_at_the_nth_operation(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from cache import durable\n"
        "for n in range(9): durable.write_file(Path(sys.argv[1]), b'%d' % n)"
    )
    environment = {**os.environ, failpoints.VARIABLE: "rename:4:kill"}
    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "a"], env=environment, check=False
    )
    assert done.returncode == -9
    assert (tmp_path / "a").read_bytes() == b"2"
