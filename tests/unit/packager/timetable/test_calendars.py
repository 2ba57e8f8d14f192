"""Calendars of any calendar program, and what is no timetable."""

from datetime import date
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import PackhorseError, RefusedError
from packager.timetable.calendars import CalendarFile
from packager.timetable.findings import Findings
from tests.unit.packager.timetable.conftest import Made, Make

SHANGHAI = ZoneInfo("Asia/Shanghai")


def calendar(*events: str) -> bytes:
    blocks = []
    for number, event in enumerate(events):
        uid = "" if "UID:" in event else f"UID:{number}\n"
        blocks.append(f"BEGIN:VEVENT\n{uid}{event}\nEND:VEVENT\n")
    text = "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\n" + "".join(blocks) + "END:VCALENDAR\n"
    return text.replace("\n", "\r\n").encode()


def made_of(make: Make, *events: str, **wishes: str) -> Made:
    return make(calendar(*events), name="g5.ics", **{"last": "2026-09-30"} | wishes)


AT = "DTSTART;TZID=Asia/Shanghai:20260901T083000\nDTEND;TZID=Asia/Shanghai:20260901T091000"


def test_how_an_event_names_a_lesson(make: Make) -> None:
    made = made_of(
        make,
        f"{AT}\nSUMMARY:小数",
        f"{AT.replace('0901T', '0902T')}\nSUMMARY:Maths\nDESCRIPTION:Today: "
        "gd/zhuhai/math-g5/fractions.",
        f"{AT.replace('0901T', '0903T')}\nSUMMARY:Maths\nURL:http://10.0.0.9/packs/gd/zhuhai/art/"
        "colours",
        f"{AT.replace('0901T', '0904T')}\nSUMMARY:Maths\nX-PACKHORSE-ITEM:gd/zhuhai/art/area",
        f"{AT.replace('0901T', '0905T')}\nSUMMARY:五年级数学",
    )
    assert made.faults == []
    assert made.lessons == [
        "09-01 08:30 decimals", "09-02 08:30 fractions", "09-03 08:30 colours",
        "09-04 08:30 area", "09-05 08:30 area",
    ]  # fmt: skip
    assert [one.title for one in made.slots] == ["", "Maths", "Maths", "Maths", ""]
    assert made.slots[-1].pack == "gd/zhuhai/math-g5"


def test_repetitions_with_exceptions_and_moved_ones(make: Make) -> None:
    made = made_of(
        make,
        "UID:x\nDTSTART;TZID=Asia/Shanghai:20260901T083000\nDURATION:PT40M\nSUMMARY:小数\n"
        "RRULE:FREQ=WEEKLY\nEXDATE;TZID=Asia/Shanghai:20260908T083000\n"
        "RDATE;TZID=Asia/Shanghai:20260910T083000",
        "UID:x\nRECURRENCE-ID;TZID=Asia/Shanghai:20260915T083000\n"
        "DTSTART;TZID=Asia/Shanghai:20260915T100000\nDURATION:PT30M\nSUMMARY:Colours",
        "UID:x\nRECURRENCE-ID;TZID=Asia/Shanghai:20260922T083000\nSTATUS:CANCELLED\n"
        "DTSTART;TZID=Asia/Shanghai:20260922T083000\nDURATION:PT30M\nSUMMARY:小数",
    )
    assert made.faults == []
    assert made.lessons == [
        "09-01 08:30 decimals", "09-10 08:30 decimals", "09-15 10:00 colours",
        "09-29 08:30 decimals",
    ]  # fmt: skip


def test_what_is_repeated_for_ever_ends_with_the_range(make: Make) -> None:
    event = f"{AT}\nSUMMARY:小数\nRRULE:FREQ=DAILY"
    assert len(made_of(make, event, last="2026-09-30").slots) == 30
    made = made_of(make, event, last="2999-01-01")
    assert len(made.slots) == 399
    assert made.draft.last == date(2027, 10, 4)


def test_zones(make: Make) -> None:
    zone = (
        "BEGIN:VCALENDAR\nBEGIN:VTIMEZONE\nTZID:Mine\nBEGIN:STANDARD\nDTSTART:19700101T000000\n"
        "TZOFFSETFROM:+0600\nTZOFFSETTO:+0600\nEND:STANDARD\nEND:VTIMEZONE\n"
    )
    events = calendar(
        "DTSTART:20260901T003000Z\nDTEND:20260901T011000Z\nSUMMARY:小数",
        "DTSTART:20260902T083000\nDURATION:PT40M\nSUMMARY:小数",
        "DTSTART;TZID=Mine:20260903T083000\nDURATION:PT40M\nSUMMARY:小数",
        "DTSTART;TZID=China Standard Time:20260904T083000\nDURATION:PT40M\nSUMMARY:小数",
        "DTSTART;TZID=Nowhere/Land:20260905T083000\nDURATION:PT40M\nSUMMARY:小数",
    )
    data = events.replace(b"BEGIN:VCALENDAR\r\n", zone.replace("\n", "\r\n").encode())
    made = make(data, name="g5.ics", last="2026-09-30")
    assert made.lessons == [
        "09-01 08:30 decimals", "09-02 08:30 decimals", "09-03 10:30 decimals",
        "09-04 08:30 decimals",
    ]  # fmt: skip
    assert len(made.faults) == 1
    assert "2026-09-05 08:30: There is no time zone 'Nowhere/Land'." in made.faults[0]


