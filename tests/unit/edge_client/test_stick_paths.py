"""Which paths may be named on the control socket."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from cache.state import StateDirectory
from core.errors import UsageError
from edge_client.stick_paths import check_directory, check_file


@pytest.fixture
def state(tmp_path: Path) -> StateDirectory:
    made = StateDirectory(tmp_path / "node")
    made.create()
    return made


def test_a_directory_and_a_file_are_given_without_links(
    state: StateDirectory, tmp_path: Path
) -> None:
    (tmp_path / "stick").mkdir()
    (tmp_path / "stick" / "setup.json").touch()
    (tmp_path / "link").symlink_to(tmp_path / "stick")

    assert check_directory(str(tmp_path / "link"), state) == tmp_path / "stick"
    assert check_file(str(tmp_path / "link" / "setup.json"), state).parent == tmp_path / "stick"


@pytest.mark.parametrize("path", ["", "stick", "../stick", "a\0b", "~"])
def test_what_is_no_whole_path_is_refused(state: StateDirectory, path: str) -> None:
    with pytest.raises(UsageError, match="not a whole path"):
        check_directory(path, state)


@pytest.mark.parametrize("check", [check_directory, check_file])
def test_what_cannot_be_looked_at_is_not_there(
    state: StateDirectory, tmp_path: Path, check: Callable[[str, StateDirectory], Path]
) -> None:
    with pytest.raises(UsageError, match="There is no"):
        check(str(tmp_path / ("long" * 100)), state)


def test_a_link_in_a_circle_is_refused(state: StateDirectory, tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")

    with pytest.raises(UsageError):
        check_directory(str(tmp_path / "a"), state)


@pytest.mark.parametrize("inner", ["", "keys", "keys/../blobs", "../node"])
def test_the_nodes_own_directory_is_refused(state: StateDirectory, inner: str) -> None:
    with pytest.raises(UsageError, match="own directory"):
        check_directory(str(state.root / inner), state)


def test_kinds_are_told_apart(state: StateDirectory, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in ("/dev/zero", str(tmp_path), str(tmp_path / "none"), str(tmp_path / "pipe")):
        with pytest.raises(UsageError, match="no setup file"):
            check_file(path, state)
    with pytest.raises(UsageError, match="no folder"):
        check_directory("/dev/zero", state)
