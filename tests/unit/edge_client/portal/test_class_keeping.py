"""What of a class survives the portal, the machine, and wrong clocks."""

import asyncio
import dataclasses
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from cache import journal_classes
from cache.databases import open_writer, transaction
from cache.journal_pins import pinned
from cache.journal_reader import JournalReader
from cache.journal_schema import MIGRATIONS
from cache.state import StateDirectory
from core.class_room import Chosen
from core.class_session import begin, ended, measured, ordered, place
from core.digest import Digest
from core.usage import Recorded, decode_record
from core.withdrawal import Withdrawal
from edge_client.config import NodeConfig
from edge_client.portal.classes import classes as classes_module
from edge_client.portal.classes.running import RunningClass
from edge_client.portal.server import running
from edge_client.portal.site import Site
from tests.support.classes import LESSON, add_teachers, visitors
from tests.support.clock import FixedClock
from tests.support.course import PACK, make_course
from tests.support.nodes import make_state, opened
from tests.support.portal import CONFIG, School

TICK = 0.02
SECOND = 1000


@pytest.fixture(autouse=True)
def _often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(classes_module, "TICK_SECONDS", TICK)


@pytest.fixture
def node(state: StateDirectory) -> StateDirectory:
    return make_state(state.root)


@pytest.fixture
def course(state: StateDirectory, video: bytes, picture: bytes) -> dict[str, Digest]:
    return make_course(state.root, video, picture)


@asynccontextmanager
async def portal(
    state: StateDirectory, clock: FixedClock, config: NodeConfig = CONFIG
) -> AsyncIterator[Site]:
    async with running(state, config, clock=clock) as site:
        await site.classes.ready()
        yield site


def told(state: StateDirectory) -> list[Recorded]:
    """Give the statements in the journal."""
    reader = JournalReader(state.journal)
    rows = [row for one in reader.epochs() for row in reader.unsent(one.epoch, 0, 1000)]
    return [decode_record(row.record) for row in rows]


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - looks at files too
            await asyncio.sleep(TICK)


async def begun(site: Site, state: StateDirectory) -> tuple[RunningClass, "Led"]:
    add_teachers(state, "Li")
    one = site.classes.start(LESSON, "Li")
    return one, Led(site, one)


class Led:
    """A class with its teacher's page connected while the block runs."""

    def __init__(self, site: Site, one: RunningClass) -> None:
        self.site, self.one = site, one

    async def orders(self, *acts: tuple[str, int]) -> None:
        """Give orders, and wait until they are kept."""
        origin = f"http://127.0.0.1:{self.site.ports.portal}"
        async with visitors(origin, self.site) as opened_screens:
            lead = await opened_screens.connect(self.one.code, "lead", teacher="Li")
            await lead.sees(leads=True)
            for act, value in acts:
                before = self.one.session.revision
                await lead.order(act, value)
                await until(lambda before=before: self.one.session.revision > before)  # type: ignore[misc] # bound for this turn
            if acts and acts[-1][0] == "end":
                assert await lead.ends() == 4410
        await self.site.classes.keeping.saved()


async def test_after_a_restart_it_goes_on_by_the_boot_clock_whatever_the_wall_clock_says(
    node: StateDirectory,
) -> None:
    clock = FixedClock()
    async with portal(node, clock) as site:
        one, led = await begun(site, node)
        await led.orders(("heads", 41), ("play", 0))
        clock.advance(4)
        name, code, revision = one.name, one.code, one.session.revision
    clock.set_wall(datetime(1970, 1, 1, tzinfo=UTC), synchronised=False)
    clock.advance(3)
    async with portal(node, clock) as site:
        again = site.classes.find(code)
        assert again is not None
        assert (again.name, again.session.phase, again.session.heads) == (name, "playing", 41)
        assert again.session.revision > revision
        clock.set_wall(datetime(2099, 1, 1, tzinfo=UTC))
        assert place(again.session, site.classes.now()) == 7 * SECOND
        clock.advance(60)
        await until(lambda: again.session.phase == "cue")
        assert (again.session.position, again.session.stopped) == (10 * SECOND, 3610 * SECOND)


