from pathlib import Path

import pytest

from tests.support.lessons import write_lesson
from tests.support.measured_lesson import check_lesson


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_lesson_of_a_minute_has_the_rates_and_the_loudness(tmp_path: Path) -> None:
    (tmp_path / "pack.toml").write_text('id = "demo/county/fish"\n')
    write_lesson(tmp_path / "1.mp4", 60)
    check_lesson(tmp_path, 60)
