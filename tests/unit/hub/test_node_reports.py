from datetime import timedelta
from pathlib import Path

import httpx
import msgspec
import pytest
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateTable

from core.errors import RefusedError
from core.node_report import PackState, ReportReply
from hub.node_reports import ReportIntake
from hub.refusals import ForbiddenError, TooOftenError
from hub.registry.database import Registry
from hub.registry.models import Base
from hub.registry.node_reports import newest_report, report_epochs
from tests.support.clock import FixedClock
from tests.support.tiny_hub import EPOCH, TinyHub, TinyNode

LATER = b"laterepo"
LATEST = b"latestep"


@pytest.fixture
def node(hub: TinyHub) -> TinyNode:
    return hub.enrol_node()


def take(hub: TinyHub, data: bytes, carrier: str = "line") -> ReportReply:
    return hub.service.reports.take(data, carrier)  # type: ignore[arg-type]


def number(hub: TinyHub, node: TinyNode) -> int:
    found = newest_report(hub.service.registry, node.id)
    return found.report.number if found else 0


def test_the_newest_report_is_kept(hub: TinyHub, node: TinyNode) -> None:
    assert take(hub, node.report(2, backlog=5)) == ReportReply(EPOCH.hex(), 2)
    assert take(hub, node.report(1)) == ReportReply(EPOCH.hex(), 2)
    assert take(hub, node.report(2, backlog=9)) == ReportReply(EPOCH.hex(), 2)
    found = newest_report(hub.service.registry, node.id)
    assert found is not None
    assert (found.report.number, found.report.backlog, found.received) == (2, 5, hub.now)
    take(hub, node.report(3))
    assert number(hub, node) == 3


def test_a_report_is_a_contact(hub: TinyHub, node: TinyNode) -> None:
    assert isinstance(hub.clock, FixedClock)
    hub.clock.advance(3600)
    take(hub, node.report())
    found = newest_report(hub.service.registry, node.id)
    assert found is not None
    assert found.received == hub.clock.wall()


def test_reports_of_strangers_and_for_others_are_refused(hub: TinyHub, node: TinyNode) -> None:
    other = TinyNode("f" * 16, node.key)
    stranger = TinyNode(hub.id)
    forged = msgspec.msgpack.decode(node.report())
    forged[3] = stranger.key.sign(b"something else")
    for data in (other.report(), stranger.report(), msgspec.msgpack.encode(forged)):
        with pytest.raises(ForbiddenError):
            take(hub, data)
    assert newest_report(hub.service.registry, node.id) is None


@pytest.mark.parametrize(
    "values",
    [
        {"time": "now"},
        {"time": "2026-11-24T08:00:00Z", "contact": "never"},
        {"backlog_since": "x"},
        {"packs": [PackState("<b>", 1, 1, 1)]},
        {"packs": [PackState("gd/-/a", 1, 1, 1)] * 2},
    ],
)
def test_what_could_not_be_shown_is_refused(
    hub: TinyHub, node: TinyNode, values: dict[str, object]
) -> None:
    with pytest.raises(RefusedError):
        take(hub, node.report(**values))  # type: ignore[arg-type]
    assert newest_report(hub.service.registry, node.id) is None


@pytest.mark.parametrize("data", [b"", b"\x00" * 100, b"\x94", b"x" * 70_000])
def test_junk_is_refused(hub: TinyHub, data: bytes) -> None:
    with pytest.raises(RefusedError):
        take(hub, data)


def test_a_card_that_moved_begins_an_epoch_and_is_no_copy(hub: TinyHub, node: TinyNode) -> None:
    for epoch, machine in [(EPOCH, "a"), (LATER, "b"), (LATEST, "a")]:
        take(hub, node.report(1, epoch, machine=machine))
    epochs = report_epochs(hub.service.registry)[node.id]
    assert sorted(one.machine for one in epochs) == ["a", "a", "b"]
    assert {one.returned for one in epochs} == {None}


def test_an_epoch_that_goes_on_beside_a_later_one_is_a_copy(hub: TinyHub, node: TinyNode) -> None:
    take(hub, node.report(1, EPOCH, machine="a"))
    take(hub, node.report(1, LATER, machine="b"))
    take(hub, node.report(2, EPOCH, machine="a"))
    returned = {one.epoch: one.returned for one in report_epochs(hub.service.registry)[node.id]}
    assert returned == {EPOCH.hex(): hub.now, LATER.hex(): None}