async def test_after_a_reboot_it_waits_paused_where_it_was_saved_last(node: StateDirectory) -> None:
    clock = FixedClock()
    async with portal(node, clock) as site:
        one, led = await begun(site, node)
        await led.orders(("play", 0))
        clock.advance(7)
        code = one.code
        await until(lambda: any(kept.session.position == 7 * SECOND for kept in _kept(node)))
    # As after a power cut: the second that follows was not saved.
    clock.reboot()
    clock.advance(40)
    async with portal(node, clock) as site:
        again = site.classes.find(code)
        assert again is not None
        assert (again.session.phase, again.session.position) == ("paused", 7 * SECOND)
        led = Led(site, again)
        await led.orders(("play", 0))
        clock.advance(2)
        assert place(again.session, site.classes.now()) == 9 * SECOND
        await led.orders(("end", 0))
    (statement,) = told(node)
    assert statement.boot == clock.boot_id()
    assert (statement.position, statement.duration) == (9 * SECOND, 9 * SECOND)


def _kept(node: StateDirectory) -> list[journal_classes.KeptClass]:
    return journal_classes.running(node.journal)


async def test_the_end_is_told_once_and_without_names(node: StateDirectory) -> None:
    clock = FixedClock()
    async with portal(node, clock) as site:
        one, led = await begun(site, node)
        await led.orders(("heads", 41), ("play", 0))
        clock.advance(11)
        await until(lambda: one.session.phase == "cue")
        await led.orders(("play", 0))
        clock.advance(5)
        await led.orders(("end", 0))
        kept = journal_classes.past(node.journal, 10)[0]
        # As when it was killed before it knew that the end was kept.
        await site.classes.keeping.end(kept, site.classes.now())
        assert journal_classes.one_past(node.journal, one.name) is not None
    (statement,) = told(node)
    assert (statement.verb, statement.pack, statement.item) == ("taught", PACK, "video")
    assert (statement.count, statement.cues) == (41, 1)
    assert (statement.position, statement.length) == (15 * SECOND, 60 * SECOND)
    assert statement.duration == 16 * SECOND
    assert (statement.session, statement.offset) == (one.name, 3616 * SECOND)
    assert "Li" not in str(msgspec.structs.asdict(statement))
    async with portal(node, clock) as site:
        assert site.classes.running() == []
        (past,) = journal_classes.past(node.journal, 10)
        assert (past.session.reached, past.session.furthest) == ((0,), 15 * SECOND)
    assert len(told(node)) == 1


async def test_without_a_count_the_screens_of_pupils_are_counted(node: StateDirectory) -> None:
    async with portal(node, FixedClock()) as site:
        one, led = await begun(site, node)
        async with visitors(f"http://127.0.0.1:{site.ports.portal}") as screens:
            for role in ("pupil", "pupil", "pupil", "screen"):
                await (await screens.connect(one.code, role)).sees(phase="waiting")
            await until(lambda: one.session.most == 3)
        await led.orders(("play", 0), ("end", 0))
    assert [statement.count for statement in told(node)] == [3]


async def test_a_class_that_never_played_is_not_told(node: StateDirectory) -> None:
    async with portal(node, FixedClock()) as site:
        _, led = await begun(site, node)
        await led.orders(("end", 0))
        assert journal_classes.past(node.journal, 10) == []
    assert told(node) == []


async def test_what_it_plays_is_pinned_until_its_end(
    state: StateDirectory, course: dict[str, Digest]
) -> None:
    lesson = msgspec.structs.replace(LESSON, digests=[course["01 认识分数.mp4"]])
    clock = FixedClock()
    async with portal(state, clock) as site:
        add_teachers(state, "Li")
        one = site.classes.start(lesson, "Li")
        await site.classes.keeping.saved()
        assert pinned(state) == set(lesson.digests)
    async with portal(state, clock) as site:
        assert pinned(state) == set(lesson.digests)
        again = site.classes.find(one.code)
        assert again is not None
        await Led(site, again).orders(("end", 0))
        assert pinned(state) == set()


