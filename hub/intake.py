"""The intake: takes signed batches of statements, whatever carried them here.

Order: verify, compare with what is held, store the file durably, commit the registry, answer.
The registry's row is what counts a batch. Killed between file and commit, the node was not
answered, so it sends again; the file is then the same one, or is superseded by a longer batch
with the same records. ``recover`` takes in files that a restored registry does not know.
"""

import logging
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy.orm import Session

from cache.clock import Clock
from core import received
from core.digest import digest_of
from core.errors import RefusedError
from core.received import Range
from core.statement import (
    Acknowledgement,
    Poisoned,
    Rejection,
    SignedBatch,
    decode_signed_batch,
    signed_message,
)
from hub.refusals import ForbiddenError
from hub.registry.database import Registry
from hub.registry.enrolment import decode_public_key, find_node
from hub.registry.receipts import (
    Allowance,
    StoredBatch,
    add_batch,
    all_batches,
    batches_over,
    find_batch,
    ranges_of,
    spend,
)
from hub.usage import Record, UsageFiles, numbered

_log = logging.getLogger(__name__)
_MAX_REASON: Final = 200
_MAX_SEQUENCE: Final = 2**53


class Intake:
    """Takes batches for one hub.

    Args:
        registry: nodes and receipts.
        usage: where batches are stored.
        hub: this hub's id.
        clock: tells when a batch came.
        allowance: what one node may have stored on one day.
    """

    def __init__(
        self,
        registry: Registry,
        usage: UsageFiles,
        hub: str,
        clock: Clock,
        allowance: Allowance,
    ) -> None:
        """Take nothing yet."""
        self._allowance = allowance
        self._registry = registry
        self._usage = usage
        self._hub = hub
        self._clock = clock

    def take(self, data: bytes, *, limited: bool = True) -> Acknowledgement:
        """Take one signed batch; the same again gives the same answer and stores nothing.

        Args:
            data: the batch as it travels.
            limited: whether it counts against what the node may send in one day; not when it
                came by stick, where the statements of a year come at once.

        Raises:
            RefusedError: malformed, damaged, empty or too large.
            ForbiddenError: for another hub, or not signed by an enrolled node's key.
            TooOftenError: the node has sent as much as it may in one day.
            ExhaustedError: the disk is full.
            UnavailableError: the registry does not answer.
        """
        batch = decode_signed_batch(data)
        if batch.hub != self._hub:
            raise ForbiddenError(
                "The batch is for hub {found}, this one is {hub}.",
                hint="Enrol the node at this hub, or send the batch to its own.",
                found=repr(batch.hub),
                hub=self._hub,
            )
        with self._registry.transaction() as session:
            node = find_node(session, batch.node)
            _check_signature(batch, decode_public_key(node.public_key))
            records = numbered(batch)
            _check_span(batch, records)
            node.last_contact = self._clock.wall()
            allowance = self._allowance if limited else None
            return self._enter(session, batch, records, allowance)

    def recover(self) -> int:
        """Take in stored batches that the registry does not know; gives how many there were.

        Raises:
            UnavailableError: the registry does not answer.
        """
        known = {batch.path for batch in all_batches(self._registry)}
        taken = 0
        for path in self._usage.paths():
            if path in known:
                continue
            try:
                batch = self._usage.read(path)
                with self._registry.transaction() as session:
                    node = find_node(session, batch.node)
                    _check_signature(batch, decode_public_key(node.public_key))
                    self._enter(session, batch, numbered(batch))
                taken += 1
            except RefusedError as error:
                _log.warning("The stored batch %s is left aside: %s", path, error)
        return taken

    def _enter(
        self,
        session: Session,
        batch: SignedBatch,
        records: dict[int, Record],
        allowance: Allowance | None = None,
    ) -> Acknowledgement:
        epoch, digest = batch.epoch.hex(), digest_of(batch.body)
        ranges = ranges_of(session, batch.node, epoch)
        span = (batch.first, batch.first + len(records) - 1)
        overlap = received.common(ranges, *span)
        conflicts = self._conflicts(session, batch, records, overlap)
        stored_before = find_batch(session, batch.node, epoch, batch.first, digest)
        nothing_new = overlap == [span] and not conflicts
        if stored_before is None and not nothing_new:
            now = self._clock.wall()
            if allowance:
                spend(session, batch.node, now, len(batch.body), allowance)
            path = self._usage.store(batch, conflict=bool(conflicts))
            stored = StoredBatch(0, batch.node, epoch, *span, path, len(conflicts), now)
            ranges = add_batch(session, stored, digest, ranges)
        return Acknowledgement(epoch, received.contiguous(ranges), _rejections(records), conflicts)

    def _conflicts(
        self,
        session: Session,
        batch: SignedBatch,
        records: dict[int, Record],
        overlap: list[Range],
    ) -> list[int]:
        if not overlap:
            return []
        span = (overlap[0][0], overlap[-1][1])
        unseen, conflicts = set(received.numbers(overlap)), []
        # What came first counts, so the first batch that has a number decides about it.
        for stored in batches_over(session, batch.node, batch.epoch.hex(), span):
            if not unseen:
                break
            if unseen.isdisjoint(range(stored.first, stored.last + 1)):
                continue
            held = self._usage.records(stored.path)
            shared = unseen & held.keys()
            conflicts += [one for one in shared if not _same(held[one], records[one])]
            unseen -= shared
        return sorted(conflicts)


def _same(one: Record, other: Record) -> bool:
    if isinstance(one, Poisoned) and isinstance(other, Poisoned):
        return one.reason == other.reason
    return one == other


def _rejections(records: dict[int, Record]) -> list[Rejection]:
    return [
        Rejection(number, record.reason[:_MAX_REASON])
        for number, record in records.items()
        if isinstance(record, Poisoned)
    ]


def _check_signature(batch: SignedBatch, public_key: bytes) -> None:
    message = signed_message(batch.hub, batch.node, batch.epoch, batch.first, batch.body)
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(batch.signature, message)
    except InvalidSignature as error:
        raise ForbiddenError(
            "The batch is not signed by the key of node {node}.", node=batch.node
        ) from error


def _check_span(batch: SignedBatch, records: dict[int, Record]) -> None:
    if not records:
        raise RefusedError("The batch has no statements.")
    if batch.first + len(records) > _MAX_SEQUENCE:
        raise RefusedError("The batch's sequence numbers are too large.")