def test_one_epoch_on_two_machines_is_a_copy(hub: TinyHub, node: TinyNode) -> None:
    take(hub, node.report(1, EPOCH, machine="a"))
    take(hub, node.report(2, EPOCH, machine="b"))
    assert report_epochs(hub.service.registry)[node.id][0].returned == hub.now


def test_a_stick_that_was_overtaken_is_neither_newest_nor_a_copy(
    hub: TinyHub, node: TinyNode
) -> None:
    take(hub, node.report(1, EPOCH, machine="a"))
    take(hub, node.report(1, LATER, machine="b", time="2026-11-24T09:00:00Z"))
    take(hub, node.report(2, EPOCH, machine="a", time="2026-11-24T08:30:00Z"), "stick")
    take(hub, node.report(1, LATEST, time="2026-11-24T08:40:00Z"), "stick")
    found = newest_report(hub.service.registry, node.id)
    assert found is not None
    assert (found.report.epoch, found.carrier) == (LATER, "line")
    epochs = report_epochs(hub.service.registry)[node.id]
    assert [one.returned for one in epochs] == [None] * 3


def test_a_stick_brings_news_though_the_node_has_lost_the_time(
    hub: TinyHub, node: TinyNode
) -> None:
    # With a line its clock was right; started without one, it knows the last signature's day.
    take(hub, node.report(1, EPOCH, time="2026-11-24T09:00:00Z"), "stick")
    take(hub, node.report(2, EPOCH, time="2026-11-01T00:00:00Z", backlog=7), "stick")
    found = newest_report(hub.service.registry, node.id)
    assert found is not None
    assert (found.report.number, found.report.backlog) == (2, 7)


def test_a_node_may_report_so_often_a_day(hub: TinyHub, node: TinyNode) -> None:
    intake = ReportIntake(hub.service.registry, hub.id, hub.clock, 3)
    for one in (1, 2, 3):
        intake.take(node.report(one))
    with pytest.raises(TooOftenError):
        intake.take(node.report(4))
    assert intake.take(node.report(3)).number == 3
    assert isinstance(hub.clock, FixedClock)
    hub.clock.advance(86400)
    assert intake.take(node.report(5)).number == 5


def test_a_hostile_node_fills_nothing(hub: TinyHub, node: TinyNode) -> None:
    for one in range(120):
        take(hub, node.report(1, one.to_bytes(8, "big")))
    assert len(report_epochs(hub.service.registry)[node.id]) == 50


async def test_reports_come_by_line(hub: TinyHub, node: TinyNode) -> None:
    async with hub.serving() as url, httpx.AsyncClient(base_url=url, timeout=60) as client:
        answer = await client.post("/v1/report", content=node.report(7))
        assert answer.status_code == 200
        assert msgspec.json.decode(answer.content, type=ReportReply).number == 7
        assert (await client.post("/v1/report", content=b"junk")).status_code == 400
        too_large = await client.post("/v1/report", content=b"x" * 100_000)
        assert too_large.status_code == 413
        assert (await client.get("/v1/status")).status_code == 200


def test_a_registry_of_the_release_before_gets_the_new_tables(tmp_path: Path, hub: TinyHub) -> None:
    registry = Registry("old.db", tmp_path, hub.now)
    new = ("schools", "token_reuses", "report_epochs", "reports")
    with registry.transaction() as session:
        for name in new:
            session.connection().exec_driver_sql(f"DROP TABLE {name}")
        session.connection().exec_driver_sql("DELETE FROM migrations WHERE name LIKE '0003%'")
    registry.close()
    again = Registry("old.db", tmp_path, hub.now + timedelta(days=1))
    assert newest_report(again, "x") is None
    assert report_epochs(again) == {}
    again.close()


def test_the_tables_are_fit_for_postgresql() -> None:
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    made = {
        table.name: str(CreateTable(table).compile(dialect=dialect))
        for table in Base.metadata.sorted_tables
    }
    assert "body BYTEA" in made["reports"]
    assert "number BIGINT" in made["reports"]
