"""The demo's timetable, and its television."""

from datetime import UTC, datetime, timedelta
from typing import Any

import icalendar

from packhorse.demo.channel import BEGUN, LESSONS, calendar

NOW = datetime(2026, 11, 25, 23, 59, 30, tzinfo=UTC)
LESSON = "demo/county/course/lesson"


def test_a_lesson_is_on_now_and_shown_again_each_minute() -> None:
    events: list[Any] = icalendar.Calendar.from_ical(calendar(LESSON, NOW)).walk("VEVENT")
    times: list[tuple[datetime, datetime]] = [
        (event["DTSTART"].dt, event["DTEND"].dt) for event in events
    ]
    assert len(times) == LESSONS
    assert times[0][0] == NOW.replace(second=0) - BEGUN
    assert all(end - start == timedelta(minutes=1) for start, end in times)
    assert [start for start, _ in times[1:]] == [end for _, end in times[:-1]]
    assert sum(start <= NOW < end for start, end in times) == 1
    assert {str(event["LOCATION"]) for event in events} == {LESSON}
