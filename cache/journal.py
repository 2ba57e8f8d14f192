"""The journal: precious. Written by the portal alone; readers use ``cache.journal_reader``.

Rules:
    - ``append`` returns once its statements survive a power cut, and not before.
    - A number is given out once: an epoch (64 random bits of the caller's) begins at first boot,
      and again whenever numbers could repeat: after a restore, a salvage, or when the hub has
      acknowledged more than this file ever gave out.
    - A statement leaves only after acknowledgement (``prune``).

Standard library only, for the portal. Records are opaque bytes here. The methods may be called
from several threads.
"""

import dataclasses
import sqlite3
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final, TypeVar

from cache import generations
from cache.databases import examine, open_writer, sqlite_in_words, transaction
from cache.journal_reader import MACHINE, JournalReader, checksum, is_sound
from cache.journal_salvage import Salvaged, Sorted, copy_tables, done, salvage, sort_out
from cache.journal_schema import MIGRATIONS
from cache.machine import Machine, is_other, merged
from cache.state import StateDirectory

T = TypeVar("T")
EPOCH_BYTES: Final = 8
_NO_MACHINE: Final = Machine()
_CHECK: Final = "SELECT epoch, sequence, at, record, checksum FROM statement"
# Numbers are unique, so as many as expected within the bounds means all of them.
_DISORDER: Final = """
    SELECT count(*) FROM epoch WHERE last < pruned OR last - pruned <> (
        SELECT count(*) FROM statement
        WHERE statement.epoch = epoch.epoch AND sequence > pruned AND sequence <= last)
    OR EXISTS (
        SELECT 1 FROM statement
        WHERE statement.epoch = epoch.epoch AND (sequence <= pruned OR sequence > last))
"""


@dataclass(frozen=True, slots=True)
class Opening:
    """What was met when the journal was opened.

    Attributes:
        reason: why a new epoch began; empty when the last one goes on.
        damage: what was wrong with the file, in plain words; empty when nothing was.
        kept: statements that were saved from a damaged file under their old numbers.
        renumbered: statements that were saved under new numbers, because others are lost.
        others: rows of other modules' tables that were saved.
        set_aside: where the damaged file lies now.
    """

    reason: str = ""
    damage: str = ""
    kept: int = 0
    renumbered: int = 0
    others: int = 0
    set_aside: Path | None = None


