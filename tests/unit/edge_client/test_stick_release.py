"""Letting go of sticks, with a stand-in for the unit that unmounts: a thread that obeys."""

import os
import threading
from pathlib import Path

import pytest

from core.errors import ExhaustedError, UnavailableError, UsageError
from edge_client.stick_places import MOST_STICKS, plugged_in
from edge_client.stick_release import release, stick_of


@pytest.fixture
def stick(tmp_path: Path) -> Path:
    made = tmp_path / "sticks" / "blue"
    (made / "packhorse").mkdir(parents=True)
    return made


def places(stick: Path) -> list[str]:
    return [str(stick.parent), str(stick.parent / "not there")]


def test_sticks_are_directories_with_something_in_them(stick: Path) -> None:
    (stick.parent / "empty").mkdir()
    (stick.parent / "link").symlink_to(stick)
    (stick.parent / "file").touch()

    assert plugged_in(places(stick)) == [stick]


def test_a_place_full_of_junk_is_bounded(stick: Path) -> None:
    for number in range(50):
        (stick.parent / f"s{number}" / "x").mkdir(parents=True)

    assert len(plugged_in(places(stick))) == MOST_STICKS


def test_a_stick_is_found_by_any_directory_on_it(stick: Path) -> None:
    assert stick_of(stick / "packhorse", places(stick)) == stick
    with pytest.raises(UsageError, match="no stick at"):
        stick_of(stick.parent, places(stick))
    with pytest.raises(UsageError, match="no stick at"):
        stick_of(stick.parent / "blue2", places(stick))


def test_without_a_unit_the_stick_is_written_out(stick: Path) -> None:
    release(stick / "packhorse", places(stick))


def test_the_unit_is_asked_by_a_file_of_the_sticks_name(stick: Path) -> None:
    requests = stick.parent.parent / "release"
    requests.mkdir()
    asked: list[str] = []

    def obey() -> None:
        while not (names := [path.name for path in requests.iterdir()]):
            pass
        asked.extend(names)
        (requests / names[0]).unlink()

    unit = threading.Thread(target=obey)
    unit.start()
    release(stick / "packhorse", places(stick))
    unit.join()

    assert asked == ["blue"]


def test_a_stick_that_takes_too_long_stays_in(stick: Path) -> None:
    (stick.parent.parent / "release").mkdir()

    with pytest.raises(UnavailableError, match="still being written"):
        release(stick, places(stick), patience=0.1)


def test_a_stick_that_stays_mounted_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mount that is always there, and a umount that finds it in use, stand for such a stick."""
    program = tmp_path / "umount"
    program.write_text("#!/bin/sh\nexit 32\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")

    with pytest.raises(UsageError, match="in use"):
        release(Path("/dev/shm"), ["/dev"])  # noqa: S108 - nothing is written there


def test_a_stick_that_cannot_be_written_out_is_not_said_to_be_safe(
    stick: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sync that fails stands for such a stick."""
    program = tmp_path / "sync"
    program.write_text("#!/bin/sh\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")

    with pytest.raises(ExhaustedError, match="Not everything could be written"):
        release(stick, places(stick))
