"""The whole story by its one command, on a folder that it has never seen."""

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PACKHORSE = (sys.executable, "-m", "packhorse")


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_sample_course_with_its_channel_and_a_class(tmp_path: Path) -> None:
    done = subprocess.run(
        [*PACKHORSE, "demo", "--once", "--json", "--rate", "20mbit"],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    assert summary["ok"]
    assert [lesson["kind"] for lesson in summary["lessons"]] == ["video", "html", "pdf", "image"]
    # The head of what is on, and some of its parts.
    assert summary["channel_parts"] > 2
    assert summary["channel"].endswith("/air/g5")
    # One at each cue of the sample's.
    assert summary["class_cues"] == 3
    assert summary["class_reported"]
    assert summary["pin"] in done.stderr


def test_a_tiny_folder_without_any_text_that_can_be_changed(tmp_path: Path) -> None:
    course, temporary = tmp_path / "course", tmp_path / "temporary"
    course.mkdir()
    temporary.mkdir()
    (course / "copyright").write_text("Everybody may copy this.\n" * 40)
    (course / "changelog.gz").write_bytes(gzip.compress(b"The first.\n" * 40, mtime=0))
    before = {path.name: path.read_bytes() for path in course.iterdir()}
    done = subprocess.run(
        [*PACKHORSE, "demo", "--once", "--json", "--rate", "20mbit", "--course", str(course)],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "TMPDIR": str(temporary)},
    )
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    assert summary["ok"]
    assert [lesson["served"] for lesson in summary["lessons"]] == [True, True]
    first, update = summary["transfers"]
    assert 0 < update["line"] < first["line"]
    assert summary["statements_received"] == summary["statements_made"] > 0
    assert summary["served_without_line"]
    assert summary["waiting_without_line"] > 0
    assert {path.name: path.read_bytes() for path in course.iterdir()} == before
    assert not list(temporary.iterdir())
