"""Channels within assignments, and the words for what changes."""

import csv
import io
from datetime import date
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.assignment import Assignment, Rule
from core.errors import PackhorseError, UsageError
from core.timetable import Channel, Slot, check_channels
from packager.timetable.channels import (
    keeping_channels,
    weeks_of,
    with_channel,
    without_channel,
)
from packager.timetable.findings import Findings
from packager.timetable.sheets import read_sheets
from packager.timetable.telling import change_lines
from tests.unit.packager.timetable.conftest import MATH, TITLES, Make

SHANGHAI = ZoneInfo("Asia/Shanghai")
MONDAY = 29_802_270
"""2026-08-31 08:30 in Shanghai."""
DAY = 1440


def slot(day: int, item: str = "fractions", minutes: int = 40) -> Slot:
    return Slot(start=MONDAY + day * DAY, minutes=minutes, pack=MATH, item=item)


def test_lessons_of_other_days_stay_and_old_ones_go(make: Make) -> None:
    old = Channel(
        id="g5",
        title={"zh": "五年级"},
        group="islands",
        form="two-teacher",
        slots=[slot(-90), slot(-7), slot(1, "area"), slot(8, "area"), slot(15, "decimals")],
    )
    text = "date,start,lesson\n2026-09-02,8:30,分数的认识\n2026-09-03,8:30,小数\n"
    made = make(text, old=old, last="2026-09-08")
    assert made.lessons == [
        "08-24 08:30 fractions", "09-02 08:30 fractions", "09-03 08:30 decimals",
        "09-15 08:30 decimals",
    ]  # fmt: skip
    assert [one.repeat for one in made.slots] == [False, True, False, True]
    channel = made.draft.channel
    assert (channel.title, channel.group, channel.form) == (old.title, "islands", "two-teacher")
    lines = change_lines(channel, made.draft.weeks, SHANGHAI, lambda one: TITLES[one.item]["en"])
    assert [one for one in lines if one.startswith("  week")] == [
        "  week of 2026-08-31: 2 added, 1 removed",
        "  week of 2026-09-07: 1 removed",
    ]
    assert [one[:28] for one in lines if one.startswith("    ")] == [
        "    - 2026-09-01 Tue 08:30, ", "    + 2026-09-02 Wed 08:30, ",
        "    + 2026-09-03 Thu 08:30, ", "    - 2026-09-08 Tue 08:30, ",
    ]  # fmt: skip
    assert "    + 2026-09-02 Wed 08:30, 40 min  Fractions (again)  gd/zhuhai/math-g5" in lines


def test_a_pack_goes_on_where_its_lessons_were(make: Make) -> None:
    old = Channel(id="g5", slots=[slot(-7, "fractions"), slot(-6, "decimals")])
    rows = "2026-09-01,8:00,分数的认识\n2026-09-01,8:50,Worksheet\n2026-09-01,9:40,math-g5\n"
    made = make(f"date,start,lesson\n{rows}", old=old)
    assert made.lessons[-2:] == ["09-01 08:50 sheet", "09-01 09:40 area"]


def test_a_lesson_at_another_time_is_moved() -> None:
    moved = slot(1, "area")
    weeks = weeks_of([slot(0), slot(1, "area")], [slot(0), slot(9, "area"), slot(10)], SHANGHAI)
    assert [(one.monday, len(one.added), len(one.removed), one.moved) for one in weeks] == [
        (date(2026, 8, 31), 0, 0, [(moved, slot(9, "area"))]),
        (date(2026, 9, 7), 1, 0, []),
    ]


ASSIGNMENT = Assignment(
    place="gd/zhuhai", groups={"islands": ["s1"], "towns": ["s2"]}, rules=[Rule("islands", "*")]
)
G5, G6 = Channel(id="g5", group="islands"), Channel(id="g6")


def test_a_channel_takes_the_place_of_its_namesake_alone() -> None:
    both = with_channel(with_channel(ASSIGNMENT, "gd/zhuhai", G6, "now"), "gd/zhuhai", G5, "now")
    assert both.channels == [G5, G6]
    assert (both.groups, both.rules, both.published) == (
        ASSIGNMENT.groups, ASSIGNMENT.rules, "now",
    )  # fmt: skip
    new = msgspec.structs.replace(G5, form="air", title={"en": "x"})
    assert with_channel(both, "gd/zhuhai", new, "now").channels == [new, G6]
    assert without_channel(both, "g5", "now") == msgspec.structs.replace(both, channels=[G6])
    first = with_channel(None, "gd/zhuhai", G6, "now")
    assert first == Assignment(place="gd/zhuhai", published="now", channels=[G6])
    assert without_channel(first, "g6", "now") is None
    with pytest.raises(UsageError, match="no group 'hills'") as caught:
        with_channel(both, "gd/zhuhai", Channel(id="x", group="hills"), "now")
    assert "islands, towns" in caught.value.hint


def test_pack_assign_keeps_channels_and_the_groups_that_they_need() -> None:
    old = msgspec.structs.replace(ASSIGNMENT, channels=[G5])
    new = Assignment(place="gd/zhuhai", groups={"islands": ["s9"]})
    assert keeping_channels(new, old) == msgspec.structs.replace(new, channels=[G5])
    cleared = keeping_channels(None, old)
    assert cleared == msgspec.structs.replace(old, groups={"islands": ["s1"]}, rules=[])
    assert keeping_channels(None, ASSIGNMENT) is keeping_channels(None, None) is None
    with pytest.raises(UsageError, match="timetable g5 is for the group islands"):
        keeping_channels(Assignment(place="gd/zhuhai"), old)


CELLS = st.sampled_from(
    ["", "date", "日期", "weekday", "start", "lesson", "day", "period", "周一", "Tuesday", "8:30",
     "8:30-9:10", "2026-09-01", "小数", "gd/zhuhai/math-g5", "holiday", "单周", "小数（单周）\nx",
     "第1节", "end", "pack", "Art", "开学", "按周三", "9", "-"]
) | st.text(max_size=12)  # fmt: skip


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(rows=st.lists(st.lists(CELLS, max_size=7), max_size=8), last=st.booleans())
def test_any_table_is_read_or_refused(rows: list[list[str]], last: bool, make: Make) -> None:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    try:
        made = make(text.getvalue(), last="2026-09-30" if last else "", term="2026-09-01")
    except PackhorseError:
        return
    check_channels([made.draft.channel])


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_a_table_or_refused(data: bytes) -> None:
    for begin in (b"", b"PK\x03\x04", b"\xef\xbb\xbf"):
        try:
            read_sheets(begin + data, "x")
        except PackhorseError:
            continue


def test_findings_are_told_once() -> None:
    findings = Findings()
    for _ in range(3):
        findings.fault("row 2", "It\u202e is\n wrong.")
    assert [str(one) for one in findings.faults] == ["row 2: It is wrong."]
