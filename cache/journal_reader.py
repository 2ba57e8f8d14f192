"""What journal.db says, for whoever does not write it: the uploader and the agent's status.

Standard library only. Where there is no journal yet, there is no backlog.
"""

import sqlite3
import struct
import zlib
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cache.databases import DamagedError, open_reader, sqlite_in_words
from cache.machine import Machine, decode_machine

_PAGE: Final = 2000
_LAST_ID: Final = 2**63 - 1

# The setting that names the machine.
MACHINE: Final = "machine"


@dataclass(frozen=True, slots=True)
class Epoch:
    """One epoch of statements, numbered from 1.

    Attributes:
        epoch: its 64 random bits.
        reason: why it began.
        last: highest number given out.
        pruned: highest number removed after acknowledgement.
    """

    epoch: bytes
    reason: str
    last: int
    pruned: int


@dataclass(frozen=True, slots=True)
class JournalRow:
    """One durable statement; ``at`` is when it was appended, Unix seconds as then believed."""

    epoch: bytes
    sequence: int
    at: float
    record: bytes


@dataclass(frozen=True, slots=True)
class Backlog:
    """Statements not yet acknowledged; ``oldest`` is Unix seconds, None when there are none."""

    count: int
    oldest: float | None


def checksum(epoch: bytes, sequence: int, at: float, record: bytes) -> int:
    """Give the checksum that a statement's row carries."""
    return zlib.crc32(struct.pack("<8sqd", epoch, sequence, at) + record)


def is_sound(epoch: object, sequence: object, at: object, record: object, check: object) -> bool:
    """Say whether a statement's row is as it was written; a bad page may give anything."""
    return (
        isinstance(epoch, bytes)
        and isinstance(sequence, int)
        and isinstance(at, float)
        and isinstance(record, bytes)
        and checksum(epoch, sequence, at, record) == check
    )


class JournalReader:
    """Reads the journal afresh at each question."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def epochs(self) -> list[Epoch]:
        """Give all epochs that still have a part, oldest first; the last is the current one.

        Raises:
            DamagedError: the file is damaged; the portal salvages it when it starts.
        """
        rows = self._rows("SELECT epoch, reason, last, pruned FROM epoch ORDER BY id")
        return [Epoch(*row) for row in rows]

    def machine(self) -> Machine:
        """Give the machine on which the current epoch is written; one without marks if unknown.

        Raises:
            DamagedError: the file is damaged; the portal salvages it when it starts.
        """
        rows = self._rows("SELECT value FROM setting WHERE name = ?", MACHINE)
        return decode_machine(rows[0][0]) if rows else Machine()

    def unsent(self, epoch: bytes, after: int, limit: int) -> list[JournalRow]:
        """Give statements of an epoch with numbers above ``after``, in order.

        Raises:
            DamagedError: the file is damaged; the portal salvages it when it starts.
        """
        rows = self._rows(
            "SELECT sequence, at, record, checksum FROM statement"
            " WHERE epoch = ? AND sequence > ? ORDER BY sequence LIMIT ?",
            epoch,
            after,
            limit,
        )
        if not all(is_sound(epoch, *row) for row in rows):
            raise DamagedError(
                "A statement in {path} is damaged.",
                hint="The portal sets it right when it starts the next time.",
                path=str(self._path),
            )
        return [JournalRow(epoch, sequence, at, record) for sequence, at, record, _ in rows]

    def backlog(self, acknowledged: Mapping[bytes, int]) -> Backlog:
        """Count what is above the acknowledged number of each epoch.

        Raises:
            DamagedError: the file is damaged; the portal salvages it when it starts.
        """
        count, oldest = 0, None
        for epoch in self.epochs():
            after = max(acknowledged.get(epoch.epoch, 0), epoch.pruned)
            count += max(0, epoch.last - after)
            rows = self._rows(
                "SELECT min(at) FROM statement WHERE epoch = ? AND sequence > ?", epoch.epoch, after
            )
            if rows and rows[0][0] is not None:
                oldest = min(rows[0][0], rows[0][0] if oldest is None else oldest)
        return Backlog(count, oldest)

    def newest(self, since: float, limit: int) -> Iterator[bytes]:
        """Give the records appended since a moment (Unix seconds), newest first, at most so many.

        Damaged ones are left out.

        Raises:
            DamagedError: the file is damaged; the portal salvages it when it starts.
        """
        before = _LAST_ID
        while limit > 0:
            rows = self._rows(
                "SELECT id, epoch, sequence, at, record, checksum FROM statement"
                " WHERE id < ? AND at >= ? ORDER BY id DESC LIMIT ?",
                before,
                since,
                min(limit, _PAGE),
            )
            yield from (row[4] for row in rows if is_sound(*row[1:]))
            if not rows:
                return
            before, limit = rows[-1][0], limit - len(rows)

    def first(self) -> float | None:
        """Give when the oldest statement still here was appended, Unix seconds, or None.

        Raises:
            DamagedError: the file is damaged; the portal salvages it when it starts.
        """
        rows = self._rows("SELECT at FROM statement ORDER BY id LIMIT 1")
        return float(rows[0][0]) if rows else None

    def _rows(self, sql: str, *values: bytes | float | str) -> list[sqlite3.Row]:
        try:
            with (
                sqlite_in_words(self._path, reading=True),
                closing(open_reader(self._path)) as connection,
            ):
                return connection.execute(sql, values).fetchall()
        except FileNotFoundError:
            return []
