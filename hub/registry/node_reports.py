"""Nodes' own reports: the newest of each, and the epochs that they named.

A number of an epoch counts once. An epoch that goes on after a later one has begun is two
machines with one card: a node that moved begins a new epoch each time, and never goes back.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.fleet_warnings import Carrier
from core.node_report import NodeReport, decode_report
from core.trusted_time import parse_moment
from hub.refusals import TooOftenError
from hub.registry.database import Registry
from hub.registry.models import ReportEpochRow, ReportRow

# A node begins an epoch when its journal does, which is rare; a hostile one cannot fill the disk.
_MOST_EPOCHS: Final = 50
_PAGE: Final = 200


class Arrival(NamedTuple):
    """How a report came."""

    at: datetime
    carrier: Carrier
    most_a_day: int


class StoredReport(NamedTuple):
    """A node's newest report."""

    node: str
    report: NodeReport
    received: datetime
    carrier: Carrier


class Epoch(NamedTuple):
    """An epoch of a node, since when it is known, and when it last went on beside a later one."""

    node: str
    epoch: str
    machine: str
    began: datetime
    returned: datetime | None


def enter_report(
    session: Session, node: str, report: NodeReport, body: bytes, arrival: Arrival
) -> int:
    """Keep a report if it is the newest; give the highest number known of its epoch.

    Args:
        session: holds the node's row, so that its reports come one after another.
        node: whose it is; the signature was verified.
        report: the report, decoded.
        body: the same as it came.
        arrival: how it came.

    Raises:
        TooOftenError: the node has sent as many as it may in one day.
    """
    epoch, time = report.epoch.hex(), parse_moment(report.time)
    known = session.get(ReportEpochRow, (node, epoch))
    if known is not None and report.number <= known.number:
        return known.number
    newest = session.get(ReportRow, node)
    day, count = _spent(newest, node, arrival)
    late = _is_late(newest, epoch, time, arrival)
    if known is None:
        _forget_old(session, node)
        known = ReportEpochRow(
            node=node, epoch=epoch, machine=report.machine, began=arrival.at, number=0
        )
        session.add(known)
    elif newest is not None and not late and _is_a_copy(known, newest, report):
        known.returned = arrival.at
    known.number = report.number
    known.machine = report.machine or known.machine
    if newest is not None and late:
        newest.day, newest.count = day, count
        return report.number
    session.merge(
        ReportRow(
            node=node,
            epoch=epoch,
            number=report.number,
            time=time,
            received=arrival.at,
            carrier=arrival.carrier,
            body=body,
            day=day,
            count=count,
        )
    )
    return report.number


def _spent(newest: ReportRow | None, node: str, arrival: Arrival) -> tuple[str, int]:
    """Count one more report against its node's day."""
    day = f"{arrival.at:%Y-%m-%d}"
    count = newest.count + 1 if newest is not None and newest.day == day else 1
    if count > arrival.most_a_day:
        raise TooOftenError(
            "Node {node} has reported as often as it may in one day.",
            hint="It goes on tomorrow; if the node is in order, raise reports_per_day in hub.toml.",
            node=node,
        )
    return day, count


def _is_late(newest: ReportRow | None, epoch: str, time: datetime, arrival: Arrival) -> bool:
    """Say whether a stick brings what was overtaken; by line comes how the node is now.

    Within an epoch the number decides alone: a node's time goes back when it starts without
    a line and without a clock of its own.
    """
    if newest is None or newest.epoch == epoch or arrival.carrier != "stick":
        return False
    return time < newest.time


def _is_a_copy(known: ReportEpochRow, newest: ReportRow, report: NodeReport) -> bool:
    if newest.epoch != known.epoch:
        return True
    return bool(report.machine and known.machine and report.machine != known.machine)


def _forget_old(session: Session, node: str) -> None:
    query = (
        select(ReportEpochRow)
        .where(ReportEpochRow.node == node)
        .order_by(ReportEpochRow.began.desc())
        .offset(_MOST_EPOCHS - 1)
    )
    for row in session.scalars(query):
        session.delete(row)


def each_report(registry: Registry) -> Iterator[StoredReport]:
    """Give the newest report of every node that has sent one, a page at a time."""
    last = ""
    while True:
        with registry.reading() as session:
            query = select(ReportRow).where(ReportRow.node > last).order_by(ReportRow.node)
            page = session.scalars(query.limit(_PAGE)).all()
        if not page:
            return
        yield from map(_stored, page)
        last = page[-1].node


def newest_report(registry: Registry, node: str) -> StoredReport | None:
    """Give a node's newest report; None when it has sent none."""
    with registry.reading() as session:
        row = session.get(ReportRow, node)
    return _stored(row) if row is not None else None


def _stored(row: ReportRow) -> StoredReport:
    carrier: Carrier = "stick" if row.carrier == "stick" else "line"
    return StoredReport(row.node, decode_report(row.body), row.received, carrier)


def report_epochs(registry: Registry) -> dict[str, list[Epoch]]:
    """Give the epochs that each node's reports named, oldest first."""
    found: dict[str, list[Epoch]] = {}
    with registry.reading() as session:
        for row in session.scalars(select(ReportEpochRow).order_by(ReportEpochRow.began)):
            one = Epoch(row.node, row.epoch, row.machine, row.began, row.returned)
            found.setdefault(row.node, []).append(one)
    return found
