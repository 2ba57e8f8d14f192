"""A lesson of 20 minutes: bit rates, loudness, stills, and the time that the build takes."""

from pathlib import Path

import pytest

from tests.support.lessons import write_lesson
from tests.support.measured_lesson import check_lesson

MINUTES = 20


@pytest.mark.bench
@pytest.mark.timeout(3600)
def test_a_lesson_of_twenty_minutes(tmp_path: Path) -> None:
    (tmp_path / "pack.toml").write_text('id = "demo/county/fish"\n')
    write_lesson(tmp_path / "1.mp4", MINUTES * 60)
    for line in check_lesson(tmp_path, MINUTES * 60):
        print(line)
