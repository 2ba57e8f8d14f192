"""Hours of the week, as a person writes them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.line.hours import Days, Run, painted, parse_days, parse_hours, parse_share, read_out
from core.line.settings import USUAL_WEEK, Week


@pytest.mark.parametrize(
    ("text", "days"),
    [("mon-fri", {0, 1, 2, 3, 4}), ("sat,sun", {5, 6}), ("Wed", {2}), ("fri-mon", {4, 5, 6, 0}),
     ("mon - tue, sun", {0, 1, 6}), ("all", set(range(7)))],
)  # fmt: skip
def test_days_are_named_or_spanned(text: str, days: set[int]) -> None:
    assert parse_days(text) == frozenset(days)


@pytest.mark.parametrize("text", ["", "monday", "mon-", "mon-wed-fri", "1-5", "mon;tue", "周一"])
def test_what_are_no_days_is_none(text: str) -> None:
    assert parse_days(text) is None


@pytest.mark.parametrize(
    ("text", "hours"),
    [("7-18", set(range(7, 18))), ("0-24", set(range(24))), ("22-6", {22, 23, *range(6)}),
     ("8:00-9:00", {8}), ("22-0", {22, 23}), ("all", set(range(24)))],
)  # fmt: skip
def test_hours_begin_and_end_with_full_hours_and_may_go_over_midnight(
    text: str, hours: set[int]
) -> None:
    assert parse_hours(text) == frozenset(hours)


@pytest.mark.parametrize("text", ["", "7", "7-7", "24-2", "7-25", "7:30-9", "-3-4", "٧-٩", "7-18h"])
def test_what_are_no_hours_is_none(text: str) -> None:
    assert parse_hours(text) is None


@pytest.mark.parametrize(("text", "share"), [("20%", 20), ("0", 0), ("100 %", 100)])
def test_a_share_is_a_percentage(text: str, share: int) -> None:
    assert parse_share(text) == share


@pytest.mark.parametrize("text", ["", "101", "-1", "half", "20%%", "1e2"])
def test_what_is_no_share_is_none(text: str) -> None:
    assert parse_share(text) is None


def test_the_usual_week_is_read_out_in_two_lines() -> None:
    school_day = (Run(0, 7, 100), Run(7, 18, 20), Run(18, 24, 100))
    assert read_out(USUAL_WEEK) == [Days(0, 4, school_day), Days(5, 6, (Run(0, 24, 100),))]


def test_painting_changes_those_hours_alone() -> None:
    week = painted(USUAL_WEEK, {6}, {20, 21}, 0)
    changed = [place for place in range(168) if week[place] != USUAL_WEEK[place]]
    assert changed == [6 * 24 + 20, 6 * 24 + 21]


@given(st.lists(st.sampled_from([0, 20, 100]), min_size=168, max_size=168).map(tuple))
def test_what_is_read_out_paints_the_same_week(week: tuple[int, ...]) -> None:
    again: Week = (50,) * 168
    for days in read_out(week):
        for run in days.runs:
            hours = range(run.start, run.stop)
            again = painted(again, range(days.first, days.last + 1), hours, run.share)
    assert again == week
