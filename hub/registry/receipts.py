"""Which statements have come: receipts by node and epoch, and the batches that hold them."""

from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Final, NamedTuple

import msgspec
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core import received
from core.codec import json_decoder
from core.errors import RefusedError
from core.received import Range
from hub.refusals import TooOftenError
from hub.registry.database import Registry
from hub.registry.models import BatchRow, NodeRow, ReceiptRow, TokenRow, UsageDayRow

# A node sends its numbers in order, so that there are hardly ever gaps.
MAX_RANGES: Final = 1000
_PAGE: Final = 500


class StoredBatch(NamedTuple):
    """Where a batch lies; ``received`` is when it came."""

    id: int
    node: str
    epoch: str
    first: int
    last: int
    path: str
    conflicts: int
    received: datetime


class Receipt(NamedTuple):
    """What has come of one epoch."""

    node: str
    epoch: str
    ranges: list[Range]


class NodeReceipts(NamedTuple):
    """What has come of one node, and its enrolment key."""

    node: str
    key: bytes
    receipts: list[Receipt]


def ranges_of(session: Session, node: str, epoch: str) -> list[Range]:
    """Give the numbers that have come of one epoch."""
    row = session.get(ReceiptRow, (node, epoch))
    return json_decoder(list[Range]).decode(row.ranges) if row else []


def batches_over(session: Session, node: str, epoch: str, span: Range) -> list[StoredBatch]:
    """Give the stored batches that have a number of ``span``, in the order in which they count."""
    rows = session.scalars(
        select(BatchRow)
        .where(BatchRow.node == node, BatchRow.epoch == epoch)
        .where(BatchRow.first <= span[1], BatchRow.last >= span[0])
        .order_by(BatchRow.id)
    )
    return [_stored(row) for row in rows]


def add_batch(
    session: Session, batch: StoredBatch, digest: str, ranges: list[Range]
) -> list[Range]:
    """Record a stored batch, and give the numbers that have come now.

    Raises:
        RefusedError: too many separate ranges; a node sends its numbers in order.
    """
    ranges = received.merged(ranges, batch.first, batch.last)
    if len(ranges) > MAX_RANGES:
        raise RefusedError(
            "Too many statements are missing between those of node {node}.",
            hint="Send the earlier batches first.",
            node=batch.node,
        )
    text = msgspec.json.encode(ranges).decode()
    session.merge(ReceiptRow(node=batch.node, epoch=batch.epoch, ranges=text))
    session.add(
        BatchRow(
            node=batch.node,
            epoch=batch.epoch,
            first=batch.first,
            last=batch.last,
            digest=digest,
            path=batch.path,
            conflicts=batch.conflicts,
            received=batch.received,
        )
    )
    return ranges


class Allowance(NamedTuple):
    """What one node may have stored on one day (UTC); ``size`` in bytes."""

    batches: int
    size: int


def spend(session: Session, node: str, now: datetime, size: int, allowance: Allowance) -> None:
    """Count a batch that is about to be stored against its node's day.

    Raises:
        TooOftenError: the day's allowance is used up.
    """
    day = f"{now:%Y-%m-%d}"
    row = session.get(UsageDayRow, node)
    if row is None:
        row = UsageDayRow(node=node, day=day, batches=0, size=0)
        session.add(row)
    if row.day != day:
        row.day, row.batches, row.size = day, 0, 0
    row.batches, row.size = row.batches + 1, row.size + size
    if row.batches > allowance.batches or row.size > allowance.size:
        raise TooOftenError(
            "Node {node} has sent as much as it may in one day.",
            hint="It goes on tomorrow; if the node is in order, raise batches_per_day or"
            " megabytes_per_day in hub.toml.",
            node=node,
        )


def conflicts_by_node(registry: Registry) -> dict[str, int]:
    """Give how many records of each node came again with other content."""
    with registry.reading() as session:
        query = select(BatchRow.node, func.sum(BatchRow.conflicts)).group_by(BatchRow.node)
        return {node: int(total) for node, total in session.execute(query)}


def find_batch(
    session: Session, node: str, epoch: str, first: int, digest: str
) -> StoredBatch | None:
    """Find a batch that was stored byte for byte."""
    row = session.scalars(
        select(BatchRow).where(
            BatchRow.node == node,
            BatchRow.epoch == epoch,
            BatchRow.first == first,
            BatchRow.digest == digest,
        )
    ).one_or_none()
    return _stored(row) if row else None


def all_batches(registry: Registry) -> Iterator[StoredBatch]:
    """Give every stored batch in the order in which they count, a page at a time."""
    last = 0
    while True:
        with registry.transaction() as session:
            query = select(BatchRow).where(BatchRow.id > last).order_by(BatchRow.id).limit(_PAGE)
            page = [_stored(row) for row in session.scalars(query)]
        if not page:
            return
        yield from page
        last = page[-1].id


def all_receipts(registry: Registry) -> list[Receipt]:
    """Give what has come of every epoch."""
    with registry.reading() as session:
        rows = session.scalars(select(ReceiptRow).order_by(ReceiptRow.node, ReceiptRow.epoch))
        return [
            Receipt(row.node, row.epoch, json_decoder(list[Range]).decode(row.ranges))
            for row in rows
        ]


def receipts_of(registry: Registry, nodes: Collection[str] | None = None) -> list[NodeReceipts]:
    """Give what has come of each node, with the key that its receipt carries the MAC of.

    Args:
        registry: the registry.
        nodes: which nodes; None for all.
    """
    query = (
        select(NodeRow.id, TokenRow.key)
        .join(TokenRow, TokenRow.used_by == NodeRow.public_key)
        .order_by(NodeRow.id, TokenRow.used_at, TokenRow.created)
    )
    with registry.reading() as session:
        # A node that was enrolled again holds the key of the last token.
        keys = {node: key for node, key in session.execute(query) if nodes is None or node in nodes}
        found: dict[str, list[Receipt]] = {node: [] for node in keys}
        for row in session.scalars(select(ReceiptRow).order_by(ReceiptRow.node, ReceiptRow.epoch)):
            if row.node in found:
                ranges = json_decoder(list[Range]).decode(row.ranges)
                found[row.node].append(Receipt(row.node, row.epoch, ranges))
    return [NodeReceipts(node, keys[node], receipts) for node, receipts in found.items()]


def _stored(row: BatchRow) -> StoredBatch:
    return StoredBatch(
        row.id,
        row.node,
        row.epoch,
        row.first,
        row.last,
        row.path,
        row.conflicts,
        row.received,
    )
