from pathlib import Path

import pytest

from core.languages import choose_language
from edge_client.portal.languages import load_languages
from tools.check_catalogues import messages_of, problems_of

EDGE_CLIENT = Path(__file__).parents[4] / "edge_client"


@pytest.mark.parametrize(
    ("cookie", "accepted", "expected"),
    [
        ("en", "zh-CN", "en"),
        ("zh_Hans", "en", "zh_Hans"),
        ("tlh", "en", "en"),
        (None, "zh-CN,zh;q=0.9,en;q=0.8", "zh_Hans"),
        (None, "zh-Hant-TW", "zh_Hans"),
        (None, "en-US,en;q=0.9", "en"),
        (None, "en;q=0.1, zh;q=0.9", "zh_Hans"),
        (None, "bo, en;q=0.5", "en"),
        (None, "en;q=0", "zh_Hans"),
        (None, "en;q=x", "zh_Hans"),
        (None, "bo", "zh_Hans"),
        (None, "", "zh_Hans"),
        (None, None, "zh_Hans"),
        (None, "," * 100_000, "zh_Hans"),
    ],
)
def test_the_cookie_wins_then_the_browser_then_chinese(
    cookie: str | None, accepted: str | None, expected: str
) -> None:
    assert choose_language(cookie, accepted) == expected


def test_every_message_is_translated_and_none_is_left_over() -> None:
    source = EDGE_CLIENT / "locale/zh_Hans/LC_MESSAGES/edge_client.po"
    used = messages_of(EDGE_CLIENT)
    assert "There are no lessons here yet." in used
    assert list(problems_of(source, used)) == []


def test_the_built_catalogue_is_loaded() -> None:
    texts = load_languages()["zh_Hans"].texts
    assert texts.gettext("Lessons") == "全部课程"
    assert texts.ngettext("%(count)s lesson", "%(count)s lessons", 2) == "共 %(count)s 课"