async def test_nobody_there_for_half_an_hour_ends_it_as_of_then(node: StateDirectory) -> None:
    clock = FixedClock()
    async with portal(node, clock) as site:
        one, led = await begun(site, node)
        await led.orders(("seek", 29 * SECOND), ("play", 0))
        clock.advance(1)
        await until(lambda: one.session.phase == "cue")
        clock.advance(29 * 60 - 1)
        await asyncio.sleep(5 * TICK)
        assert site.classes.find(one.code) is one
        clock.advance(60)
        await until(lambda: site.classes.find(one.code) is None)
        await until(lambda: bool(told(node)))
    (statement,) = told(node)
    assert statement.duration < 60 * SECOND


async def test_twelve_hours_end_it_though_a_screen_was_left_on(node: StateDirectory) -> None:
    clock = FixedClock()
    async with portal(node, clock) as site:
        one, _ = await begun(site, node)
        async with visitors(f"http://127.0.0.1:{site.ports.portal}") as screens:
            screen = await screens.connect(one.code, "screen")
            await screen.sees(phase="waiting")
            clock.advance(12 * 3600)
            assert await screen.ends() == 4410


async def test_a_withdrawn_lesson_ends_its_class_in_words(
    school: School, course_video: Digest
) -> None:
    add_teachers(school.state, "Li")
    lesson = msgspec.structs.replace(LESSON, digests=[course_video])
    one = school.site.classes.start(lesson, "Li")
    other = school.site.classes.start(LESSON, "Li")
    async with visitors(school.origin, school.site) as screens:
        lead = await screens.connect(one.code, "lead", teacher="Li")
        tablet = await screens.connect(one.code, "pupil")
        await lead.sees(leads=True)
        with opened(school.state) as catalogue:
            catalogue.withdraw(PACK, [Withdrawal(reason="a slip", at="2026-11-22T08:30:00Z")])
        assert "can no longer be shown" in await lead.fault()
        assert [await lead.ends(), await tablet.ends()] == [4410, 4410]
        assert tablet.faults == []
    assert school.site.classes.find(other.code) is other


@pytest.fixture
def course_video(school: School) -> Digest:
    return school.digests["01 认识分数.mp4"]


async def test_an_end_that_could_not_be_told_is_not_half_kept(node: StateDirectory) -> None:
    clock = FixedClock()
    async with portal(node, clock) as site:
        one, led = await begun(site, node)
        await led.orders(("play", 0), ("pause", 0))
        # As when the journal took a change again just after it had not taken the end.
        one.session = ended(one.session, site.classes.now())
        site.classes.keeping.save(one.name, one.kept)
        await site.classes.keeping.saved()
        assert [kept.session.phase for kept in _kept(node)] == ["paused"]


async def test_what_is_saved_at_a_stop_that_nobody_saw_yet_is_at_that_stop(
    node: StateDirectory,
) -> None:
    clock = FixedClock()
    async with portal(node, clock) as site:
        one, led = await begun(site, node)
        await led.orders(("play", 0))
        clock.advance(10)
        kept = one.kept()
    assert (kept.session.phase, kept.session.position) == ("cue", 10 * SECOND)


async def test_the_length_that_its_page_told_is_reported(node: StateDirectory) -> None:
    clock = FixedClock()
    add_teachers(node, "Li")
    async with portal(node, clock) as site:
        one = site.classes.start(msgspec.structs.replace(LESSON, length=0), "Li")
        one.session = measured(one.session, 45 * SECOND, site.classes.now())
        await Led(site, one).orders(("play", 0), ("end", 0))
    assert [statement.length for statement in told(node)] == [45 * SECOND]


