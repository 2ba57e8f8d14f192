from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packager.timetable.entries import find_address
from packager.timetable.times import (
    EVERY_WEEK,
    ODD_WEEKS,
    Weeks,
    parse_date,
    parse_span,
    parse_time,
    parse_weekday,
    parse_weeks,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-09-01", (2026, 9, 1)), ("2026/9/1", (2026, 9, 1)), ("2026.9.1", (2026, 9, 1)),
        ("2026年9月1日", (2026, 9, 1)), ("２０２６年９月１日 星期二", (2026, 9, 1)),
        ("9月1日", (2026, 9, 1)), ("1月5日", (2027, 1, 5)), ("2026-02-30", None), ("9/1", None),
        ("", None), ("2月30日", None), ("2026-09-01 00:00", (2026, 9, 1)),
        ("0001-01-02", None), ("9999-12-31", None),
    ],
)  # fmt: skip
def test_dates(text: str, expected: tuple[int, int, int] | None) -> None:
    found = parse_date(text, date(2026, 10, 1))
    assert found == (date(*expected) if expected else None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("周一", 1), ("星期日", 7), ("礼拜天", 7), ("Mon", 1), ("THURSDAY", 4), ("周3", 3),
     ("三", 3), ("星期8", None), ("数学", None), ("", None), ("Fri.", 5)],
)  # fmt: skip
def test_weekdays(text: str, expected: int | None) -> None:
    assert parse_weekday(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("8:30", 510), ("08：30", 510), ("8:30:00", 510), ("下午2:05", 845), ("2:05 PM", 845),
     ("8点30分", 510), ("8点", 480), ("12:00 am", 0), ("24:00", None), ("8:60", None), ("8", None)],
)  # fmt: skip
def test_times(text: str, expected: int | None) -> None:
    assert parse_time(text) == expected


def test_spans() -> None:
    assert parse_span("8:30-9:10") == parse_span("8：30～9：10") == (510, 550)
    assert parse_span("8:30 至 9:10") == parse_span("8:30 to 9:10") == (510, 550)
    assert parse_span("8:30") == (510, None)
    assert parse_span("8:30-x") is None


def test_weeks() -> None:
    assert parse_weeks("") == EVERY_WEEK
    assert parse_weeks("单周") == parse_weeks("Odd weeks") == ODD_WEEKS
    assert parse_weeks("第1-3周、8") == Weeks(frozenset({1, 2, 3, 8}))
    assert parse_weeks("1-8双") == Weeks(frozenset({2, 4, 6, 8}))
    assert parse_weeks("sometimes") is parse_weeks("99") is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("gd/zhuhai/math-g5/fractions", ("gd/zhuhai/math-g5", "fractions")),
        ("see (cn/-/x/one).", ("cn/-/x", "one")),
        ("http://10.0.0.1/packs/gd/zhuhai/m/one", ("gd/zhuhai/m", "one")),
        ("https://example.org/a/b/c/d", None),
        ("and/or a/b/c", None),
    ],
)
def test_addresses(text: str, expected: tuple[str, str] | None) -> None:
    assert find_address("", text) == expected


@given(st.text(max_size=40))
def test_any_text_is_read_or_not(text: str) -> None:
    for read in (parse_date, parse_weekday, parse_time, parse_span, parse_weeks, find_address):
        read(text)
