"""The writer of agent.db: the agent's side alone. Readers use ``cache.agent_reader``.

Nothing here is irreplaceable: acknowledgements come again from the hub, jobs from the next poll,
names and teachers from the people who know them. So a damaged file is set aside and begun anew;
names, teachers and the ledger are taken along as far as they can still be read in it.
"""

import json
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from dataclasses import asdict, astuple
from datetime import date, datetime
from pathlib import Path
from typing import Any, Self

import msgspec

from cache import durable, generations
from cache.agent_reader import (
    ESTIMATE,
    NODE_NAME,
    SCHOOL_NAME,
    AgentReader,
    Contact,
    Job,
    acknowledgement_checksum,
    job_of,
)
from cache.agent_schema import MIGRATIONS
from cache.databases import examine, open_writer, sqlite_in_words, transaction
from cache.state import StateDirectory
from core.line import ledger
from core.line.estimate import Estimate
from core.line.estimator import with_contact
from core.line.ledger import Ledger


class AgentDatabase:
    """Jobs, the line's ledger and acknowledgements."""

    def __init__(self, state: StateDirectory) -> None:
        """Open the file, or begin a new one when there is none or it is damaged.

        Raises:
            ExhaustedError: the disk is full, broken or read-only.
            UsageError: this user may not write there, or a newer Packhorse wrote it.
        """
        self._path = state.agent
        # Two commands may open it at the same moment. Not agent.lock: the resident agent holds
        # that one for as long as it lives, and its worker would wait for ever.
        with durable.lock(state.root / "agent.db.lock", "opening agent.db", wait=True):
            self.begun_anew = examine(state.agent, MIGRATIONS)
            if self.begun_anew is not None:
                generation = generations.following(state.agent)
                _begin(generation, AgentReader(state.agent))
                generations.switch(state.agent, generation)
            generations.set_aside(state.agent, state.quarantine)
            self._connection = open_writer(state.agent, MIGRATIONS)
        self.reader = AgentReader(state.agent)

    def acknowledge(
        self,
        epoch: bytes,
        sequence: int,
        *,
        at: datetime,
        rejected: Mapping[int, str] | None = None,
        conflicts: Iterable[int] = (),
    ) -> None:
        """Note the hub's answer to a batch; an acknowledgement never goes back.

        Args:
            epoch: the batch's epoch.
            sequence: highest sequence up to which the hub has everything.
            at: now.
            rejected: reason by sequence of records refused for good.
            conflicts: numbers that the hub has with other content.

        Raises:
            ExhaustedError: the disk is full, broken or read-only.
        """
        refused = [("rejected", number, reason) for number, reason in (rejected or {}).items()]
        refused += [("conflict", one, "the hub has other content of it") for one in conflicts]
        with transaction(self._connection, self._path):
            highest = max(sequence, self.reader.acknowledged().get(epoch, 0))
            self._connection.execute(
                "INSERT OR REPLACE INTO acknowledged VALUES (?, ?, ?)",
                (epoch, highest, acknowledgement_checksum(epoch, highest)),
            )
            # sqlite-utils looks for the row number of a row that it ignored; this table has none.
            self._connection.executemany(
                "INSERT OR IGNORE INTO refused (epoch, sequence, kind, reason, at)"
                " VALUES (?, ?, ?, ?, ?)",
                [(epoch, number, kind, reason, at.timestamp()) for kind, number, reason in refused],
            )

    def remember(self, name: str, value: str) -> None:
        """Remember a text such as the tip's ETag.

        Raises:
            ExhaustedError: the disk is full, broken or read-only.
        """
        with transaction(self._connection, self._path):
            self._put(name, value)

    def set_teacher(self, name: str, pin: str, since: str) -> None:
        """Add a teacher, or give one another PIN.

        Args:
            name: of the teacher.
            pin: a record of ``core.pins``.
            since: the school's date.

        Raises:
            ExhaustedError: the disk is full, broken or read-only.
        """
        with transaction(self._connection, self._path):
            self._connection.execute(
                "INSERT INTO teacher VALUES (?, ?, ?)"
                " ON CONFLICT (name) DO UPDATE SET pin = excluded.pin",
                (name, pin, since),
            )

    def remove_teacher(self, name: str) -> bool:
        """Remove a teacher; say whether they were there.

        Raises:
            ExhaustedError: the disk is full, broken or read-only.
        """
        with transaction(self._connection, self._path):
            done = self._connection.execute("DELETE FROM teacher WHERE name = ?", (name,))
            return done.rowcount > 0

    def note_contact(self, at: datetime, problem: str = "") -> None:
        """Note that the hub answered, or in plain words why it did not.

        How often the line is there is learnt from it, too.

        Raises:
            ExhaustedError: the disk is full, broken or read-only.
        """
        before, now = self.reader.contact(), at.timestamp()
        answered = before.answered if problem else now
        failed = (before.failed or now) if problem else None
        contact = Contact(answered, now, problem, failed)
        self.remember("contact", json.dumps(asdict(contact)))
        if before.tried is not None:
            was_up, is_up, passed = not before.problem, not problem, now - before.tried
            self.learn(lambda kept: with_contact(kept, passed, was_up=was_up, is_up=is_up))

    def add_job(self, kind: str, detail: Mapping[str, Any], *, at: datetime, total: int = 0) -> int:
        """Queue a job; give its number.

        Raises:
            ExhaustedError: the disk is full, broken or read-only.
        """
        with transaction(self._connection, self._path):
            moment = at.timestamp()
            row = self._connection.execute(
                "INSERT INTO job (kind, detail, state, total, created, changed)"
                " VALUES (?, ?, 'waiting', ?, ?, ?) RETURNING id",
                (kind, json.dumps(dict(detail)), total, moment, moment),
            ).fetchone()
        return int(row[0])

    def claim_job(self, *, at: datetime) -> Job | None:
        """Take the oldest waiting job, which no other process gets then; None when none waits.

        Raises:
            ExhaustedError: the disk is full, broken or read-only.
        """
        with transaction(self._connection, self._path):
            cursor = self._connection.cursor()
            cursor.row_factory = sqlite3.Row
            row = cursor.execute(
                "UPDATE job SET state = 'running', changed = ? WHERE id ="
                " (SELECT min(id) FROM job WHERE state = 'waiting') RETURNING *",
                (at.timestamp(),),
            ).fetchone()
        return job_of(row) if row else None

    def progress_job(
        self, job: int, done: int, *, at: datetime, total: int | None = None, message: str = ""
    ) -> None:
        """Note how far a running job is, bytes.

        Raises:
            ExhaustedError: the disk is full, broken or read-only.
        """
        with transaction(self._connection, self._path):
            self._connection.execute(
                "UPDATE job SET done = ?, total = ifnull(?, total), message = ?, changed = ?"
                " WHERE id = ? AND state = 'running'",
                (done, total, message, at.timestamp(), job),
            )

    def finish_job(self, job: int, *, at: datetime, failure: str = "") -> None:
        """End a job, well or with the sentence that says why not.

        Raises:
            ExhaustedError: the disk is full, broken or read-only.
        """
        state = "failed" if failure else "done"
        with transaction(self._connection, self._path):
            self._connection.execute(
                "UPDATE job SET state = ?, message = ?, changed = ? WHERE id = ?",
                (state, failure, at.timestamp(), job),
            )

    def requeue_jobs(self, *, at: datetime) -> int:
        """Queue again what a killed process was running; give how many.

        The caller holds the lock under which jobs run.

        Raises:
            ExhaustedError: the disk is full, broken or read-only.
        """
        with transaction(self._connection, self._path):
            return self._connection.execute(
                "UPDATE job SET state = 'waiting', changed = ? WHERE state = 'running'",
                (at.timestamp(),),
            ).rowcount

    def forget_jobs(self, *, keep: int = 100) -> None:
        """Forget ended jobs but the newest ``keep``.

        Raises:
            ExhaustedError: the disk is full, broken or read-only.
        """
        ended = "state IN ('done', 'failed')"
        with transaction(self._connection, self._path):
            self._connection.execute(
                f"DELETE FROM job WHERE {ended} AND id NOT IN"  # noqa: S608
                f" (SELECT id FROM job WHERE {ended} ORDER BY id DESC LIMIT ?)",
                (keep,),
            )

    def reserve_bytes(self, count: int) -> Ledger:
        """Count bytes before they are asked for on the line; give the ledger then.

        Raises:
            ExhaustedError: the disk is full, broken or read-only.
        """
        return self._change_ledger(lambda kept: ledger.reserve(kept, count))

    def settle_bytes(self, reserved: int, used: int) -> Ledger:
        """Count bytes that have travelled in the place of those reserved for them.

        Raises:
            ExhaustedError: the disk is full, broken or read-only.
        """
        return self._change_ledger(lambda kept: ledger.settle(kept, reserved, used))

    def turn_month(self, today: date | None, budget_day: int) -> Ledger:
        """Begin a new month of the budget, if it is one; give the ledger then.

        Args:
            today: the school's date; None when nobody is sure of it.
            budget_day: the day on which a month begins.

        Raises:
            ExhaustedError: the disk is full, broken or read-only.
        """
        return self._change_ledger(lambda kept: ledger.turned(kept, today, budget_day))

    def move_month(self, today: date | None, budget_day: int) -> Ledger:
        """Let months of the budget begin on this day; give the ledger then.

        Args:
            today: the school's date; None when nobody is sure of it.
            budget_day: the day on which one begins from now on.

        Raises:
            ExhaustedError: the disk is full, broken or read-only.
        """
        return self._change_ledger(lambda kept: ledger.moved(kept, today, budget_day))

    def _change_ledger(self, change: Callable[[Ledger], Ledger]) -> Ledger:
        with transaction(self._connection, self._path):
            row = self._connection.execute("SELECT month, used, reserved FROM ledger").fetchone()
            before = Ledger(month=row[0], used=row[1], reserved=row[2]) if row else Ledger()
            after = change(before)
            if after != before:
                self._connection.execute(*_ledger_row(after))
        return after

    def learn(self, change: Callable[[Estimate], Estimate]) -> None:
        """Keep what is believed of the line, after something was learnt.

        Raises:
            ExhaustedError: the disk is full, broken or read-only.
        """
        with transaction(self._connection, self._path):
            before = self.reader.estimate()
            after = change(before)
            if after != before:
                self._put(ESTIMATE, msgspec.json.encode(after).decode())

    def remember_estimate(self, estimate: Estimate) -> None:
        """Keep an estimate of the line in place of what was believed.

        Raises:
            ExhaustedError: the disk is full, broken or read-only.
        """
        self.learn(lambda _: estimate)

    def _put(self, name: str, value: str) -> None:
        self._connection.execute("INSERT OR REPLACE INTO fact VALUES (?, ?)", (name, value))

    def __enter__(self) -> Self:
        """Give this."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file."""
        self.close()

    def close(self) -> None:
        """Close the file; all that was committed is in it."""
        with sqlite_in_words(self._path):
            self._connection.close()


def _begin(path: Path, before: AgentReader) -> None:
    """Make a new file with what people told the one before it, as far as that can be read."""
    names, teachers = before.names(), before.teachers()
    facts = [(SCHOOL_NAME, names.school), (NODE_NAME, names.node)]
    with closing(open_writer(path, MIGRATIONS)) as connection, transaction(connection, path):
        connection.executemany(
            "INSERT OR IGNORE INTO fact VALUES (?, ?)",
            [(name, value) for name, value in facts if value],
        )
        connection.executemany(
            "INSERT OR IGNORE INTO teacher VALUES (?, ?, ?)",
            [row for row in map(astuple, teachers) if all(isinstance(one, str) for one in row)],
        )
        connection.execute(*_ledger_row(before.ledger()))


def _ledger_row(kept: Ledger) -> tuple[str, tuple[str, int, int]]:
    """Give statement and values that write the ledger."""
    statement = "INSERT OR REPLACE INTO ledger VALUES (1, ?, ?, ?)"
    return statement, (kept.month, kept.used, kept.reserved)
