"""The fleet as the hub knows it: schools, their nodes, what has come from each, what to do."""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from importlib.metadata import version
from typing import Final

import msgspec

from core import received
from core.fleet_warnings import (
    Carrier,
    Facts,
    Level,
    Limits,
    Newest,
    Warn,
    level_of,
    warnings_of,
)
from core.node_report import ClockState
from core.trusted_time import format_moment
from hub.evening import Evening, evening_of
from hub.registry.database import Registry
from hub.registry.enrolment import Node, list_nodes, reused_tokens, waiting_tokens
from hub.registry.node_reports import Epoch, StoredReport, each_report, report_epochs
from hub.registry.receipts import all_receipts, conflicts_by_node
from hub.registry.schools import School, all_schools

# After so long, what was mended is not told any more.
_REMEMBERED: Final = timedelta(days=30)


class Reported(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of a node's newest report. Sizes are bytes, moments UTC.

    Attributes:
        received: when it came to the hub; ``time`` is what the node's own time was.
        items: lessons of the versions that it knows, ``here`` those of them it serves,
            ``sound_alone`` the videos among these of which it has only the sound.
        behind: packs of which it does not know the newest version.
        evening: what the lessons of its next school day can count on; None where it has not said.
    """

    received: str
    carrier: Carrier
    time: str
    clock: ClockState
    software: str
    machine: str
    packs: int
    items: int
    here: int
    sound_alone: int
    behind: int
    backlog: int
    backlog_since: str
    disk_total: int
    disk_free: int
    disk_floor: int
    evening: Evening | None = None


class FleetEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One node, or a school that has none yet (``node`` is empty).

    Attributes:
        statements: sequence numbers that have come, of all its epochs.
        missing: numbers below the highest of an epoch that have not come yet.
        conflicts: records that came again with other content.
        epochs: how often its journal began anew.
        token_expires: until when the school's unused token can be used; empty without one.
        level: of its most urgent warning; None when all is well.
    """

    node: str = ""
    school: str
    school_name: str = ""
    node_name: str = ""
    place: str = ""
    groups: tuple[str, ...] = ()
    enrolled: str = ""
    last_contact: str = ""
    statements: int = 0
    missing: int = 0
    conflicts: int = 0
    epochs: int = 0
    reported: Reported | None = None
    token_expires: str = ""
    level: Level | None = None
    warnings: list[Warn] = []


@dataclass(frozen=True)
class View:
    """How the fleet is looked at.

    Attributes:
        now: the hub's time.
        newest: what is published, by pack; see ``hub.newest``.
        limits: when a figure becomes a warning.
    """

    now: datetime
    newest: Mapping[str, Newest] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)


def list_fleet(registry: Registry, view: View) -> list[FleetEntry]:
    """Give every node and every school that waits for one, by school."""
    known = _Known(registry, view)
    # A node may have been enrolled since the others were listed; the next look has it.
    reports = (one for one in each_report(registry) if one.node in known.nodes)
    entries = [known.entry(one.node, one) for one in reports]
    silent = known.nodes.keys() - {entry.node for entry in entries}
    entries += [known.entry(node, None) for node in silent]
    entries += [known.waiting(school) for school in known.schools_without_node()]
    return sorted(entries, key=lambda entry: (entry.school, entry.node))