def test_a_zone_with_summer_time(make: Make) -> None:
    made = make(
        "weekday,start,lesson\nMonday,8:30,小数\n", zone="Europe/Berlin", first="2026-10-19",
        last="2026-10-27",
    )  # fmt: skip
    # 8:30 there is 6:30 and then 7:30 UTC.
    assert [one.start % 1440 for one in made.slots] == [390, 450]


def test_holidays_count_for_calendars_and_make_up_days_too(make: Make) -> None:
    days = "date,until,day\n2026-09-03,2026-09-04,off\n2026-09-05,,Friday\n"
    days += "2026-09-06,,2026-09-03\n"
    friday = "DTSTART:20260904T013000Z\nDURATION:PT40M\nSUMMARY:Colours"
    weekly = f"{AT}\nSUMMARY:小数\nRRULE:FREQ=WEEKLY;BYDAY=TU,TH"
    made = make(calendar(weekly, friday), name="g5.ics", days=days, last="2026-09-08")
    assert made.faults == []
    assert made.lessons == [
        "09-01 08:30 decimals", "09-05 09:30 colours", "09-06 08:30 decimals",
        "09-08 08:30 decimals",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("event", "told"),
    [
        ("DTSTART;VALUE=DATE:20260901\nSUMMARY:小数", "It takes all day"),
        ("DTSTART:rubbish\nSUMMARY:小数", "Nobody can read when it begins."),
        ("SUMMARY:小数", "Nobody can read when it begins."),
        ("DTSTART:20260901T083000Z\nSUMMARY:小数", "It ends before it begins"),
        ("DTSTART:20260901T083000Z\nDURATION:P2D\nSUMMARY:小数", "longer than 12 hours"),
        (f"{AT}\nRRULE:FREQ=SECONDLY\nSUMMARY:小数", "repeated in a way that no timetable has"),
        (f"{AT}\nRRULE:FREQ=DAILY;BYSECOND=1,2\nSUMMARY:小数", "repeated in a way"),
        (f"{AT}\nRRULE:rubbish\nSUMMARY:小数", ""),
        (
            "DTSTART:16010101T083000Z\nDURATION:PT40M\nRRULE:FREQ=DAILY\nSUMMARY:小数",
            "twenty years",
        ),
        (f"{AT}\nSUMMARY:", "It names no lesson."),
        (f"{AT}\nSUMMARY:小数\nSTATUS:CANCELLED", "There is no lesson"),
    ],
)
def test_events_that_are_no_lessons_are_named(make: Make, event: str, told: str) -> None:
    made = made_of(make, event)
    found = [*made.faults, *made.warnings]
    assert found
    assert any(told in one for one in found), found


def test_a_million_events_are_refused_without_reading_them(make: Make) -> None:
    with pytest.raises(RefusedError, match="more than 20000 events"):
        make(b"BEGIN:VCALENDAR\r\n" + b"BEGIN:VEVENT\r\n" * 250_000, name="g5.ics")


def test_rules_that_take_too_long_are_given_up() -> None:
    ticks = iter(range(0, 10_000, 40))
    data = calendar(*[f"{AT}\nSUMMARY:小数\nRRULE:FREQ=WEEKLY"] * 3)
    file = CalendarFile(data, "g5.ics", SHANGHAI, Findings(), lambda: float(next(ticks)))
    with pytest.raises(RefusedError, match="in too many ways"):
        file.entries(date(2026, 9, 1), date(2026, 9, 30))


LINES = st.sampled_from([
    "BEGIN:VEVENT", "END:VEVENT", "BEGIN:VTIMEZONE", "END:VTIMEZONE", "UID:x", "SUMMARY:小数",
    "DTSTART:20260901T083000Z", "DTSTART:20260901T083000", "DTSTART;VALUE=DATE:20260901",
    "DTSTART;TZID=Asia/Shanghai:20260901T083000", "DTEND:20260901T091000Z", "DTEND:99999999T999999",
    "DURATION:PT40M", "DURATION:-P9999999D", "RRULE:FREQ=WEEKLY", "RRULE:FREQ=MONTHLY;BYDAY=5FR",
    "RRULE:FREQ=YEARLY;COUNT=-1", "RRULE:FREQ=DAILY;UNTIL=2026", "RRULE:", "EXDATE:20260901",
    "RDATE;VALUE=PERIOD:20260901T083000Z/PT1H", "RECURRENCE-ID:20260908T083000Z",
    "RECURRENCE-ID;RANGE=THISANDFUTURE:20260908T083000", "STATUS:CANCELLED", "SEQUENCE:x",
    "TZID:Mine", "TZOFFSETTO:+9999", "X-WR-TIMEZONE:Nowhere", "CALSCALE:x", ";:;", "A",
])  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.lists(LINES | st.text(max_size=20), max_size=14), st.booleans())
def test_any_calendar_is_read_or_refused(lines: list[str], whole: bool) -> None:
    inner = ["BEGIN:VEVENT", *lines, "END:VEVENT"] if whole else lines
    text = "\r\n".join(["BEGIN:VCALENDAR", *inner, "END:VCALENDAR"])
    try:
        file = CalendarFile(text.encode(), "x", SHANGHAI, Findings(), lambda: 0.0)
        entries = file.entries(date(2026, 9, 1), date(2026, 9, 30))
    except PackhorseError:
        return
    assert all(1 <= one.minutes <= 720 for one in entries)
