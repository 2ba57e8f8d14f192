"""The structure of journal.db: statements not yet acknowledged, and the portal's settings.

Other modules (``cache.journal_…``) have tables of their own in it.
"""

from typing import Final

from cache import (
    journal_changes,
    journal_classes,
    journal_lineup,
    journal_own,
    journal_pins,
    journal_said,
    journal_sign_ins,
    journal_wishes,
)
from cache.databases import Migration

MIGRATIONS: Final = (
    Migration(
        "first tables",
        (
            # last: highest number given out; pruned: highest number removed. What lies between
            # is in statement without a gap. The epoch with the highest id is the current one.
            """CREATE TABLE epoch (
                id INTEGER PRIMARY KEY AUTOINCREMENT,
                epoch BLOB NOT NULL UNIQUE,
                reason TEXT NOT NULL,
                began REAL NOT NULL,
                last INTEGER NOT NULL DEFAULT 0,
                pruned INTEGER NOT NULL DEFAULT 0
            ) STRICT""",
            # Each row stands alone: it names its epoch in full and has its own checksum, so that
            # whatever can still be read of a damaged file can be trusted.
            """CREATE TABLE statement (
                id INTEGER PRIMARY KEY AUTOINCREMENT,
                epoch BLOB NOT NULL,
                sequence INTEGER NOT NULL,
                at REAL NOT NULL,
                record BLOB NOT NULL,
                checksum INTEGER NOT NULL,
                UNIQUE (epoch, sequence)
            ) STRICT""",
            """CREATE TABLE setting (
                name TEXT PRIMARY KEY,
                value BLOB NOT NULL
            ) STRICT, WITHOUT ROWID""",
        ),
    ),
    journal_pins.MIGRATION,
    journal_said.MIGRATION,
    journal_changes.MIGRATION,
    journal_wishes.MIGRATION,
    journal_sign_ins.MIGRATION,
    journal_classes.MIGRATION,
    journal_lineup.MIGRATION,
    journal_own.MIGRATION,
)