class Journal:
    """The one writer of the journal.

    Args:
        state: the node's state directory.
        fresh_epoch: 8 random bytes, used only if a new epoch must begin.
        at: now.
        acknowledged: highest acknowledged number by epoch, from agent.db.
        machine: the machine that this runs on; on another one a new epoch begins, since the
            first one may go on with a copy of this journal.

    Raises:
        ExhaustedError: the disk is full, broken or read-only.
        UsageError: this user may not write there, or a newer Packhorse wrote the file.
    """

    def __init__(
        self,
        state: StateDirectory,
        *,
        fresh_epoch: bytes,
        at: datetime,
        acknowledged: Mapping[bytes, int],
        machine: Machine = _NO_MACHINE,
    ) -> None:
        self._path = state.journal
        self._lock = threading.Lock()
        self.opening = _prepare(state, fresh_epoch, at, acknowledged)
        self._connection = open_writer(state.journal, MIGRATIONS)
        self.reader = JournalReader(state.journal)
        if any(one.last < acknowledged.get(one.epoch, 0) for one in self.reader.epochs()):
            self.begin_epoch(fresh_epoch, "restore", at=at)
            self.opening = Opening(reason="restore")
        if self._meet(machine, fresh_epoch, at):
            self.opening = dataclasses.replace(self.opening, reason="another machine")

    @property
    def epoch(self) -> bytes:
        """The current epoch."""
        return self.reader.epochs()[-1].epoch

    def _meet(self, machine: Machine, fresh_epoch: bytes, at: datetime) -> bool:
        """Remember the machine; say whether a new epoch began because it is another one."""
        known = self.reader.machine()
        other = is_other(known, machine)
        now = machine if other else merged(known, machine)
        if now == known:
            return False
        # What was opened as new, or restored, has begun this epoch already.
        begins = other and not self.opening.reason
        with self._lock, transaction(self._connection, self._path):
            if begins:
                _begin(self._connection, fresh_epoch, "another machine", at)
            self._connection.execute(
                "INSERT OR REPLACE INTO setting VALUES (?, ?)", (MACHINE, now.encode())
            )
        return begins

    def append(self, records: Sequence[bytes], *, at: datetime) -> range:
        """Make statements durable in one commit; give their numbers in the current epoch.

        Raises:
            ExhaustedError: the disk is full, broken or read-only; none of them is kept.
            DamagedError: the file is damaged; the next start salvages it.
        """
        with self._lock, transaction(self._connection, self._path):
            return self._append(records, at)

    def begin_epoch(self, epoch: bytes, reason: str, *, at: datetime) -> None:
        """Begin to number from 1 again under new random bits.

        Raises:
            ExhaustedError: the disk is full, broken or read-only.
        """
        with self._lock, transaction(self._connection, self._path):
            _begin(self._connection, epoch, reason, at)

    def prune(self, acknowledged: Mapping[bytes, int]) -> int:
        """Remove acknowledged statements, and past epochs that have none left; give how many.

        Raises:
            ExhaustedError: the disk is full, broken or read-only.
            DamagedError: the file is damaged; the next start salvages it.
        """
        removed = 0
        with self._lock, transaction(self._connection, self._path):
            for epoch, sequence in acknowledged.items():
                removed += self._connection.execute(
                    "DELETE FROM statement WHERE epoch = ? AND sequence <= ?", (epoch, sequence)
                ).rowcount
                self._connection.execute(
                    "UPDATE epoch SET pruned = max(pruned, min(last, ?)) WHERE epoch = ?",
                    (sequence, epoch),
                )
            self._connection.execute(
                "DELETE FROM epoch WHERE pruned = last AND id < (SELECT max(id) FROM epoch)"
            )
        return removed

    def setting(self, name: str, default: bytes) -> bytes:
        """Give a setting such as the form secret; the first time keep ``default`` for it.

        Raises:
            ExhaustedError: the disk is full, broken or read-only.
        """
        with self._lock, transaction(self._connection, self._path):
            self._connection.execute("INSERT OR IGNORE INTO setting VALUES (?, ?)", (name, default))
            row = self._connection.execute(
                "SELECT value FROM setting WHERE name = ?", (name,)
            ).fetchone()
        return bytes(row[0])

    def set_setting(self, name: str, value: bytes) -> None:
        """Keep a setting.

        Raises:
            ExhaustedError: the disk is full, broken or read-only.
        """
        with self._lock, transaction(self._connection, self._path):
            self._connection.execute("INSERT OR REPLACE INTO setting VALUES (?, ?)", (name, value))

    def _append(self, records: Sequence[bytes], at: datetime) -> range:
        row, epoch, last = self._connection.execute(
            "SELECT id, epoch, last FROM epoch ORDER BY id DESC LIMIT 1"
        ).fetchone()
        numbers = range(last + 1, last + 1 + len(records))
        _insert(self._connection, epoch, numbers, records, [at.timestamp()] * len(records))
        self._connection.execute(
            "UPDATE epoch SET last = ? WHERE id = ?", (last + len(records), row)
        )
        return numbers

    def change(
        self,
        work: Callable[[sqlite3.Connection], T],
        records: Sequence[bytes] = (),
        *,
        at: datetime | None = None,
    ) -> T:
        """Do something in one transaction that survives a power cut; give what it gives.

        For the tables of other modules (``cache.journal_…``).

        Args:
            work: what to do.
            records: statements of it, appended in the same transaction.
            at: when; needed for statements.

        Raises:
            ExhaustedError: the disk is full, broken or read-only; nothing of it is kept.
            DamagedError: the file is damaged; the next start salvages it.
        """
        with self._lock, transaction(self._connection, self._path):
            done = work(self._connection)
            if at is not None and records:
                self._append(records, at)
        return done

    def close(self) -> None:
        """Close the file; all that was committed is in it."""
        with self._lock, sqlite_in_words(self._path):
            self._connection.close()


