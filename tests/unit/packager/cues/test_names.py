"""Kinds, moments and minutes in people's words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import cues
from core.errors import UsageError
from packager.cues.names import KINDS, read_kind, read_minutes, read_moment, write_moment

SECOND = 1000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("0:00", 0),
        ("5:30", 5 * MINUTE + 30 * SECOND),
        ("05：30", 5 * MINUTE + 30 * SECOND),
        (" ５:３０ ", 5 * MINUTE + 30 * SECOND),
        ("75:05", 75 * MINUTE + 5 * SECOND),
        ("1:05:30", HOUR + 5 * MINUTE + 30 * SECOND),
        ("0:05:30.25", 5 * MINUTE + 30 * SECOND + 250),
        ("12:00:00", 12 * HOUR),
        # What a spreadsheet makes of 65:30.
        ("65:30:00", 65 * MINUTE + 30 * SECOND),
    ],
)
def test_moments(text: str, at: int) -> None:
    assert read_moment(text) == at


@pytest.mark.parametrize(
    "text", ["", "5", "5:3", "5:60", "1:60:00", "-1:00", "5:30 x", "5：30：", "1e3:00", "5.30"]
)
def test_what_is_no_moment_says_how_one_is_written(text: str) -> None:
    with pytest.raises(UsageError, match="is not a moment") as caught:
        read_moment(text)
    assert "5:30" in caught.value.hint


def test_no_lesson_is_longer_than_twelve_hours() -> None:
    with pytest.raises(UsageError, match="12:00:01 is later than 12 hours"):
        read_moment("12:00:01")


@given(st.integers(0, 12 * HOUR))
def test_every_moment_is_read_as_it_is_written(at: int) -> None:
    assert read_moment(write_moment(at)) == at


def test_every_kind_has_its_names() -> None:
    assert tuple(KINDS) == cues.KINDS
    names = [name for kind, others in KINDS.items() for name in (kind, *others)]
    assert len(set(names)) == len(names)
    for kind, others in KINDS.items():
        assert {read_kind(name) for name in (kind, kind.upper(), *others)} == {kind}
    assert read_kind(" ") == "pause"


@pytest.mark.parametrize(
    ("text", "near"),
    [("qestion", "question"), ("提文", "提问"), ("小节", "小结"), ("活 动", "活动")],
)
def test_a_near_name_is_offered(text: str, near: str) -> None:
    with pytest.raises(UsageError, match="is not a kind of cue") as caught:
        read_kind(text)
    assert caught.value.hint == f"Did you mean {near}?"


def test_otherwise_all_kinds_are_named() -> None:
    with pytest.raises(UsageError) as caught:
        read_kind("唱歌\n\x1b[31m")
    assert str(caught.value) == "唱歌 [31m is not a kind of cue."
    assert "question 提问, activity 活动" in caught.value.hint


@pytest.mark.parametrize(("text", "minutes"), [("", 0), ("0", 0), ("３", 3), (" 120 ", 120)])
def test_minutes(text: str, minutes: int) -> None:
    assert read_minutes(text) == minutes


@pytest.mark.parametrize("text", ["121", "-1", "2.5", "three", "9" * 5000, "00003"])
def test_what_is_no_number_of_minutes(text: str) -> None:
    with pytest.raises(UsageError, match="no number of minutes"):
        read_minutes(text)
