"""Batches of statements: cut from the journal, encoded and signed, the same for every carrier."""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cache.journal_reader import Epoch, JournalReader, JournalRow
from core.errors import RefusedError
from core.statement import SignedBatch, encode_batch, encode_signed_batch, signed_message
from core.usage import Statement, decode_record, plain_statement
from sync.identity import Identity

REFUSED: Final = "upload-refused"
"""Fact that is not empty while the hub does not take statements."""
MOST_STATEMENTS: Final = 2000
MOST_BYTES: Final = 256 * 1024
# Stands for a record that this Packhorse cannot read; the hub isolates it, since nobody counts 0.
_UNREADABLE: Final = Statement(
    verb="failed", pack="", version=-1, item="", session="", boot="", offset=0, at=0, count=0
)


class Batch(NamedTuple):
    """A signed batch as it travels; ``first`` and ``last`` are numbers of ``epoch``."""

    epoch: bytes
    first: int
    last: int
    data: bytes


class Signer:
    """Signs this node's batches."""

    def __init__(self, identity: Identity, key: Ed25519PrivateKey) -> None:
        self._identity = identity
        self._key = key

    def batch(self, epoch: bytes, first: int, body: bytes) -> bytes:
        """Give a signed batch as it travels."""
        hub, node = self._identity.hub, self._identity.node
        signature = self._key.sign(signed_message(hub, node, epoch, first, body))
        return encode_signed_batch(SignedBatch(hub, node, epoch, first, body, signature))


def encode_rows(rows: Sequence[JournalRow]) -> bytes:
    """Encode rows of the journal that follow one another."""
    return encode_batch([_statement(row) for row in rows])


def cut(journal: JournalReader, epoch: Epoch, after: int, signer: Signer) -> Iterator[Batch]:
    """Give batches of everything above ``after``, oldest first, each of bounded size.

    Raises:
        DamagedError: the journal is damaged.
    """
    while rows := journal.unsent(epoch.epoch, after, MOST_STATEMENTS):
        body = encode_rows(rows)
        while len(body) > MOST_BYTES and len(rows) > 1:
            rows = rows[: len(rows) // 2]
            body = encode_rows(rows)
        first, after = rows[0].sequence, rows[-1].sequence
        yield Batch(epoch.epoch, first, after, signer.batch(epoch.epoch, first, body))


def _statement(row: JournalRow) -> Statement:
    try:
        return plain_statement(decode_record(row.record))
    except RefusedError:
        return _UNREADABLE
