"""Texts on a terminal."""

import pytest

from core.display import cells, few_titles, fit, one_line, title_in


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("Fractions", "Fractions"),
        ("分数的初步认识", "分数的初步认识"),
        ("a\x1b[31mred\x07\r\nb", "a [31mred b"),
        ("left\u202eright\u2066\ufeff", "leftright"),
        ("lone \ud800 surrogate", "lone surrogate"),
        ("two\u2028lines\u00a0here", "two lines here"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("e" + "\u0301" * 50, "e" + "\u0301" * 4),
        ("[bold]markup[/]", "[bold]markup[/]"),
        ("", ""),
    ],
)
def test_any_text_becomes_one_harmless_line(text: str, line: str) -> None:
    assert one_line(text) == line


def test_a_very_long_text_is_cut() -> None:
    line = one_line("x" * 100_000, 20)

    assert line == "x" * 19 + "…"


@pytest.mark.parametrize(
    ("titles", "language", "title"),
    [
        ({"en": "Fractions", "zh": "分数"}, "zh", "分数"),
        ({"en": "Fractions", "zh-Hans": "分数"}, "zh", "分数"),
        ({"en": "Fractions"}, "zh", "Fractions"),
        ({"bo": "བོད"}, "en", "བོད"),
        ({"zh": "\x00\n"}, "zh", "gd/-/x"),
        ({}, "en", "gd/-/x"),
    ],
)
def test_the_title_in_a_language_or_the_next_best(
    titles: dict[str, str], language: str, title: str
) -> None:
    assert title_in(titles, language, "gd/-/x") == title


@pytest.mark.parametrize(
    ("text", "width"), [("abc", 3), ("数学", 4), ("e\u0301", 1), ("ＡＢ", 4), ("", 0)]
)
def test_cells_are_counted_as_terminals_do(text: str, width: int) -> None:
    assert cells(text) == width


@pytest.mark.parametrize(
    ("text", "width", "fitted"),
    [
        ("abc", 5, "abc  "),
        ("abcdef", 5, "abcd…"),
        ("数学课本", 5, "数学…"),
        ("数学课本", 6, "数学… "),
        ("abc", 1, "…"),
        ("abc", 0, ""),
    ],
)
def test_a_text_fits_its_column_exactly(text: str, width: int, fitted: str) -> None:
    assert fit(text, width) == fitted
    assert cells(fit(text, width)) == width


def test_of_many_titles_those_that_a_screen_may_need_are_kept_short_and_harmless() -> None:
    titles = {f"x{n}": "x" for n in range(100)} | {"en-GB": "E" * 500, "zh-Hans": "课\x1b[2J"}
    found = few_titles(titles)
    assert list(found) == ["en-GB", "zh-Hans", "x0"]
    assert len(found["en-GB"]) == 120
    assert "\x1b" not in found["zh-Hans"]
    assert few_titles({"ug": "دەرس"}) == {"ug": "دەرس"}
