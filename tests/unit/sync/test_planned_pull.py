"""What a node's pull brings first, by its timetable, wishes and settings; and why it ends."""

from collections.abc import Callable, Generator
from contextlib import closing
from itertools import groupby
from pathlib import Path

import pytest

from cache.agent_db import AgentDatabase
from cache.journal import Journal
from cache.journal_wishes import Wish, keep_wish
from cache.line_settings import write_line_settings
from cache.outstanding_file import read_outstanding
from core.assignment import Rule
from core.line.estimate import Estimate
from core.line.settings import LineSettings
from core.names import PackId
from core.timetable import Channel, Slot
from sync.directory_source import DirectorySource
from sync.events import Alive, Checking, ItemReady, PackReady, Planned, Summary
from tests.support.clock import START, FixedClock
from tests.support.node_state import Node, enrol_by_hand, make_node
from tests.support.publishing import publish_assignment, withdraw
from tests.support.rendition_packs import ART, MATH, publish
from tests.support.tiny_repository import TinyRepository

NOW = int(START.timestamp()) // 60
RULES = [Rule("*", MATH, 1), Rule("*", ART, 9)]


@pytest.fixture
def repository(tmp_path: Path) -> TinyRepository:
    made = TinyRepository(tmp_path, now=START)
    for pack in (MATH, ART):
        publish(made, pack)
    return made


