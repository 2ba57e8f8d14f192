import asyncio
import sqlite3
import threading
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from core.statement import Statement
from hub import usage_weeks
from hub.registry.database import Registry
from hub.usage import UsageFiles
from hub.usage_weeks import UsageCounter, Use, count_some, monday, weekly_use, weeks_back
from tests.support.clock import START
from tests.support.tiny_hub import TinyHub, statement

FISH = "gd/zhuhai/fish"
THIS_WEEK = "2026-11-23"
LONG_AGO = date(2020, 1, 6)


def used(verb: str = "opened", days: float = 0, **changes: Any) -> Statement:
    """A statement of some days ago."""
    at = round((START - timedelta(days=days)).timestamp() * 1000)
    values: dict[str, Any] = {"pack": FISH, "at": at} | changes
    return statement(verb, **values)


def count(hub: TinyHub, most: int = 50) -> int:
    return count_some(hub.service.registry, UsageFiles(hub.hub_directory.usage), most)


def use(hub: TinyHub) -> dict[tuple[str, str], Use]:
    return weekly_use(hub.service.registry, LONG_AGO)


def test_statements_are_counted_by_pack_and_week(hub: TinyHub) -> None:
    node = hub.enrol_node()
    hub.service.intake.take(
        node.batch(
            1,
            [
                used(),
                used(days=7),
                used(days=7, pack="gd/zhuhai/bird"),
                used("paused", start=1000, position=61_000),
                used("terminated", start=0, position=30_000),
                used("terminated"),
                used("completed"),
                used("seeked", start=0, position=9_000_000),
            ],
        )
    )
    assert count(hub) == 0
    assert use(hub) == {
        (FISH, THIS_WEEK): Use(1, 1, 90_000),
        (FISH, "2026-11-16"): Use(1),
        ("gd/zhuhai/bird", "2026-11-16"): Use(1),
    }
    other = hub.enrol_node("school-2")
    assert weekly_use(hub.service.registry, LONG_AGO, [other.id]) == {}
    assert weekly_use(hub.service.registry, date(2026, 11, 30)) == {}


def test_classes_are_counted_with_their_pupils(hub: TinyHub) -> None:
    node = hub.enrol_node()
    taught = used("taught", count=41, position=600_000, duration=2_400_000, cues=3)
    hub.service.intake.take(node.batch(1, [used(), taught, used("taught", count=7)]))
    count(hub)
    assert use(hub) == {(FISH, THIS_WEEK): Use(opened=1, taught=2, heads=48)}


def test_sums_of_an_earlier_release_are_kept(hub: TinyHub) -> None:
    node = hub.enrol_node()
    hub.service.intake.take(node.batch(1, [used()]))
    count(hub)
    hub.close()
    file = hub.hub_directory.root / "registry.db"
    with sqlite3.connect(file) as connection:
        connection.execute("ALTER TABLE usage_weeks DROP COLUMN taught")
        connection.execute("ALTER TABLE usage_weeks DROP COLUMN heads")
        connection.execute("DELETE FROM migrations WHERE name LIKE '%_usage_classes'")
    connection.close()
    Registry("registry.db", hub.hub_directory.root, hub.now).close()
    hub.service.intake.take(node.batch(2, [used("taught", count=7)]))
    count(hub)
    assert use(hub) == {(FISH, THIS_WEEK): Use(opened=1, taught=1, heads=7)}


def test_a_number_counts_once_however_often_it_comes(hub: TinyHub) -> None:
    node = hub.enrol_node()
    take = hub.service.intake.take
    take(node.batch(1, [used(), used()]))
    assert count(hub) == 0
    # Longer, and overlapping: one is new.
    take(node.batch(2, [used(), used()]))
    # With other content, which is kept aside.
    take(node.batch(1, [used(position=5)]))
    for _ in range(2):
        assert count(hub) == 0
        assert use(hub) == {(FISH, THIS_WEEK): Use(3)}


