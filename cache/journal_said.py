"""The time that a teacher confirmed last, in the journal: it counts with the agent stopped, too.

The agent takes it into ``school-time.json`` (``cache.school_clock``).
"""

import sqlite3
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec

from cache.journal_tables import table_rows
from cache.migrations import Migration
from core.codec import convert
from core.school_time import Confirmation

MIGRATION: Final = Migration(
    "teachers' time",
    (
        """CREATE TABLE said (
            id INTEGER PRIMARY KEY CHECK (id = 1),
            boot TEXT NOT NULL,
            monotonic REAL NOT NULL,
            confirmed REAL NOT NULL,
            teacher TEXT NOT NULL
        ) STRICT""",
    ),
)


def keep_said(connection: sqlite3.Connection, said: Confirmation, teacher: str) -> None:
    """Keep a confirmation in place of the last one."""
    connection.execute("INSERT OR REPLACE INTO said VALUES (1, ?, ?, ?, ?)", (*said, teacher))


def said(path: Path) -> Confirmation | None:
    """Give the last confirmation, or None.

    Raises:
        DamagedError: the journal is damaged; the portal salvages it.
    """
    rows = table_rows(path, "said", "SELECT boot, monotonic, confirmed FROM said")
    # One row at most; what a damaged page made of it is none.
    for row in rows:
        with suppress(msgspec.ValidationError):
            return convert(row, Confirmation)
    return None
