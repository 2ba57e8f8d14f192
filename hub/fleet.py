"""The fleet as the hub knows it: nodes, and what has come from each."""

import msgspec

from core import received
from core.trusted_time import format_moment
from hub.registry.database import Registry
from hub.registry.enrolment import list_nodes
from hub.registry.receipts import all_batches, all_receipts


class NodeReport(msgspec.Struct, frozen=True):
    """One node.

    Attributes:
        statements: sequence numbers that have come, of all its epochs.
        missing: numbers below the highest of an epoch that have not come yet.
        conflicts: records that came again with other content.
        epochs: how often its journal began anew.
    """

    node: str
    school: str
    enrolled: str
    last_contact: str
    statements: int
    missing: int
    conflicts: int
    epochs: int


def list_fleet(registry: Registry) -> list[NodeReport]:
    """Give every node, by school."""
    receipts = all_receipts(registry)
    conflicts: dict[str, int] = {}
    for batch in all_batches(registry):
        conflicts[batch.node] = conflicts.get(batch.node, 0) + batch.conflicts
    result = []
    for node in list_nodes(registry):
        own = [one.ranges for one in receipts if one.node == node.id]
        result.append(
            NodeReport(
                node.id,
                node.school,
                format_moment(node.enrolled),
                format_moment(node.last_contact),
                sum(received.count(ranges) for ranges in own),
                sum(received.count(received.gaps(ranges)) for ranges in own),
                conflicts.get(node.id, 0),
                len(own),
            )
        )
    return result