def test_counting_goes_on_where_it_was(hub: TinyHub) -> None:
    node = hub.enrol_node()
    for number in range(1, 6):
        hub.service.intake.take(node.batch(number, [used()]))
    assert [count(hub, 2), count(hub, 2), count(hub, 2)] == [3, 1, 0]
    assert use(hub) == {(FISH, THIS_WEEK): Use(5)}


def test_a_clock_that_cannot_be_right_counts_when_it_came(hub: TinyHub) -> None:
    node = hub.enrol_node()
    wrong = [statement("opened", at=at, pack=FISH) for at in (-1, 0, 4_000_000_000_000, 2**53)]
    hub.service.intake.take(node.batch(1, [*wrong, used(days=500), used(days=390)]))
    count(hub)
    assert use(hub) == {(FISH, THIS_WEEK): Use(5), (FISH, "2025-10-27"): Use(1)}


def test_junk_takes_bounded_room(hub: TinyHub) -> None:
    node = hub.enrol_node()
    packs = [f"gd/zhuhai/p{number}" for number in range(150)]
    junk = ["", "<script>", "x" * 300, "a/b"]
    hub.service.intake.take(node.batch(1, [used(pack=pack) for pack in (*junk, *packs)]))
    jump = used("paused", start=0, position=2**53)
    hub.service.intake.take(node.batch(155, [jump]))
    count(hub)
    found = use(hub)
    assert len(found) == 100
    assert sum(one.opened for one in found.values()) == 154
    assert found["", THIS_WEEK].opened >= 4
    assert sum(one.watched for one in found.values()) == 6 * 3600 * 1000


def test_a_batch_that_cannot_be_read_stops_no_other(hub: TinyHub) -> None:
    node = hub.enrol_node()
    hub.service.intake.take(node.batch(1, [used()]))
    hub.service.intake.take(node.batch(2, [used()]))
    first = min(hub.hub_directory.usage.rglob("*.batch"))
    first.write_bytes(b"junk")
    assert count(hub) == 0
    assert use(hub) == {(FISH, THIS_WEEK): Use(1)}


def test_what_came_before_there_was_counting_is_counted(hub: TinyHub) -> None:
    node = hub.enrol_node()
    hub.service.intake.take(node.batch(1, [used()]))
    hub.close()
    file = hub.hub_directory.root / "registry.db"
    with sqlite3.connect(file) as connection:
        connection.execute("DROP TABLE counted_batches")
        connection.execute("DROP TABLE usage_weeks")
        connection.execute("DELETE FROM migrations WHERE name LIKE '%_usage_weeks'")
    connection.close()
    Registry("registry.db", hub.hub_directory.root, hub.now).close()
    assert count(hub) == 0
    assert use(hub) == {(FISH, THIS_WEEK): Use(1)}


def test_weeks_begin_on_monday_and_go_back_one_by_one() -> None:
    assert monday(START) == date(2026, 11, 23)
    assert monday(datetime(2026, 11, 29, 12, tzinfo=UTC)) == date(2026, 11, 23)
    weeks = list(weeks_back(START, 3))
    assert [week.isoformat() for week in weeks] == ["2026-11-09", "2026-11-16", "2026-11-23"]


async def test_who_stops_counting_waits_until_nothing_reads_the_registry_any_more(
    hub: TinyHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, may_end, ended = threading.Event(), threading.Event(), threading.Event()

    def slowly(*_: object) -> int:
        begun.set()
        assert may_end.wait(60)
        ended.set()
        return 0

    monkeypatch.setattr(usage_weeks, "count_some", slowly)
    counter = UsageCounter(hub.service.registry, UsageFiles(hub.hub_directory.usage))
    counter.start()
    assert await asyncio.to_thread(begun.wait, 60)
    asyncio.get_running_loop().call_later(0.2, may_end.set)
    await counter.stop()
    assert ended.is_set()
