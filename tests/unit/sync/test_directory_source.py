"""Nothing on a stick points out of it, blocks, or never ends."""

import os
from pathlib import Path

import pytest

from core.errors import RefusedError
from sync.directory_source import DirectorySource
from sync.source import MissingError, SourceError


@pytest.fixture
def stick(tmp_path: Path) -> Path:
    root = tmp_path / "stick"
    (root / "a" / "b").mkdir(parents=True)
    (root / "a" / "b" / "file").write_bytes(b"0123456789")
    (tmp_path / "secret").write_bytes(b"secret")
    return root


def test_reads_files_ranges_and_changes(stick: Path) -> None:
    source = DirectorySource(stick)
    assert source.read("a/b/file", 10) == b"0123456789"
    assert b"".join(source.open_range("a/b/file", 2, 5)) == b"234"
    first = source.poll("a/b/file", 10, "")
    assert first is not None
    assert source.poll("a/b/file", 10, first.validator) is None
    (stick / "a/b/file").write_bytes(b"changed")
    again = source.poll("a/b/file", 10, first.validator)
    assert again is not None
    assert again.data == b"changed"
    source.close()


@pytest.mark.parametrize(
    "path", ["", "/a", "../secret", "a/../../secret", "a//b", "a/./b", "a\\b", "none", "a", "a/b"]
)
def test_paths_that_leave_the_stick_or_are_not_files(stick: Path, path: str) -> None:
    with pytest.raises(MissingError):
        DirectorySource(stick).read(path, 10)


def test_links_are_not_followed(stick: Path) -> None:
    (stick / "link").symlink_to(stick.parent / "secret")
    (stick / "folder").symlink_to(stick.parent)
    for path in ("link", "folder/secret"):
        with pytest.raises(MissingError):
            DirectorySource(stick).read(path, 10)


def test_a_pipe_does_not_block(stick: Path) -> None:
    os.mkfifo(stick / "pipe")
    with pytest.raises(MissingError):
        DirectorySource(stick).read("pipe", 10)


def test_an_endless_file_is_refused(stick: Path) -> None:
    with (stick / "huge").open("wb") as file:
        file.truncate(50_000_000_000)
    with pytest.raises(RefusedError, match="huge is too large"):
        DirectorySource(stick).read("huge", 1000)


def test_a_short_file_is_truncated(stick: Path) -> None:
    with pytest.raises(SourceError) as caught:
        b"".join(DirectorySource(stick).open_range("a/b/file", 5, 20))
    assert caught.value.fault == "cut-short"


def test_a_stick_that_was_pulled_out(tmp_path: Path) -> None:
    with pytest.raises(SourceError) as caught:
        DirectorySource(tmp_path / "gone").read("file", 10)
    assert caught.value.fault == "gone"


def test_a_stick_that_was_pulled_out_does_not_give_way_to_what_lies_under_it(stick: Path) -> None:
    source = DirectorySource(stick)
    assert source.read("a/b/file", 10)
    stick.rename(stick.with_name("elsewhere"))
    (stick / "a/b").mkdir(parents=True)
    (stick / "a/b/file").write_bytes(b"another")
    assert source.read("a/b/file", 10) == b"0123456789"
    source.close()
