from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from core.node_report import PackState
from hub import fleet as hub_fleet
from hub.fleet import FleetEntry, View, list_fleet
from hub.newest import newest_versions
from hub.published import load_published
from hub.refusals import ConflictError
from hub.registry.database import Registry
from hub.registry.enrolment import enrol
from hub.registry.node_reports import StoredReport, each_report
from hub.registry.schools import School, save_schools
from tests.support.clock import FixedClock
from tests.support.tiny_hub import TinyHub, TinyNode
from tests.support.tiny_repository import publish_files

OTHER_EPOCH = b"otherepo"


def fleet(hub: TinyHub, now: datetime | None = None) -> list[FleetEntry]:
    newest = newest_versions(hub.repository, load_published(hub.repository))
    return list_fleet(hub.service.registry, View(now or hub.clock.wall(), newest))


def kinds(entry: FleetEntry) -> list[str]:
    return [one.kind for one in entry.warnings]


def advance(hub: TinyHub, days: float) -> None:
    assert isinstance(hub.clock, FixedClock)
    hub.clock.advance(days * 86400)


def test_schools_without_a_node_are_in_the_fleet(hub: TinyHub) -> None:
    schools = [School("s2", "珠海二小", "gd/zhuhai", ("乡村",)), School("s1")]
    save_schools(hub.service.registry, schools, hub.now)
    hub.token("s3", days=10)
    first, second, third = fleet(hub)
    assert (first.school, first.node, first.warnings) == ("s1", "", [])
    assert (second.school_name, second.place, second.groups) == ("珠海二小", "gd/zhuhai", ("乡村",))
    assert (kinds(third), third.level) == (["token-unused"], "note")
    assert third.token_expires == "2026-12-04T08:30:00Z"
    assert kinds(fleet(hub, hub.now + timedelta(days=10))[2]) == ["token-expired"]


def test_a_node_is_shown_with_what_it_reports(hub: TinyHub) -> None:
    publish_files(hub, "gd/zhuhai/fish", {"a.txt": b"x" * 100}, 2)
    node = hub.enrol_node("s1")
    save_schools(hub.service.registry, [School("s1", "珠海一小")], hub.now)
    advance(hub, 2)
    hub.service.reports.take(
        node.report(
            clock="verified",
            school_name="ignored",
            node_name="library",
            packs=[PackState("gd/zhuhai/fish", 1, 4, 3)],
            backlog=7,
            disk_total=1000,
            disk_free=900,
            disk_floor=20,
        )
    )
    [one] = fleet(hub)
    assert (one.school_name, one.node_name, one.node) == ("珠海一小", "library", node.id)
    assert one.reported is not None
    shown = one.reported
    assert (shown.items, shown.here, shown.behind, shown.backlog) == (4, 3, 1, 7)
    assert (shown.received, shown.carrier) == ("2026-11-26T08:30:00Z", "line")
    assert kinds(one) == ["behind"]
    [later] = fleet(hub, hub.clock.wall() + timedelta(days=20))
    assert kinds(later) == ["silent", "behind"]


def test_a_copied_card_is_named_and_forgotten_a_month_after_it_was_mended(hub: TinyHub) -> None:
    node = hub.enrol_node()
    for epoch, number, machine in [(None, 1, "a"), (OTHER_EPOCH, 1, "b"), (None, 2, "a")]:
        extra = {"epoch": epoch} if epoch else {}
        data = node.report(number, machine=machine, clock="verified", **extra)
        hub.service.reports.take(data)
    assert kinds(fleet(hub)[0]) == ["copied"]
    assert "copied" not in kinds(fleet(hub, hub.now + timedelta(days=31))[0])


def test_a_card_that_moved_is_named_as_moved(hub: TinyHub) -> None:
    node = hub.enrol_node()
    hub.service.reports.take(node.report(machine="a", clock="verified"))
    advance(hub, 1)
    hub.service.reports.take(node.report(1, OTHER_EPOCH, machine="b", clock="verified"))
    assert kinds(fleet(hub)[0]) == ["moved"]


def test_a_token_tried_by_another_machine_is_named_at_its_node(hub: TinyHub) -> None:
    token, node = hub.token(), hub.node()
    enrol(hub.service.registry, hub.id, node.request(token), hub.now)
    for _ in range(2):
        with pytest.raises(ConflictError):
            enrol(hub.service.registry, hub.id, hub.node().request(token), hub.now)
    [one] = fleet(hub)
    assert (one.node, kinds(one), one.level) == (node.id, ["reused"], "urgent")


def test_two_nodes_of_one_school_are_named_while_both_answer(hub: TinyHub) -> None:
    old, new = hub.enrol_node("s1"), None
    advance(hub, 1)
    new = hub.enrol_node("s1")
    hub.service.reports.take(new.report(clock="verified"))
    by_node = {one.node: one for one in fleet(hub)}
    assert kinds(by_node[old.id]) == ["replaced"]
    assert kinds(by_node[new.id]) == []
    advance(hub, 1)
    for node in (old, new):
        hub.service.reports.take(node.report(2, clock="verified"))
    assert [kinds(one) for one in fleet(hub)] == [["shared"], ["shared"]]
    advance(hub, 15)
    hub.service.reports.take(new.report(3, clock="verified"))
    by_node = {one.node: one for one in fleet(hub)}
    assert kinds(by_node[old.id]) == ["replaced"]
    assert kinds(by_node[new.id]) == []


def test_a_node_that_is_enrolled_during_the_look_waits_for_the_next(
    hub: TinyHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    def late(registry: Registry) -> Iterator[StoredReport]:
        node = hub.enrol_node("school-9")
        hub.service.reports.take(node.report(1))
        return each_report(registry)

    with monkeypatch.context() as patch:
        patch.setattr(hub_fleet, "each_report", late)
        assert fleet(hub) == []
    assert [one.school for one in fleet(hub)] == ["school-9"]


def test_the_fleet_of_a_hub_that_has_nobody_is_empty(hub: TinyHub) -> None:
    assert fleet(hub) == []
    assert isinstance(hub.node(), TinyNode)
