"""The language of whoever sits at a terminal."""

import pytest

from core.languages import terminal_language


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "en_GB.UTF-8"}, "en"),
        ({"LANG": "zh_CN.UTF-8", "TERM": "linux"}, "en"),
        ({"LANG": "bo_CN.UTF-8"}, "en"),
        ({}, "en"),
        ({"LANG": ""}, "en"),
    ],
)
def test_the_language_comes_from_the_terminal(environment: dict[str, str], language: str) -> None:
    assert terminal_language(environment) == language


@pytest.mark.parametrize(
    ("system", "language"),
    [
        ("Chinese (Simplified)_China", "zh"),
        ("zh_CN", "zh"),
        ("English_United States", "en"),
        ("", "en"),
    ],
)
def test_where_no_variable_says_it_the_system_does(system: str, language: str) -> None:
    assert terminal_language({}, system) == language
    assert terminal_language({"LANG": "en_GB.UTF-8"}, system) == "en"
