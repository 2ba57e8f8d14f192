"""The agent takes in what a teacher confirmed on the portal's page."""

import asyncio
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from cache.journal import Journal
from cache.journal_said import keep_said
from cache.school_clock import FILE_NAME, SchoolClock
from cache.state import StateDirectory
from core.school_time import Confirmation, Memory
from core.trusted_time import BUILD_DATE, parse_moment
from edge_client.agent import timekeeping
from edge_client.agent.timekeeping import Timekeeper
from tests.support.clock import FixedClock
from tests.support.nodes import damage_file

FLOOR = parse_moment(BUILD_DATE)
SAID = datetime(2026, 11, 25, 0, 28, tzinfo=UTC)


@pytest.fixture
def clock() -> FixedClock:
    made = FixedClock()
    made.set_wall(datetime.fromtimestamp(60, UTC), synchronised=False)
    return made


async def test_a_tap_on_the_portals_page_is_on_the_technicians_screen(
    tmp_path: Path, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timekeeping, "ADOPT_SECONDS", 0.01)
    state = StateDirectory(tmp_path)
    school, news = SchoolClock(state, clock), asyncio.Event()
    work = asyncio.create_task(Timekeeper(school, lambda: FLOOR, news.set).run())
    with closing(Journal(state, fresh_epoch=b"12345678", at=SAID, acknowledged={})) as journal:
        said = Confirmation(clock.boot_id(), clock.monotonic(), SAID.timestamp())
        journal.change(lambda file: keep_said(file, said, "王老师"))
        await asyncio.wait_for(news.wait(), 30)
    assert school.local(FLOOR).text == "2026-11-25T08:28"
    kept = msgspec.json.decode((tmp_path / FILE_NAME).read_bytes(), type=Memory)
    assert (kept.boot, kept.confirmed) == (clock.boot_id(), SAID.timestamp())
    news.clear()
    damage_file(state.journal.resolve())
    for _ in range(10):
        await asyncio.sleep(0.01)
    assert not work.done()
    assert not news.is_set()
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
