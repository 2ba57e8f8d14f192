"""What agent.db says, for whoever does not write it: the portal and the resident agent.

Where there is no agent.db yet, or a damaged one, everything is empty:
nothing of it is needed to serve, and the agent's side repairs it.
"""

import json
import sqlite3
import struct
import zlib
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

from cache.databases import DamagedError, open_reader, sqlite_in_words
from core.codec import json_decoder
from core.line.estimate import Estimate
from core.line.ledger import Ledger

SCHOOL_NAME: Final = "school-name"
NODE_NAME: Final = "node-name"
ESTIMATE: Final = "line-estimate"
_JOBS: Final = """
    SELECT id, kind, detail, state, done, total, message, created, changed FROM job
    WHERE ? = '[]' OR state IN (SELECT value FROM json_each(?)) ORDER BY id DESC LIMIT ?
"""


@dataclass(frozen=True, slots=True)
class Job:
    """One piece of work. Times are Unix seconds, progress is in bytes.

    Attributes:
        state: ``waiting``, ``running``, ``done`` or ``failed``.
        message: why it failed, or what it does now.
    """

    id: int
    kind: str
    detail: dict[str, Any]
    state: str
    done: int
    total: int
    message: str
    created: float
    changed: float


@dataclass(frozen=True, slots=True)
class Contact:
    """The last dealings with the hub. Times are Unix seconds, None for never.

    Attributes:
        answered: when it last answered.
        tried: when it was last tried.
        problem: why that failed, in plain words; empty when it did not.
        failed: since when every try has failed; None when the last one did not.
    """

    answered: float | None = None
    tried: float | None = None
    problem: str = ""
    failed: float | None = None


@dataclass(frozen=True, slots=True)
class RefusedStatement:
    """A statement that the hub will never take; it counts as acknowledged."""

    epoch: bytes
    sequence: int
    kind: str
    reason: str
    at: float


@dataclass(frozen=True, slots=True)
class TeacherRow:
    """A teacher; ``pin`` is a record of ``core.pins``, ``since`` a date."""

    name: str
    pin: str
    since: str


@dataclass(frozen=True, slots=True)
class Names:
    """What people call the school and this node; empty when nobody said."""

    school: str = ""
    node: str = ""


class AgentReader:
    """Reads agent.db afresh at each question."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def acknowledged(self) -> dict[bytes, int]:
        """Give, for each epoch, the highest sequence up to which the hub has everything."""
        rows = self._rows("SELECT epoch, sequence, checksum FROM acknowledged")
        return {epoch: sequence for epoch, sequence, check in rows
                if _is_sound(epoch, sequence, check)}  # fmt: skip

    def refused(self) -> list[RefusedStatement]:
        """Give the statements that the hub refused, oldest first."""
        rows = self._rows(
            "SELECT epoch, sequence, kind, reason, at FROM refused ORDER BY at, sequence"
        )
        return [RefusedStatement(**dict(row)) for row in rows]

    def refused_count(self) -> int:
        """Count the statements that the hub refused."""
        rows = self._rows("SELECT count(*) AS count FROM refused")
        return int(rows[0]["count"]) if rows else 0

    def fact(self, name: str) -> str | None:
        """Give a remembered text such as the tip's ETag, or None."""
        rows = self._rows("SELECT value FROM fact WHERE name = ?", name)
        return str(rows[0]["value"]) if rows else None

    def contact(self) -> Contact:
        """Give the last dealings with the hub; none where they are told otherwise."""
        text = self.fact("contact")
        with suppress(msgspec.DecodeError):
            return json_decoder(Contact).decode(text) if text else Contact()
        return Contact()

    def names(self) -> Names:
        """Give the names that people chose."""
        return Names(self.fact(SCHOOL_NAME) or "", self.fact(NODE_NAME) or "")

    def teachers(self) -> list[TeacherRow]:
        """Give the teachers who may lead classes, by name."""
        rows = self._rows("SELECT name, pin, since FROM teacher ORDER BY name")
        return [TeacherRow(**dict(row)) for row in rows]

    def jobs(self, *states: str, limit: int = 20) -> list[Job]:
        """Give the newest jobs of these states, newest first; of all states when none is named."""
        wanted = json.dumps(states)
        return [job_of(row) for row in self._rows(_JOBS, wanted, wanted, limit)]

    def ledger(self) -> Ledger:
        """Give what has travelled by line in this month of the budget."""
        rows = self._rows("SELECT month, used, reserved FROM ledger")
        return Ledger(**dict(rows[0])) if rows else Ledger()

    def estimate(self) -> Estimate:
        """Give what is believed of the line; an empty one where nothing was measured."""
        text = self.fact(ESTIMATE)
        with suppress(msgspec.DecodeError):
            return json_decoder(Estimate).decode(text) if text else Estimate()
        return Estimate()

    def _rows(self, sql: str, *values: str | int) -> list[sqlite3.Row]:
        with suppress(FileNotFoundError, DamagedError), closing(open_reader(self._path)) as file:
            file.row_factory = sqlite3.Row
            with sqlite_in_words(self._path, reading=True):
                return file.execute(sql, values).fetchall()
        return []


def acknowledgement_checksum(epoch: bytes, sequence: int) -> int:
    """Give the checksum that an acknowledgement's row carries."""
    return zlib.crc32(struct.pack("<8sq", epoch, sequence))


def _is_sound(epoch: object, sequence: object, check: object) -> bool:
    return (
        isinstance(epoch, bytes)
        and isinstance(sequence, int)
        and acknowledgement_checksum(epoch, sequence) == check
    )


def job_of(row: sqlite3.Row) -> Job:
    """Make a job of a row."""
    return Job(**{**dict(row), "detail": json.loads(row["detail"])})