async def test_codes_do_not_come_again_over_a_restart_either(
    node: StateDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = iter([7, 7, 7, 8, 7, 8, 9])
    monkeypatch.setattr("secrets.randbelow", lambda _: next(numbers))
    clock = FixedClock()
    async with portal(node, clock) as site:
        first, led = await begun(site, node)
        await led.orders(("end", 0))
        second = site.classes.start(LESSON, "Li")
    async with portal(node, clock) as site:
        third = site.classes.start(LESSON, "Li")
    assert [first.code, second.code, third.code] == ["0007", "0008", "0009"]


async def test_without_a_journal_a_class_goes_on_and_is_kept_when_it_can_be(
    node: StateDirectory,
) -> None:
    add_teachers(node, "Li")
    node.journal.mkdir()  # so that no file can be made there, not even by root
    clock = FixedClock()
    async with portal(node, clock) as site:
        one = site.classes.start(LESSON, "Li")
        await Led(site, one).orders(("play", 0))
        clock.advance(3)
        await Led(site, one).orders(("end", 0))
        assert site.classes.find(one.code) is None
        node.journal.rmdir()
        await until(lambda: node.journal.exists() and len(told(node)) == 1)
    assert told(node)[0].position == 3 * SECOND


async def test_on_a_full_disk_a_class_can_be_held(node: StateDirectory) -> None:
    full = dataclasses.replace(CONFIG, disk_floor=10**18)
    async with portal(node, FixedClock(), full) as site:
        _, led = await begun(site, node)
        await led.orders(("play", 0), ("pause", 0), ("end", 0))
    assert told(node) == []


async def test_a_row_of_a_newer_release_stops_no_other(node: StateDirectory) -> None:
    clock = FixedClock()
    async with portal(node, clock) as site:
        good, _ = await begun(site, node)
        odd = site.classes.start(LESSON, "Li")
        await site.classes.keeping.saved()
        await site.usage.change(
            lambda file: file.execute(
                "UPDATE class_session SET state = ? WHERE name = ?", (b"\xc1", odd.name)
            )
        )
        # What is kept at the end of the portal is written anew.
        site.classes._running.pop(odd.code)  # noqa: SLF001 - as if it were another release's
    async with portal(node, clock) as site:
        assert [one.code for one in site.classes.running()] == [good.code]


def keep_ended(connection: sqlite3.Connection, name: str, at: float) -> None:
    kept = journal_classes.KeptClass(
        name=name, code="0001", teacher="Li", at=0.0, boot="b", lesson=LESSON,
        session=ordered(begin(60_000, (), 1.0), "play", 0, 0, 1.0), chosen=Chosen(),
    )  # fmt: skip
    journal_classes.save(connection, kept)
    assert journal_classes.end(connection, kept, at)
    assert not journal_classes.end(connection, kept, at)


def test_old_classes_are_removed_and_undated_ones_stay(state: StateDirectory) -> None:
    make_state(state.root)
    now = datetime(2026, 11, 24, tzinfo=UTC)
    ends = {"old": now - timedelta(days=61), "young": now - timedelta(days=59),
            "undated": datetime(1970, 1, 3, tzinfo=UTC)}  # fmt: skip
    with (
        closing(open_writer(state.journal, MIGRATIONS)) as connection,
        transaction(connection, state.journal),
    ):
        for name, end in ends.items():
            keep_ended(connection, name, end.timestamp())
        journal_classes.prune(connection, now.timestamp())
    assert {one.name for one in journal_classes.past(state.journal, 10)} == {"young", "undated"}


async def test_a_school_whose_clock_nothing_sets_keeps_no_more_classes_either(
    node: StateDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_classes, "MOST_KEPT", 2)
    clock = FixedClock()
    clock.set_wall(datetime(2026, 1, 1, tzinfo=UTC), synchronised=False)
    async with portal(node, clock) as site:
        for _ in range(4):
            _, led = await begun(site, node)
            await led.orders(("play", 0), ("end", 0))
    # The one that is just ending comes to them.
    assert len(journal_classes.past(node.journal, 10)) == 3
