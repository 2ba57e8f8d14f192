"""What Windows refuses while a virus scanner has a file open is tried again."""

import errno
import os
from pathlib import Path

import pytest

from cache import durable, sharing
from cache.disk_errors import describe
from core.errors import ExhaustedError, PackhorseError, UsageError


class WindowsError(OSError):
    """An error with Windows' own number, as only Windows makes it."""

    def __init__(self, number: int, winerror: int) -> None:
        super().__init__(number, os.strerror(number))
        self.winerror = winerror


@pytest.fixture
def naps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long was slept; nobody waits."""
    slept: list[float] = []
    monkeypatch.setattr("time.sleep", slept.append)
    return slept


@pytest.mark.parametrize("winerror", [5, 32, 33])
def test_a_rename_waits_for_the_scanner(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, naps: list[float], winerror: int
) -> None:
    replace, left = os.replace, [WindowsError(errno.EACCES, winerror)] * 3

    def busy(source: str, path: str) -> None:
        if left:
            raise left.pop()
        replace(source, path)

    monkeypatch.setattr(os, "replace", busy)
    durable.write_file(tmp_path / "a", b"new")
    assert (tmp_path / "a").read_bytes() == b"new"
    assert len(naps) == 3


def test_a_file_that_stays_open_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, naps: list[float]
) -> None:
    def busy(*_: object) -> None:
        raise WindowsError(errno.EACCES, 32)

    (tmp_path / "a").write_bytes(b"old")
    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", busy)
        with pytest.raises(UsageError, match="is open in another program") as caught:
            durable.write_file(tmp_path / "a", b"new")
    assert "Close it" in caught.value.hint
    assert (tmp_path / "a").read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [tmp_path / "a"]
    assert sum(naps) >= 2


def test_other_errors_are_not_tried_again(naps: list[float]) -> None:
    tries = []

    def fail() -> None:
        tries.append(1)
        raise FileNotFoundError(errno.ENOENT, "gone")

    with pytest.raises(FileNotFoundError):
        sharing.patiently(fail)
    assert (tries, naps) == ([1], [])


@pytest.mark.parametrize(
    ("number", "winerror", "kind", "words"),
    [
        (errno.EACCES, 19, ExhaustedError, "read-only"),
        (errno.EACCES, 21, ExhaustedError, "reports an error"),
        (errno.EACCES, 23, ExhaustedError, "reports an error"),
        (errno.EINVAL, 1117, ExhaustedError, "reports an error"),
        (errno.EINVAL, 39, ExhaustedError, "disk is full"),
        (errno.ENOSPC, 112, ExhaustedError, "disk is full"),
        (errno.EINVAL, 1295, ExhaustedError, "disk is full"),
        (errno.EACCES, 32, UsageError, "open in another program"),
        (errno.EACCES, 5, UsageError, "may not be used"),
    ],
)
def test_windows_own_numbers_are_understood(
    number: int, winerror: int, kind: type[PackhorseError], words: str
) -> None:
    error = describe(WindowsError(number, winerror), Path("a"))
    assert isinstance(error, kind)
    assert words in str(error)
    assert error.hint


def test_a_file_system_without_links_gets_a_copy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unable(*_: object) -> None:
        raise WindowsError(errno.EINVAL, 1)

    (tmp_path / "source").write_bytes(b"x" * 1000)
    monkeypatch.setattr(os, "link", unable)
    durable.link_or_copy(tmp_path / "source", tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == b"x" * 1000
    assert (tmp_path / "copy").stat().st_nlink == 1
