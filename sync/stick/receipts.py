"""Receipts: what the hub says, by stick, to have of this node."""

from dataclasses import dataclass
from datetime import datetime

from cache.agent_db import AgentDatabase
from cache.journal_reader import JournalReader
from cache.state import StateDirectory
from cache.stick import StickDirectory
from core.acknowledgement import Acknowledgement
from core.errors import RefusedError
from core.stick import DOWN, MAX_RECEIPT_BYTES, decode_receipt
from sync.identity import Identity, find_enrolment_key
from sync.pending import confirm
from sync.stick.exported import exported


@dataclass(frozen=True, slots=True)
class Taken:
    """What a receipt let go: statements, and how many of them the hub will never accept."""

    acknowledged: int = 0
    rejected: int = 0


def take_receipt(
    state: StateDirectory,
    identity: Identity,
    stick: StickDirectory,
    agent: AgentDatabase,
    now: datetime,
) -> Taken:
    """Take the receipt for this node, if one is on the stick; the same again changes nothing.

    Raises:
        RefusedError: it is not from this node's hub.
        ExhaustedError: the node's disk is full, broken or read-only.
        OSError: the stick fails.
    """
    data = stick.find(f"{DOWN}/{identity.node}", MAX_RECEIPT_BYTES)
    if data is None:
        return Taken()
    key = find_enrolment_key(state)
    if key is None:
        raise RefusedError(
            "This node cannot check receipts: it was enrolled by an older Packhorse.",
            hint="Enrol it again with a new token; what waits is kept until then.",
        )
    receipt = decode_receipt(data, key)
    if (receipt.hub, receipt.node) != (identity.hub, identity.node):
        raise RefusedError(
            "The receipt on the stick is for another node.",
            hint="Import the stick at the hub again.",
        )
    pruned = {one.epoch: one.pruned for one in JournalReader(state.journal).epochs()}
    acknowledged = rejected = 0
    for one in receipt.acknowledgements:
        epoch = _epoch(one)
        after = max(agent.reader.acknowledged().get(epoch, 0), pruned.get(epoch, 0))
        last = min(one.contiguous, exported(agent, epoch))
        if last <= after:
            continue
        numbers = range(after + 1, last + 1)
        refused = {each.sequence: each.reason for each in one.rejected if each.sequence in numbers}
        conflicts = [each for each in one.conflicts if each in numbers]
        agent.acknowledge(epoch, last, at=now, rejected=refused, conflicts=conflicts)
        acknowledged += len(numbers)
        rejected += len(refused)
    confirm(state, identity)
    return Taken(acknowledged, rejected)


def _epoch(one: Acknowledgement) -> bytes:
    try:
        return bytes.fromhex(one.epoch)
    except ValueError as error:
        raise RefusedError("The receipt on the stick cannot be read.") from error
