"""The next lessons, as the node's status names them."""

import secrets
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from cache.blobs import BlobStore
from cache.catalogue_reader import CatalogueReader
from cache.journal import Journal
from cache.journal_changes import KeptChange, keep_change
from cache.state import StateDirectory
from cache.timetable_file import write_timetable
from core.control import ChannelStatus, Status
from core.names import PackId
from core.school_time import SchoolTime, Source
from core.timetable import Change, Channel, NodeTimetable, Slot
from edge_client.school_day import SchoolDay
from edge_client.words import facts
from tests.support.clock import ZONE
from tests.support.nodes import activate, damage_file, make_state, opened
from tests.support.packs import make_manifest

TUESDAY = datetime(2026, 11, 24, 0, 30, tzinfo=UTC)
"""8:30 at the school."""


def minute(day: int, hours: float = 0.0) -> int:
    moment = TUESDAY + timedelta(days=day, hours=hours)
    return int(moment.timestamp()) // 60


def slot(day: int, hours: float, item: str = "item-0", title: str = "") -> Slot:
    return Slot(start=minute(day, hours), minutes=40, pack=PackId("gd/zhuhai/math"), item=item,
                title=title)  # fmt: skip


G5 = Channel(
    id="g5",
    title={"en": "Grade 5", "zh": "五年级"},
    slots=[slot(0, 0), slot(0, 1, "item-1"), slot(0, 5, "gone"), slot(2, 0), slot(2, 1, "item-1")],
)


@pytest.fixture
def state(tmp_path: Path) -> StateDirectory:
    """A node that has one lesson of two, and a timetable."""
    made = make_state(tmp_path)
    files = {"1.txt": b"one", "2.txt": b"two"}
    BlobStore(made.blobs).add(files["1.txt"])
    with opened(made) as catalogue:
        activate(made, catalogue, make_manifest(files))
    write_timetable(made.timetable, NodeTimetable(channels=[G5], places={"g5": "gd/zhuhai"}))
    return made


def day_of(
    state: StateDirectory, day: int = 0, hours: float = 0.0, source: Source = "clock"
) -> SchoolDay:
    now = SchoolTime(TUESDAY + timedelta(days=day, hours=hours), source)
    return SchoolDay(
        state, CatalogueReader(state.catalogue), lambda: now, lambda one: one.astimezone(ZONE)
    )


def told(channels: list[ChannelStatus]) -> list[str]:
    return [
        f"{one.start} {one.item} {'here' if one.here else 'missing'}"
        for channel in channels
        for one in channel.next
    ]


@pytest.mark.parametrize(
    ("day", "hours", "expected"),
    [
        (0, 0.5, ["2026-11-24T08:30 item-0 here", "2026-11-24T09:30 item-1 missing",
                  "2026-11-24T13:30 gone missing"]),
        (0, 2, ["2026-11-24T13:30 gone missing"]),
        (0, 8, ["2026-11-26T08:30 item-0 here", "2026-11-26T09:30 item-1 missing"]),
        (2, 8, []),
    ],
)  # fmt: skip
def test_what_is_left_of_the_day_or_the_next_day_with_lessons(
    state: StateDirectory, day: int, hours: float, expected: list[str]
) -> None:
    assert told(day_of(state, day, hours).channels()) == expected


def test_without_a_sure_time_nothing_is_said_to_be_next(state: StateDirectory) -> None:
    found = day_of(state, source="guess").channels()
    assert [(one.id, one.next) for one in found] == [("g5", [])]
    words = dict(facts(Status(channels=found)))
    assert words["Timetable"].startswith("g5 (Grade 5): no lesson to come that is known;")


def test_what_a_teacher_moved_is_where_it_is_now(state: StateDirectory) -> None:
    day = day_of(state, 0, 8)
    assert len(told(day.channels())) == 2
    at = datetime.now(UTC)
    with closing(
        Journal(state, fresh_epoch=secrets.token_bytes(8), at=at, acknowledged={})
    ) as journal:
        change = Change(channel="g5", start=minute(2), kind="shift", to=minute(1, 3))
        journal.change(lambda file: keep_change(file, KeptChange(change, "t", 1.0), minute(0)))
        assert told(day.channels()) == ["2026-11-25T11:30 item-0 here"]
        assert day.channels()[0].next[0].changed
        change = Change(channel="g5", start=minute(2), kind="cancel")
        cancelled = KeptChange(change, "t", 2.0)
        journal.change(lambda file: keep_change(file, cancelled, minute(0)))
        assert told(day.channels()) == ["2026-11-26T09:30 item-1 missing"]


def test_another_timetable_is_read_and_a_damaged_one_changes_nothing(
    state: StateDirectory,
) -> None:
    day = day_of(state)
    assert len(told(day.channels())) == 3
    damage_file(state.timetable)
    assert len(told(day.channels())) == 3
    write_timetable(state.timetable, NodeTimetable())
    assert day.channels() == []
    state.timetable.unlink()
    assert day.channels() == []


def test_the_command_line_names_the_next_lesson(state: StateDirectory) -> None:
    words = dict(facts(Status(channels=day_of(state).channels())))
    assert words["Timetable"] == "g5 (Grade 5): 2026-11-24 08:30 第item-0课, here"
    [channel] = day_of(state).channels()
    lesson = msgspec.structs.replace(channel.next[0], sound_alone=True)
    words = dict(facts(Status(channels=[msgspec.structs.replace(channel, next=[lesson])])))
    assert words["Timetable"].endswith("第item-0课, only its sound is here")


def test_a_large_timetable_is_bounded_in_the_status(state: StateDirectory) -> None:
    slots = [slot(0, number, "item-1", "t" * 300) for number in range(15)]
    channels = [Channel(id=f"c{number:02}", slots=slots) for number in range(60)]
    write_timetable(state.timetable, NodeTimetable(channels=channels))
    found = day_of(state).channels()
    assert (len(found), {len(one.next) for one in found}) == (30, {12})
