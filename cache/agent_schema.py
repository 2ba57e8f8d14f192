"""The structure of agent.db: what the agent's side must remember. Times are Unix seconds."""

from typing import Final

from cache.databases import Migration

MIGRATIONS: Final = (
    Migration(
        "first tables",
        (
            # The portal removes statements by this row, so a flipped bit must be noticed.
            """CREATE TABLE acknowledged (
                epoch BLOB PRIMARY KEY,
                sequence INTEGER NOT NULL,
                checksum INTEGER NOT NULL
            ) STRICT, WITHOUT ROWID""",
            # kind: 'rejected' by the hub, or a 'conflict' with other content of that number
            """CREATE TABLE refused (
                epoch BLOB NOT NULL,
                sequence INTEGER NOT NULL,
                kind TEXT NOT NULL,
                reason TEXT NOT NULL,
                at REAL NOT NULL,
                PRIMARY KEY (epoch, sequence, kind)
            ) STRICT, WITHOUT ROWID""",
            """CREATE TABLE fact (
                name TEXT PRIMARY KEY,
                value TEXT NOT NULL
            ) STRICT, WITHOUT ROWID""",
            # AUTOINCREMENT: a job's number is never used again
            """CREATE TABLE job (
                id INTEGER PRIMARY KEY AUTOINCREMENT,
                kind TEXT NOT NULL,
                detail TEXT NOT NULL,
                state TEXT NOT NULL
                    CHECK (state IN ('waiting', 'running', 'done', 'failed')),
                done INTEGER NOT NULL DEFAULT 0,
                total INTEGER NOT NULL DEFAULT 0,
                message TEXT NOT NULL DEFAULT '',
                created REAL NOT NULL,
                changed REAL NOT NULL
            ) STRICT""",
            "CREATE INDEX job_state ON job (state, id)",
            """CREATE TABLE counter (
                day TEXT NOT NULL,
                name TEXT NOT NULL,
                bytes INTEGER NOT NULL,
                PRIMARY KEY (day, name)
            ) STRICT, WITHOUT ROWID""",
        ),
    ),
    Migration(
        "teachers",
        (
            # pin: a record of core.pins; since: a date
            """CREATE TABLE teacher (
                name TEXT PRIMARY KEY,
                pin TEXT NOT NULL,
                since TEXT NOT NULL
            ) STRICT, WITHOUT ROWID""",
        ),
    ),
    Migration(
        "ledger",
        (
            # One row: what has travelled in this month of the budget (core.line.ledger).
            """CREATE TABLE ledger (
                one INTEGER PRIMARY KEY CHECK (one = 1),
                month TEXT NOT NULL,
                used INTEGER NOT NULL,
                reserved INTEGER NOT NULL
            ) STRICT""",
        ),
    ),
)