class _Known:
    """What the registry says beside the reports."""

    def __init__(self, registry: Registry, view: View) -> None:
        self._view = view
        self._own = version("packhorse")
        self._schools = all_schools(registry)
        self._tokens = waiting_tokens(registry)
        self._reused = reused_tokens(registry)
        self._conflicts = conflicts_by_node(registry)
        self._epochs = report_epochs(registry)
        self._ranges: dict[str, list[list[received.Range]]] = {}
        for one in all_receipts(registry):
            self._ranges.setdefault(one.node, []).append(one.ranges)
        self.nodes = {node.id: node for node in list_nodes(registry)}
        self._by_school: dict[str, list[Node]] = {}
        for node in self.nodes.values():
            self._by_school.setdefault(node.school, []).append(node)

    def schools_without_node(self) -> set[str]:
        """Give the schools of which no node has come yet."""
        return (self._schools.keys() | self._tokens.keys()) - self._by_school.keys()

    def entry(self, name: str, stored: StoredReport | None) -> FleetEntry:
        """Describe one node."""
        node = self.nodes[name]
        school = self._schools.get(node.school, School(node.school))
        ranges = self._ranges.get(name, [])
        warnings = warnings_of(self._facts(node, stored), self._view.limits)
        reported = stored.report if stored else None
        return FleetEntry(
            node=name,
            school=node.school,
            school_name=school.name or (reported.school_name if reported else ""),
            node_name=reported.node_name if reported else "",
            place=school.place,
            groups=school.groups,
            enrolled=format_moment(node.enrolled),
            last_contact=format_moment(node.last_contact),
            statements=sum(received.count(one) for one in ranges),
            missing=sum(received.count(received.gaps(one)) for one in ranges),
            conflicts=self._conflicts.get(name, 0),
            epochs=len(ranges),
            reported=_reported(stored, self._view) if stored else None,
            level=level_of(warnings),
            warnings=warnings,
        )

    def waiting(self, name: str) -> FleetEntry:
        """Describe a school of which no node has come yet."""
        school, token = self._schools.get(name, School(name)), self._tokens.get(name)
        facts = Facts(self._view.now, token_expires=token.expires if token else None)
        warnings = warnings_of(facts, self._view.limits)
        return FleetEntry(
            school=name,
            school_name=school.name,
            place=school.place,
            groups=school.groups,
            token_expires=format_moment(token.expires) if token else "",
            level=level_of(warnings),
            warnings=warnings,
        )

    def _facts(self, node: Node, stored: StoredReport | None) -> Facts:
        epochs = self._epochs.get(node.id, [])
        return Facts(
            self._view.now,
            contact=node.last_contact,
            carrier=stored.carrier if stored else "line",
            report=stored.report if stored else None,
            received=stored.received if stored else None,
            newest=self._view.newest,
            software=self._own,
            conflicts=self._conflicts.get(node.id, 0),
            copied=any(self._is_recent(one.returned) for one in epochs),
            moved=self._moved(epochs),
            reused=self._recent(self._reused.get(node.id)),
            alive=self._alive(node),
            replaced=self._replacement(node),
        )

    def _moved(self, epochs: list[Epoch]) -> datetime | None:
        known = [one for one in epochs if one.machine]
        moves = [
            new.began
            for old, new in itertools.pairwise(known)
            if old.machine != new.machine and self._is_recent(new.began)
        ]
        return moves[-1] if moves else None

    def _alive(self, node: Node) -> int:
        return sum(not self._replacement(one) for one in self._by_school[node.school])

    def _replacement(self, node: Node) -> str:
        """Name the node of the same school that has taken this one's place."""
        later = [
            one
            for one in self._by_school[node.school]
            if one.enrolled > node.enrolled
            and one.last_contact > node.last_contact
            and (node.last_contact <= one.enrolled or self._is_silent(node))
        ]
        return max(later, key=lambda one: one.enrolled).id if later else ""

    def _is_silent(self, node: Node) -> bool:
        return (self._view.now - node.last_contact).days >= self._view.limits.silent_days

    def _recent(self, moment: datetime | None) -> datetime | None:
        return moment if self._is_recent(moment) else None

    def _is_recent(self, moment: datetime | None) -> bool:
        return moment is not None and self._view.now - moment < _REMEMBERED


def _reported(stored: StoredReport, view: View) -> Reported:
    report, newest = stored.report, view.newest
    return Reported(
        received=format_moment(stored.received),
        carrier=stored.carrier,
        time=report.time,
        clock=report.clock,
        software=report.software,
        machine=report.machine,
        packs=len(report.packs),
        items=sum(one.items for one in report.packs),
        here=sum(one.here for one in report.packs),
        sound_alone=sum(one.sound_alone for one in report.packs),
        behind=sum(
            one.pack in newest and one.version < newest[one.pack].version for one in report.packs
        ),
        backlog=report.backlog,
        backlog_since=report.backlog_since,
        disk_total=report.disk_total,
        disk_free=report.disk_free,
        disk_floor=report.disk_floor,
        evening=evening_of(report, view.now),
    )
