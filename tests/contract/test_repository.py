"""Every repository keeps the same promises, wherever its files are."""

from pathlib import Path

import pytest
from obstore.store import MemoryStore

from core.errors import RefusedError, UnavailableError, UsageError
from hub.repository import DirectoryRepository, Repository, StoreRepository, open_repository


@pytest.fixture(params=["directory", "store"])
def repository(request: pytest.FixtureRequest, tmp_path: Path) -> Repository:
    """An empty repository of each kind."""
    if request.param == "directory":
        return DirectoryRepository(tmp_path / "repository")
    return StoreRepository(MemoryStore())


def test_what_was_put_is_read_whole_and_in_parts(repository: Repository) -> None:
    repository.put("a/b/file", b"0123456789")
    assert repository.read("a/b/file", 10) == b"0123456789"
    assert repository.size("a/b/file") == 10
    assert repository.read_range("a/b/file", 2, 3) == b"234"
    assert repository.read_range("a/b/file", 8, 100) == b"89"
    assert repository.read_range("a/b/file", 10, 1) == b""


def test_put_again_replaces(repository: Repository) -> None:
    repository.put("tip", b"old and long")
    repository.put("tip", b"new")
    assert repository.read("tip", 100) == b"new"


def test_what_is_not_there_is_none(repository: Repository) -> None:
    assert repository.read("a/none", 10) is None
    assert repository.read_range("a/none", 0, 1) is None
    assert repository.size("a/none") is None
    assert repository.names("none") == []
    repository.remove("a/none")


def test_an_empty_file_is_not_none(repository: Repository) -> None:
    repository.put("a/empty", b"")
    assert repository.read("a/empty", 10) == b""
    assert repository.size("a/empty") == 0


def test_a_file_beyond_the_limit_is_refused(repository: Repository) -> None:
    repository.put("a/large", b"x" * 11)
    with pytest.raises(RefusedError, match="a/large is too large"):
        repository.read("a/large", 10)


def test_names_are_those_directly_in_the_folder(repository: Repository) -> None:
    for path in ("in/b", "in/a", "in/deep/c", "other/d"):
        repository.put(path, b"")
    assert repository.names("in") == ["a", "b"]
    repository.remove("in/a")
    assert repository.names("in") == ["b"]


def test_places_are_told_apart(tmp_path: Path) -> None:
    relative = open_repository("files", tmp_path)
    assert isinstance(relative, DirectoryRepository)
    assert relative.root == tmp_path / "files"
    absolute = open_repository(f"file://{tmp_path}/a%20b", Path("/"))
    assert isinstance(absolute, DirectoryRepository)
    assert absolute.root == tmp_path / "a b"
    assert isinstance(open_repository("memory:///", tmp_path), StoreRepository)
    with pytest.raises(UsageError, match="cannot be opened"):
        open_repository("gopher://x/y", tmp_path)


def test_a_store_out_of_reach_is_said_so(tmp_path: Path) -> None:
    repository = open_repository("http://127.0.0.1:9/nothing", tmp_path)
    with pytest.raises(UnavailableError, match="does not answer"):
        repository.size("tip")
