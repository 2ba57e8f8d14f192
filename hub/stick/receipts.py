"""Writing receipts: what the hub has of each node, for the way back."""

from collections.abc import Collection, Iterable
from typing import Final

from cache.stick_writer import StickWriter
from core import received
from core.acknowledgement import Acknowledgement
from core.errors import RefusedError
from core.stick import (
    DOWN,
    MAX_RECEIPT_BYTES,
    Receipt,
    decode_receipt,
    encode_receipt,
)
from hub.registry.database import Registry
from hub.registry.receipts import NodeReceipts, receipts_of

# Numbers of one epoch that a receipt tells more about than that they have come.
_MOST_NUMBERS: Final = 2000

Answers = dict[str, list[Acknowledgement]]
"""By node, what the hub answered to each of its batches just now."""


def write_receipts(
    stick: StickWriter,
    registry: Registry,
    hub: str,
    nodes: Collection[str] | None,
    answers: Answers | None = None,
) -> int:
    """Write receipts; give how many were not there before.

    Args:
        stick: where to.
        registry: what has come.
        hub: this hub's id.
        nodes: which nodes; None for all that this hub knows.
        answers: what was answered just now, for the reasons of what was refused.

    Raises:
        RefusedError: something that is no folder is in the way.
        OSError: the stick fails.
    """
    written = 0
    for node in receipts_of(registry, nodes):
        told = [*_told_before(stick, node), *(answers or {}).get(node.node, [])]
        data = _encoded(hub, node, told)
        written += stick.write(f"{DOWN}/{node.node}", data)
    return written


def _told_before(stick: StickWriter, node: NodeReceipts) -> list[Acknowledgement]:
    """Give what the receipt on the stick says: the node may not have read it yet."""
    try:
        data = stick.find(f"{DOWN}/{node.node}", MAX_RECEIPT_BYTES)
        return decode_receipt(data, node.key).acknowledgements if data else []
    except RefusedError:
        return []


def _encoded(hub: str, node: NodeReceipts, told: Iterable[Acknowledgement]) -> bytes:
    details: dict[str, list[Acknowledgement]] = {}
    for one in told:
        details.setdefault(one.epoch, []).append(one)
    acknowledgements = [
        _merged(one.epoch, received.contiguous(one.ranges), details.get(one.epoch, []))
        for one in node.receipts
    ]
    data = encode_receipt(Receipt(hub, node.node, acknowledgements), node.key)
    if len(data) > MAX_RECEIPT_BYTES:
        short = [Acknowledgement(one.epoch, one.contiguous) for one in acknowledgements]
        data = encode_receipt(Receipt(hub, node.node, short), node.key)
    return data


def _merged(epoch: str, contiguous: int, details: list[Acknowledgement]) -> Acknowledgement:
    rejected = {each.sequence: each for one in details for each in one.rejected}
    conflicts = sorted({each for one in details for each in one.conflicts})
    return Acknowledgement(
        epoch,
        contiguous,
        [rejected[number] for number in sorted(rejected)][:_MOST_NUMBERS],
        conflicts[:_MOST_NUMBERS],
    )
