"""What a node says of itself reaches the hub when it has changed, and costs nothing else."""

import shutil
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from cache.agent_db import AgentDatabase
from cache.forecast_file import write_forecast
from cache.journal import Journal
from cache.machine import Machine
from cache.state import StateDirectory
from core.errors import RefusedError, UnavailableError
from core.node_report import LessonState, NodeReport, decode_report, decode_signed_report
from core.plan.forecast import Forecast
from core.plan.model import LessonForecast
from core.usage import Recorded, encode_record
from hub.registry.node_reports import newest_report
from sync.events import Problem, Summary
from sync.identity import load_identity, save_identity
from sync.node_report import compose, outline
from sync.report import send_report, signed_report
from tests.support.clocked_world import DAY, ClockedNode, ClockedWorld, clocked_world

FISH = "gd/zhuhai/fish"
PLAYED = Recorded(
    verb="played", pack="a/b/c", version=1, item="x", session="s", boot="b", offset=0, at=9
)
REACHED = Summary(task="pull", exit_code=0, reached=True)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[ClockedWorld]:
    with clocked_world(tmp_path) as made:
        yield made


@pytest.fixture
def node(world: ClockedWorld) -> ClockedNode:
    return world.enrol("s1")


def newest(world: ClockedWorld, node: ClockedNode) -> NodeReport | None:
    name = load_identity(node.state).node
    found = newest_report(world.hub.service.registry, name)
    return found.report if found else None


def number(world: ClockedWorld, node: ClockedNode) -> int:
    found = newest(world, node)
    return found.number if found else 0


def composed(node: ClockedNode) -> NodeReport:
    with closing(AgentDatabase(node.state)) as agent:
        return compose(node.context(None), agent.reader)


def journal(node: ClockedNode, epoch: bytes, machine: Machine) -> Journal:
    return Journal(
        node.state,
        fresh_epoch=epoch,
        at=node.clock.wall(),
        acknowledged={},
        machine=machine,
    )


def test_a_pull_is_followed_by_a_report(world: ClockedWorld, node: ClockedNode) -> None:
    world.publish(FISH, {"a.txt": b"a" * 100, "b.txt": b"b"}, 1)
    assert node.poll().exit_code == 0
    found = newest(world, node)
    assert found is not None
    assert [(one.pack, one.version, one.items, one.here) for one in found.packs] == [
        (FISH, 1, 2, 2)
    ]
    assert (found.clock, found.time) == ("verified", "2026-11-24T08:30:00Z")
    assert found.disk_total > found.disk_free > 0
    assert found.contact == "2026-11-24T08:30:00Z"
    assert (found.problems, found.backlog, found.backlog_since) == ([], 0, "")
    [entry] = world.fleet()
    assert (entry.warnings, entry.reported is not None) == ([], True)


def test_the_next_report_waits_for_a_change_or_a_day(
    world: ClockedWorld, node: ClockedNode
) -> None:
    node.poll()
    first = number(world, node)
    world.clock.advance(600)
    node.poll()
    assert number(world, node) == first
    world.publish(FISH, {"a.txt": b"a"}, 1)
    node.poll()
    second = number(world, node)
    assert second > first
    world.publish(FISH, {"a.txt": b"c"}, 2)
    world.clock.advance(60)
    node.poll()
    assert number(world, node) == second
    world.clock.advance(300)
    node.poll()
    third = number(world, node)
    assert third > second
    world.clock.advance(DAY)
    node.poll()
    assert number(world, node) > third


def test_what_changes_all_the_time_is_no_reason(node: ClockedNode) -> None:
    before = composed(node)
    with closing(journal(node, b"epoch001", Machine())) as opened:
        with_epoch = composed(node)
        opened.append([encode_record(PLAYED)], at=node.clock.wall())
    after = composed(node)
    assert outline(before) != outline(with_epoch)
    assert outline(with_epoch) == outline(after)
    assert (after.backlog, after.backlog_since) == (1, "2026-11-24T08:30:00Z")


def test_what_the_next_lessons_can_count_on_is_told_and_a_reason_when_it_changes(
    node: ClockedNode,
) -> None:
    lesson = LessonForecast(
        channel="g5", start=29_900_000, minutes=40, pack="gd/zhuhai/math", item="lesson-1",
        title={"zh": "分数", "en": "Fractions", "bo": "x"}, state="risk", reason="line",
        remedies=["stick"], expected=29_899_000 * 60.0,
    )  # fmt: skip
    outlines = []
    for one, made in [
        (lesson, 1.0), (msgspec.structs.replace(lesson, expected=None), 2.0),
        (msgspec.structs.replace(lesson, state="missing"), 3.0),
    ]:  # fmt: skip
        forecast = Forecast(made=made, is_time_known=True, lessons=[one], offset=480)
        write_forecast(node.state.forecast, forecast)
        outlines.append(outline(composed(node)))
    assert outlines[0] == outlines[1] != outlines[2]

    got = composed(node)
    assert got.offset == 480
    assert got.lessons == [
        LessonState(29_900_000, "g5", "gd/zhuhai/math", "lesson-1",
                    {"zh": "分数", "en": "Fractions"}, "missing", "line", ["stick"], "", 29_899_000)
    ]  # fmt: skip
    beyond = msgspec.structs.replace(lesson, start=2**32)
    never = msgspec.structs.replace(lesson, expected=1e15)
    told = Forecast(made=4.0, is_time_known=True, lessons=[beyond, never])
    write_forecast(node.state.forecast, told)
    assert [(one.start, one.expected) for one in composed(node).lessons] == [(29_900_000, 0)]
    write_forecast(node.state.forecast, Forecast(made=5.0, lessons=[lesson]))
    assert composed(node).lessons == [], "without the time nobody knows which lessons are next"


