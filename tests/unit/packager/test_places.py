"""Paths that a person gives on Windows, and what is left of them in sentences."""

from pathlib import Path, PureWindowsPath
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest

from core.errors import UsageError
from core.text import without_long_prefix
from packager.places import check_windows_path, extended, place_of
from packager.walk import is_junction, walk
from tests.unit.packager.conftest import Run, fill

if TYPE_CHECKING:
    import os

DEEP = "C:\\" + "\\".join(["课程资料" * 10] * 8)


@pytest.mark.parametrize(
    ("absolute", "usable"),
    [
        ("C:\\course", "\\\\?\\C:\\course"),
        ("D:\\", "\\\\?\\D:\\"),
        ("\\\\server\\share\\course", "\\\\?\\UNC\\server\\share\\course"),
        (DEEP, "\\\\?\\" + DEEP),
        ("\\\\?\\C:\\course", "\\\\?\\C:\\course"),
        ("\\\\?\\UNC\\server\\share", "\\\\?\\UNC\\server\\share"),
    ],
)
def test_a_windows_path_has_no_limit_of_length_and_is_told_without_its_prefix(
    absolute: str, usable: str
) -> None:
    assert extended(absolute) == usable
    told = without_long_prefix(f"{usable} has no pack.toml.")
    assert told == f"{absolute} has no pack.toml.".replace("\\\\?\\UNC\\", "\\\\").replace(
        "\\\\?\\", ""
    )


@pytest.mark.parametrize("absolute", ["C:\\course", "D:\\", "\\\\server\\share\\五年级"])
def test_what_lies_below_a_long_path_is_written_with_backslashes(absolute: str) -> None:
    place = PureWindowsPath(extended(absolute))
    inside = place / "blobs/ab/cd"
    assert "/" not in str(inside)
    assert inside.is_relative_to(place)
    # Loops over parents end.
    assert place.anchor in {str(parent) for parent in inside.parents}
    assert inside.parents[-1].parent == inside.parents[-1]


@pytest.mark.parametrize(
    "path",
    ["C:\\lessons\\con", "aux", "nul.txt", "D:\\PRN\\course", "\\\\.\\C:", "keys/com1.pem", "lpt²"],
)
def test_names_that_windows_reserves_are_refused(path: str) -> None:
    with pytest.raises(UsageError, match="Windows reserves") as caught:
        check_windows_path(path)
    assert path in str(caught.value)


def test_a_backslash_before_the_closing_quote_is_explained() -> None:
    with pytest.raises(UsageError, match="quotation mark") as caught:
        check_windows_path('D:\\course" --json')
    assert 'write "D:\\course"' in caught.value.hint


@pytest.mark.parametrize(
    "path", ["D:", "D:\\", "D:course", "\\\\server\\share\\five", "..\\course", "控制", "console"]
)
def test_other_paths_are_taken(path: str) -> None:
    check_windows_path(path)


def test_elsewhere_paths_stay_as_they_are() -> None:
    assert place_of(Path("con/a")) == Path("con/a")


@pytest.mark.parametrize(("tag", "junction"), [(0xA0000003, True), (0xA000000C, False), (0, False)])
def test_a_junction_is_known_by_its_mark(tag: int, junction: bool) -> None:
    status = cast("os.stat_result", SimpleNamespace(st_reparse_tag=tag))
    assert is_junction(status) is junction


def test_the_settings_are_no_lesson_however_their_name_is_written(tmp_path: Path) -> None:
    fill(tmp_path, {"a.txt": "a", "sub/Pack.toml": "a file like others"})
    (tmp_path / "pack.toml").unlink()
    (tmp_path / "Pack.TOML").write_text('id = "gd/zhuhai/x"')
    assert [found.path for found in walk(tmp_path).files] == ["a.txt", "sub/Pack.toml"]


def test_two_settings_files_are_not_guessed_between(tmp_path: Path) -> None:
    fill(tmp_path, {"a.txt": "a", "Pack.toml": "x"})
    with pytest.raises(UsageError, match="cannot tell apart"):
        walk(tmp_path)


def test_a_path_of_thousands_of_bytes_is_packed_and_published_in_words(
    tmp_path: Path, run: Run
) -> None:
    folder = tmp_path.joinpath(*["一年级上册数学课程资料" * 5] * 8)
    fill(folder, {"第一课.txt": "数学"})
    assert len(str(folder)) > 400
    done = run("pack", "build", folder, "--json")
    assert (done.code, done.data["items"]) == (0, 1)
    assert run("pack", "check", folder / "none").err.startswith("error: ")


def test_what_windows_leaves_on_a_stick_is_no_lesson(tmp_path: Path) -> None:
    fill(tmp_path, {"a.txt": "a", "System Volume Information/x": "", "$RECYCLE.BIN/S-1/y": ""})
    found = walk(tmp_path)
    assert [f.path for f in found.files] == ["a.txt"]
    assert found.skipped == ["$RECYCLE.BIN/", "System Volume Information/"]
