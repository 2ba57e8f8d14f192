"""What teachers changed about lessons of the timetable, in the journal: one change a lesson.

A change is undone by removing it. Those of long ago are removed when a new one is made, so that
the table stays small.
"""

import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from cache.journal_tables import table_rows
from cache.migrations import Migration
from core.codec import convert
from core.timetable import Change

MOST_CHANGES: Final = 2000
_KEPT_MINUTES: Final = 60 * 24 * 60
MIGRATION: Final = Migration(
    "timetable changes",
    (
        # Minutes since 1970; target is 0 for a lesson that is cancelled.
        """CREATE TABLE change (
            channel TEXT NOT NULL,
            start INTEGER NOT NULL,
            kind TEXT NOT NULL,
            target INTEGER NOT NULL,
            teacher TEXT NOT NULL,
            at REAL NOT NULL,
            PRIMARY KEY (channel, start)
        ) STRICT""",
    ),
)
_ALL: Final = "SELECT channel, start, kind, target, teacher, at FROM change ORDER BY at, start"


@dataclass(frozen=True, slots=True)
class KeptChange:
    """A change, who made it, and when: Unix seconds as then believed."""

    change: Change
    teacher: str
    at: float


def keep_change(connection: sqlite3.Connection, kept: KeptChange, now: int) -> None:
    """Keep a change in place of an earlier one of the same lesson.

    Args:
        connection: the journal's, in a transaction.
        kept: the change.
        now: the present minute since 1970, which is sure.
    """
    one = kept.change
    connection.execute("DELETE FROM change WHERE start < ?", (now - _KEPT_MINUTES,))
    connection.execute(
        "INSERT OR REPLACE INTO change VALUES (?, ?, ?, ?, ?, ?)",
        (one.channel, one.start, one.kind, one.to, kept.teacher, kept.at),
    )
    connection.execute(
        "DELETE FROM change WHERE (channel, start) IN"
        " (SELECT channel, start FROM change ORDER BY start DESC LIMIT -1 OFFSET ?)",
        (MOST_CHANGES,),
    )


def undo_change(connection: sqlite3.Connection, channel: str, start: int) -> bool:
    """Remove the change of a lesson; say whether there was one."""
    sql = "DELETE FROM change WHERE channel = ? AND start = ?"
    return connection.execute(sql, (channel, start)).rowcount > 0


def changes(path: Path) -> list[KeptChange]:
    """Give all changes, oldest first; rows that make no sense are left out.

    Raises:
        DamagedError: the journal is damaged; the portal salvages it.
    """
    found = []
    for channel, start, kind, target, teacher, at in table_rows(path, "change", _ALL):
        row = {"channel": channel, "start": start, "kind": kind, "to": target}
        try:
            change = convert(row, Change)
        except msgspec.ValidationError:
            continue
        if isinstance(teacher, str) and isinstance(at, float):
            found.append(KeptChange(change, teacher, at))
    return found
