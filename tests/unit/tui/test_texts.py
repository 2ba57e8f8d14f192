"""The screens' languages."""

import pytest

from tui.texts import load_languages

LANGUAGES = load_languages()


@pytest.mark.parametrize(
    ("seconds", "english", "chinese"),
    [
        (5, "5 s", "5 秒"),
        (600, "10 min", "10 分钟"),
        (3 * 3600 + 300, "3 h 05 min", "3 小时 05 分钟"),
        (3 * 86400, "3 d 0 h", "3 天 0 小时"),
    ],
)
def test_durations(seconds: float, english: str, chinese: str) -> None:
    assert LANGUAGES["en"].duration(seconds) == english
    assert LANGUAGES["zh"].duration(seconds) == chinese