def journal_damage(path: Path) -> str | None:
    """Say what is wrong with a journal: None when it is sound, empty when there is none.

    Raises:
        ExhaustedError: the disk is full, broken or read-only.
        UsageError: this user may not write there, or a newer Packhorse wrote the file.
    """
    reason = examine(path, MIGRATIONS)
    if reason is not None:
        return reason
    with closing(open_writer(path, MIGRATIONS)) as connection:
        bad = sum(not is_sound(*row) for row in connection.execute(_CHECK))
        epochs = connection.execute("SELECT count(*) FROM epoch").fetchone()[0]
        disorder = connection.execute(_DISORDER).fetchone()[0]
    if bad:
        return f"{bad} statements have a wrong checksum"
    if disorder:
        return "numbers of statements are missing"
    return None if epochs else "it has no epoch"


def _prepare(
    state: StateDirectory, fresh_epoch: bytes, at: datetime, acknowledged: Mapping[bytes, int]
) -> Opening:
    """Build the first journal, or the successor of a damaged one; set older ones aside."""
    if len(fresh_epoch) != EPOCH_BYTES:
        raise ValueError(fresh_epoch)
    damage = journal_damage(state.journal)
    if damage is None:
        generations.set_aside(state.journal, state.quarantine)
        return Opening()
    found = salvage(state.journal) if damage else Salvaged()
    saved = sort_out(found, acknowledged)
    reason = "salvage" if damage else "first boot"
    generation = generations.following(state.journal)
    with (
        closing(open_writer(generation, MIGRATIONS)) as connection,
        transaction(connection, generation),
    ):
        _refill(connection, found, saved, acknowledged)
        others = copy_tables(state.journal, connection) if damage else 0
        _begin(connection, fresh_epoch, reason, at)
        _renumber(connection, fresh_epoch, saved)
    generations.switch(state.journal, generation)
    moved = generations.set_aside(state.journal, state.quarantine)
    return Opening(
        reason=reason,
        damage=damage,
        kept=sum(map(len, saved.kept.values())),
        renumbered=len(saved.renumbered),
        others=others,
        set_aside=moved[-1] if moved else None,
    )


def _refill(
    connection: sqlite3.Connection,
    found: Salvaged,
    saved: Sorted,
    acknowledged: Mapping[bytes, int],
) -> None:
    for name, value in found.settings.items():
        connection.execute("INSERT INTO setting VALUES (?, ?)", (name, value))
    for epoch, rows in saved.kept.items():
        connection.execute(
            "INSERT INTO epoch (epoch, reason, began, last, pruned) VALUES (?, ?, ?, ?, ?)",
            (epoch, "salvaged", rows[0].at, rows[-1].sequence, done(found, epoch, acknowledged)),
        )
        numbers = range(rows[0].sequence, rows[-1].sequence + 1)
        records, times = [row.record for row in rows], [row.at for row in rows]
        _insert(connection, epoch, numbers, records, times)


def _renumber(connection: sqlite3.Connection, epoch: bytes, saved: Sorted) -> None:
    rows = saved.renumbered
    numbers = range(1, len(rows) + 1)
    _insert(connection, epoch, numbers, [row.record for row in rows], [row.at for row in rows])
    connection.execute("UPDATE epoch SET last = ? WHERE epoch = ?", (len(rows), epoch))


def _begin(connection: sqlite3.Connection, epoch: bytes, reason: str, at: datetime) -> None:
    connection.execute(
        "INSERT INTO epoch (epoch, reason, began) VALUES (?, ?, ?)", (epoch, reason, at.timestamp())
    )


def _insert(
    connection: sqlite3.Connection,
    epoch: bytes,
    numbers: range,
    records: Sequence[bytes],
    times: Sequence[float],
) -> None:
    connection.executemany(
        "INSERT INTO statement (epoch, sequence, at, record, checksum) VALUES (?, ?, ?, ?, ?)",
        (
            (epoch, number, at, record, checksum(epoch, number, at, record))
            for number, record, at in zip(numbers, records, times, strict=True)
        ),
    )