def test_a_lesson_that_is_over_is_no_reason_and_another_day_is_one(node: ClockedNode) -> None:
    over, late, tomorrow = (
        LessonForecast(
            channel="g5", start=29_900_000 + minutes, minutes=40, pack="gd/zhuhai/math",
            item=f"lesson-{minutes}", state="missing" if minutes == 60 else "ready",
        )
        for minutes in (0, 60, 24 * 60)
    )  # fmt: skip
    outlines = []
    for lessons in ([over, late], [late], [late, tomorrow]):
        write_forecast(node.state.forecast, Forecast(made=1.0, is_time_known=True, lessons=lessons))
        outlines.append(outline(composed(node)))
    assert outlines[0] == outlines[1] != outlines[2]


def test_lasting_problems_are_told_and_forgotten_when_they_are_over(
    world: ClockedWorld, node: ClockedNode
) -> None:
    problem = Problem(
        kind="refused", text="x", template="{file} is damaged.", fields={"file": "f" * 900}
    )
    line = Problem(kind="unavailable", text="The line is down.")
    failed = Summary(task="pull", exit_code=12, reached=True, problems=[line, problem])
    send_report(node.context(None), failed)
    found = newest(world, node)
    assert found is not None
    assert [(one.template, one.fields) for one in found.problems] == [
        ("{file} is damaged.", {"file": "f" * 300})
    ]
    assert [one.kind for one in world.fleet()[0].warnings] == ["problem"]
    world.clock.advance(600)
    send_report(node.context(None), Summary(task="upload", exit_code=0, reached=True))
    assert composed(node).problems == found.problems
    send_report(node.context(None), REACHED)
    assert composed(node).problems == []


def test_a_run_that_reached_nobody_reports_nothing(world: ClockedWorld, node: ClockedNode) -> None:
    send_report(node.context(None), Summary(task="pull", exit_code=14))
    send_report(node.context(None), Summary(task="import", exit_code=0, reached=True))
    assert newest(world, node) is None


def test_a_line_that_ends_leaves_the_report_due(world: ClockedWorld, node: ClockedNode) -> None:
    identity = load_identity(node.state)
    save_identity(node.state, msgspec.structs.replace(identity, url="http://127.0.0.1:9"))
    with pytest.raises(UnavailableError):
        send_report(node.context(None), REACHED)
    save_identity(node.state, identity)
    send_report(node.context(None), REACHED)
    assert newest(world, node) is not None


def test_a_refused_report_is_not_repeated_before_tomorrow(
    world: ClockedWorld, node: ClockedNode
) -> None:
    identity = load_identity(node.state)
    save_identity(node.state, msgspec.structs.replace(identity, hub="f" * 16))
    with pytest.raises(RefusedError, match="The report is for hub"):
        send_report(node.context(None), REACHED)
    send_report(node.context(None), REACHED)
    world.clock.advance(DAY)
    with pytest.raises(RefusedError):
        send_report(node.context(None), REACHED)


def test_a_node_that_lost_its_numbers_is_heard_all_the_same(
    world: ClockedWorld, node: ClockedNode
) -> None:
    node.poll()
    for _ in range(5):
        node.report_for_stick()
    world.hub.service.reports.take(node.report_for_stick(), "stick")
    high = number(world, node)
    for path in node.state.root.glob("agent*"):
        path.unlink()
    node.poll()
    assert number(world, node) == high + 1


def test_each_report_has_a_number_of_its_own(node: ClockedNode) -> None:
    numbers = [
        decode_report(decode_signed_report(node.report_for_stick()).body).number for _ in range(3)
    ]
    assert numbers == sorted(set(numbers))


def test_a_copied_card_is_named_at_the_hub(
    world: ClockedWorld, node: ClockedNode, tmp_path: Path
) -> None:
    one, other = Machine("one", {"serial": ["one"]}), Machine("other", {"serial": ["other"]})
    journal(node, b"epoch001", one).close()
    node.poll()
    shutil.copytree(node.state.root, tmp_path / "copy", symlinks=True)
    copy = ClockedNode(StateDirectory(tmp_path / "copy"), world.clock)
    journal(copy, b"epoch002", other).close()
    world.clock.advance(DAY)
    copy.poll()
    assert [one.kind for one in world.fleet()[0].warnings] == ["moved"]
    world.clock.advance(DAY)
    journal(node, b"epoch003", one).close()
    node.poll()
    assert [one.kind for one in world.fleet()[0].warnings] == ["copied"]


def test_a_journal_that_went_missing_is_waited_for(node: ClockedNode) -> None:
    journal(node, b"epoch001", Machine()).close()
    node.poll()
    for path in node.state.root.glob("journal*"):
        path.unlink()
    with closing(AgentDatabase(node.state)) as agent, pytest.raises(RefusedError, match="journal"):
        signed_report(node.context(None), agent)


def test_a_clock_that_nobody_set_tells_no_nonsense(world: ClockedWorld, node: ClockedNode) -> None:
    world.clock.set_wall(datetime(1970, 1, 1, tzinfo=UTC), synchronised=False)
    with closing(journal(node, b"epoch001", Machine())) as opened:
        opened.append([encode_record(PLAYED)], at=world.clock.wall())
    found = composed(node)
    assert (found.clock, found.backlog, found.backlog_since) == ("unverified", 1, "")
    assert found.time >= "2026-11-01T00:00:00Z"
