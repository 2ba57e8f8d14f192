"""The timetable in the portal: what is read, what is bad, and what teachers change."""

import asyncio
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cache import journal_changes, journal_wishes
from cache.journal_changes import KeptChange, changes
from cache.journal_wishes import Wish
from cache.state import StateDirectory
from core.names import PackId
from core.timetable import Change
from tests.support.course import PACK
from tests.support.nodes import make_state
from tests.support.portal import School, serving
from tests.support.teaching import TEACHER, channel, slot, write_timetable

EIGHT = datetime(2026, 11, 25, 0, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
FIRST, SECOND = slot(EIGHT), slot(EIGHT + HOUR, item="page")


def kept(kind: str, start: int, to: int = 0) -> KeptChange:
    change = Change(channel="g5", start=start, kind=kind, to=to)  # type: ignore[arg-type]
    return KeptChange(change, TEACHER, 1.0)


async def test_without_a_timetable_there_are_no_channels(school: School) -> None:
    assert school.site.timetable.channels() == []
    assert school.site.timetable.placed("g5") == []


async def test_it_is_read_again_when_it_changes(school: School) -> None:
    timetable = school.site.timetable
    write_timetable(school.state, channel("g5", [FIRST]))
    assert [one.slot for one in timetable.placed("g5")] == [FIRST]
    write_timetable(school.state, channel("g6", [FIRST, SECOND]))
    assert [one.id for one in timetable.channels()] == ["g6"]
    assert timetable.placed("g5") == []
    assert [one.slot for one in timetable.placed("g6")] == [FIRST, SECOND]


@pytest.mark.parametrize(
    "data", [b"", b"{}x", b'{"channels": 1}', b"\xff", b'{"channels": [' + b"[" * 5000]
)
async def test_a_damaged_file_leaves_what_was_read(
    school: School, data: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    timetable = school.site.timetable
    write_timetable(school.state, channel("g5", [FIRST]))
    assert timetable.channels()
    school.state.timetable.unlink()
    school.state.timetable.write_bytes(data)
    assert [one.slot for one in timetable.placed("g5")] == [FIRST]
    assert "cannot be read" in caplog.text


async def test_a_bad_channel_is_left_out(school: School, caplog: pytest.LogCaptureFixture) -> None:
    bad = [channel("../x", [FIRST]), channel("g6", [SECOND, FIRST])]
    write_timetable(school.state, *bad, channel("g5", [FIRST]))
    assert [one.id for one in school.site.timetable.channels()] == ["g5"]
    assert caplog.text.count("left out") == 2


async def test_changes_lie_over_it_and_outlive_a_restart(state: StateDirectory) -> None:
    make_state(state.root)
    later = FIRST.start + 300
    async with serving(state, {}) as school:
        write_timetable(state, channel("g5", [FIRST, SECOND]))
        await school.site.timetable.change(kept("shift", FIRST.start, later), FIRST.start)
        placed = school.site.timetable.placed("g5")
        assert [(one.slot.start, one.published, one.changed) for one in placed] == [
            (SECOND.start, SECOND.start, None),
            (later, FIRST.start, "shift"),
        ]
    async with serving(state, {}) as school:
        timetable = school.site.timetable
        assert [one.slot.start for one in timetable.placed("g5")] == [SECOND.start, later]
        assert [one.teacher for one in timetable.changes("g5")] == [TEACHER]
        await timetable.change(kept("cancel", FIRST.start), FIRST.start)
        assert [one.slot for one in timetable.placed("g5")] == [SECOND]
        await timetable.undo("g5", FIRST.start)
        assert [one.slot for one in timetable.placed("g5")] == [FIRST, SECOND]


async def test_changes_of_long_ago_are_forgotten_and_those_of_today_stay(school: School) -> None:
    day = 24 * 60
    change, now = school.site.timetable.change, FIRST.start
    for start in (now - 61 * day, now - 59 * day, now + 5):
        await change(kept("cancel", start), now)
    # However far ahead the lesson is.
    await change(kept("cancel", now + 300 * day), now)
    assert sorted(one.change.start - now for one in changes(school.state.journal)) == [
        -59 * day, 5, 300 * day,
    ]  # fmt: skip


@pytest.mark.parametrize("what", ["changes", "wishes"])
async def test_what_was_read_before_a_change_does_not_undo_it(
    school: School, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """Two teachers at once: the first one's reading takes long, the second one changes more."""
    module = {"changes": journal_changes, "wishes": journal_wishes}[what]
    read, has_read, may_tell = getattr(module, what), threading.Event(), threading.Event()

    def slowly(path: Path) -> object:
        found = read(path)
        if not has_read.is_set():
            has_read.set()
            assert may_tell.wait(60)
        return found

    write_timetable(school.state, channel("g5", [FIRST, SECOND]))
    await school.site.usage.secrets()
    monkeypatch.setattr(module, what, slowly)
    one = asyncio.create_task(change_something(school, what, FIRST.start))
    assert await asyncio.to_thread(has_read.wait, 60)
    # Longer than the second change takes.
    asyncio.get_running_loop().call_later(0.5, may_tell.set)
    await change_something(school, what, SECOND.start)
    await one
    site = school.site
    assert len(site.timetable.changes("g5") if what == "changes" else site.wishes.all()) == 2


async def change_something(school: School, what: str, start: int) -> None:
    """Cancel the lesson of this minute, or wish for one that is named after it."""
    if what == "changes":
        await school.site.timetable.change(kept("cancel", start), FIRST.start)
    else:
        pack, item = PackId(PACK), str(start)
        wish = Wish(pack=pack, item=item, wanted_by=None, teacher=TEACHER, at=1.0)
        await school.site.wishes.keep(wish)