@pytest.fixture
def node(repository: TinyRepository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Node:
    """A node on a line that takes two seconds for a lesson's sound."""
    # As if the packs were larger: all of a small one comes first.
    monkeypatch.setattr("core.plan.ordering.SMALL_UPDATE", 0)
    node = make_node(tmp_path / "node", repository.root, FixedClock())
    enrol_by_hand(node, "demo/county")
    with closing(AgentDatabase(node.state)) as agent:
        agent.remember_estimate(Estimate(samples=(700.0,)))
    write_line_settings(node.state.line_settings, LineSettings(week=(100,) * 168))
    return node


def pull(node: Node, repository: TinyRepository) -> Summary:
    node.events.clear()
    return node.pull_from(DirectorySource(repository.directory))


def ready(node: Node) -> list[str]:
    """Give the items in the order in which they became ready."""
    found = [
        f"{one.pack.rpartition('/')[2]} {one.item}"
        for one in node.events
        if isinstance(one, ItemReady)
    ]
    return [one for one, _ in groupby(found)]


def channel(*slots: tuple[int, str, str]) -> list[Channel]:
    made = [
        Slot(start=NOW + minutes, minutes=40, pack=PackId(pack), item=item)
        for minutes, pack, item in slots
    ]
    return [Channel(id="5a", title={"zh": "五年级"}, slots=made)]


def wish(node: Node, pack: str, item: str) -> None:
    one = Wish(pack=PackId(pack), item=item, wanted_by=None, teacher="王老师", at=1.0)
    book = Journal(node.state, fresh_epoch=b"12345678", at=START, acknowledged={})
    with closing(book):
        assert book.change(lambda connection: keep_wish(connection, one))


def test_what_is_taught_next_comes_before_what_is_more_urgent_to_the_assignment(
    node: Node, repository: TinyRepository
) -> None:
    slots = [(60, ART, "lesson-3"), (120, MATH, "lesson-2"), (180, ART, "lesson-1")]
    publish_assignment(repository, {}, RULES, channel(*slots))
    summary = pull(node, repository)
    assert (summary.exit_code, summary.hold) == (0, "done")
    assert ready(node) == [
        "art lesson-3", "math lesson-2", "art lesson-1",
        "math lesson-1", "math lesson-3", "art lesson-2",
    ]  # fmt: skip
    assert {one.pack for one in node.events if isinstance(one, PackReady)} == {MATH, ART}
    # Each is announced once, with all that travels for it.
    told = [one for one in node.events if isinstance(one, Planned)]
    assert sorted((one.pack, one.total) for one in told) == [(ART, 40_380), (MATH, 40_380)]
    assert [one.complete for one in summary.packs] == [True, True]
    assert read_outstanding(node.state.outstanding).packs == []


def test_a_paused_line_brings_nothing_and_the_summary_says_so(
    node: Node, repository: TinyRepository
) -> None:
    publish_assignment(repository, {}, RULES)
    write_line_settings(node.state.line_settings, LineSettings(paused=True))
    summary = pull(node, repository)
    assert (summary.exit_code, summary.hold, summary.until) == (0, "paused", None)
    assert ready(node) == []
    assert [one.is_listed for one in read_outstanding(node.state.outstanding).packs] == [False] * 2
    write_line_settings(node.state.line_settings, LineSettings(week=(100,) * 168))
    summary = pull(node, repository)
    assert (summary.exit_code, summary.hold) == (0, "done")


def test_hours_that_end_are_told_with_their_end(node: Node, repository: TinyRepository) -> None:
    publish_assignment(repository, {}, RULES)
    # Nothing but on Sundays, from midnight to one.
    week = tuple(100 if hour == 6 * 24 else 0 for hour in range(168))
    write_line_settings(node.state.line_settings, LineSettings(week=week))
    summary = pull(node, repository)
    assert (summary.exit_code, summary.hold) == (0, "hours")
    assert summary.until is not None
    assert START.timestamp() < summary.until < START.timestamp() + 7 * 86_400


def test_metered_bulk_waits_and_what_is_taught_comes(
    node: Node, repository: TinyRepository
) -> None:
    publish_assignment(repository, {}, RULES, channel((60, ART, "lesson-3")))
    settings = LineSettings(week=(100,) * 168, metered=True)
    write_line_settings(node.state.line_settings, settings)
    summary = pull(node, repository)
    assert (summary.exit_code, summary.hold) == (0, "metered")
    assert ready(node) == ["art lesson-3"]
    left = {one.pack: one for one in read_outstanding(node.state.outstanding).packs}
    (third,) = [one for one in left[ART].items if one.item == "lesson-3"]
    assert [one.is_here for one in third.steps] == [True, False, False]


def test_what_is_wished_meanwhile_comes_after_the_step_that_is_on(
    node: Node, repository: TinyRepository
) -> None:
    class Wishing(DirectorySource):
        is_done = False

        def open_range(self, path: str, start: int, stop: int) -> Generator[bytes, None, None]:
            if not self.is_done and ready(node):
                wish(node, ART, "lesson-3")
                self.is_done = True
            return super().open_range(path, start, stop)

    publish_assignment(repository, {}, RULES)
    node.events.clear()
    assert node.pull_from(Wishing(repository.directory)).exit_code == 0
    found = ready(node)
    assert found[0] == "math lesson-1"
    assert found.index("art lesson-3") < found.index("art lesson-1")


def test_a_batch_ends_for_another_plan_after_half_a_minute(
    node: Node, repository: TinyRepository
) -> None:
    clock = FixedClock()
    node.clock = clock
    with closing(AgentDatabase(node.state)) as agent:
        # So quick that one plan's head would be all of a pack.
        agent.remember_estimate(Estimate(samples=(1e6,)))
    requests: list[str] = []

    class Slow(DirectorySource):
        def open_range(self, path: str, start: int, stop: int) -> Generator[bytes, None, None]:
            if any(isinstance(one, Planned) for one in node.events) and not requests:
                requests.append(path)
                clock.advance(31)
                wish(node, ART, "lesson-3")
            return super().open_range(path, start, stop)

    publish_assignment(repository, {}, RULES)
    node.events.clear()
    assert node.pull_from(Slow(repository.directory)).exit_code == 0
    assert ready(node)[:3] == ["math lesson-1", "art lesson-3", "math lesson-2"]


def test_a_large_block_comes_in_ranges_and_nothing_comes_twice(
    node: Node, repository: TinyRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sync.pull.hands._LEAST_RANGE", 2500)
    clock = FixedClock()
    node.clock = clock
    with closing(AgentDatabase(node.state)) as agent:
        agent.remember_estimate(Estimate(samples=(1.0,)))
    came: list[int] = []

    class Slow(DirectorySource):
        def open_range(self, path: str, start: int, stop: int) -> Generator[bytes, None, None]:
            # Each range ends for another plan.
            clock.advance(31)
            if any(isinstance(one, Planned) for one in node.events):
                came.append(stop - start)
            return super().open_range(path, start, stop)

    publish_assignment(repository, {}, [Rule("*", MATH)])
    node.events.clear()
    assert node.pull_from(Slow(repository.directory)).exit_code == 0
    assert len(ready(node)) == 3
    assert (max(came), sum(came)) == (2500, 40_380)


class SlowDirectory(DirectorySource):
    """A repository whose bytes take their time, in which something happens meanwhile."""

    def __init__(self, root: Path, clock: FixedClock, happens: Callable[[], None]) -> None:
        super().__init__(root)
        self._clock = clock
        self._happens = happens

    def open_range(self, path: str, start: int, stop: int) -> Generator[bytes, None, None]:
        """Give the bytes of a range at 700 a second."""
        for chunk in super().open_range(path, start, stop):
            self._clock.advance(len(chunk) / 700)
            self._happens()
            yield chunk


def test_a_pull_that_takes_long_asks_again_what_is_published(
    node: Node, repository: TinyRepository
) -> None:
    publish_assignment(repository, {}, RULES)
    left = ["lesson-3"]

    def withdraw_once() -> None:
        if left and ready(node):
            withdraw(repository, ART, "It is wrong.", item=left.pop())

    node.poll_seconds = 20.0
    assert isinstance(node.clock, FixedClock)
    summary = node.pull_from(SlowDirectory(repository.directory, node.clock, withdraw_once))

    assert (summary.exit_code, summary.hold) == (0, "done")
    assert left == []
    # Its sound was here already; it is not served, and its pictures were not fetched any more.
    assert not any("lesson-3" in path for path in node.files(ART))
    brought = {one.pack: one for one in summary.packs}
    assert [brought[pack].complete for pack in (MATH, ART)] == [True, True]
    assert brought[ART].bundle_bytes < brought[MATH].bundle_bytes - 10_000
    # What came before and after the second poll is one sum.
    assert brought[MATH].items_ready == 3
    assert 2 <= sum(isinstance(one, Checking) for one in node.events) <= 12


def test_a_run_is_heard_of_while_it_reckons_what_is_outstanding(
    node: Node, repository: TinyRepository
) -> None:
    publish_assignment(repository, {}, RULES)
    write_line_settings(node.state.line_settings, LineSettings(paused=True))
    assert pull(node, repository).hold == "paused"
    assert node.events.count(Alive()) >= 2


def test_what_is_no_longer_assigned_ends_in_the_middle_of_a_pull(
    node: Node, repository: TinyRepository
) -> None:
    publish_assignment(repository, {}, RULES)
    left = [Rule("*", MATH, 1)]

    def take_back_once() -> None:
        if left and ready(node):
            publish_assignment(repository, {}, [left.pop()])

    node.poll_seconds = 20.0
    assert isinstance(node.clock, FixedClock)
    summary = node.pull_from(SlowDirectory(repository.directory, node.clock, take_back_once))

    assert (summary.exit_code, summary.hold) == (0, "done")
    assert node.problems() == []
    brought = {one.pack: one for one in summary.packs}
    assert brought[MATH].complete
    # Nothing of it is outstanding any more, and what was staged of it is gone.
    assert ART not in {one.pack for one in read_outstanding(node.state.outstanding).packs}
    assert list(node.state.staging.iterdir()) == []
