"""The fleet as the hub knows it: nodes, and what has come from each."""

import msgspec

from core import received
from core.trusted_time import format_moment
from hub.registry.database import Registry
from hub.registry.enrolment import list_nodes
from hub.registry.receipts import all_receipts, conflicts_by_node


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
    receipts: dict[str, list[list[received.Range]]] = {}
    for one in all_receipts(registry):
        receipts.setdefault(one.node, []).append(one.ranges)
    conflicts = conflicts_by_node(registry)
    result = []
    for node in list_nodes(registry):
        own = receipts.get(node.id, [])
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
