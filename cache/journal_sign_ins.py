"""Devices on which a teacher is signed in, in the journal, so that a restart signs nobody out."""

import sqlite3
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Final

from cache.journal_tables import table_rows
from cache.migrations import Migration

MOST_SIGN_INS: Final = 200
MIGRATION: Final = Migration(
    "sign-ins",
    (
        # moment is 0 when school time was unsure.
        """CREATE TABLE sign_in (
            token BLOB PRIMARY KEY,
            teacher TEXT NOT NULL,
            mark BLOB NOT NULL,
            boot TEXT NOT NULL,
            monotonic REAL NOT NULL,
            moment REAL NOT NULL
        ) STRICT""",
    ),
)
_ALL: Final = "SELECT token, teacher, mark, boot, monotonic, moment FROM sign_in"


@dataclass(frozen=True, slots=True)
class SignIn:
    """One device's.

    Attributes:
        token: digest of the cookie.
        teacher: their name.
        mark: digest of the PIN's record, so that another PIN ends it.
        boot: the boot in which it began.
        monotonic: the monotonic clock then, seconds.
        moment: school time then, Unix seconds; 0 when it was not sure.
    """

    token: bytes
    teacher: str
    mark: bytes
    boot: str
    monotonic: float
    moment: float


def keep_sign_in(connection: sqlite3.Connection, sign_in: SignIn) -> None:
    """Keep one; the oldest goes when there are too many."""
    connection.execute("INSERT OR REPLACE INTO sign_in VALUES (?, ?, ?, ?, ?, ?)", astuple(sign_in))
    connection.execute(
        "DELETE FROM sign_in WHERE token IN"
        " (SELECT token FROM sign_in ORDER BY rowid DESC LIMIT -1 OFFSET ?)",
        (MOST_SIGN_INS,),
    )


def drop_sign_ins(connection: sqlite3.Connection, tokens: list[bytes]) -> None:
    """Remove some, if they are there."""
    connection.executemany("DELETE FROM sign_in WHERE token = ?", [(one,) for one in tokens])


def sign_ins(path: Path) -> list[SignIn]:
    """Give all.

    Raises:
        DamagedError: the journal is damaged; the portal salvages it.
    """
    return [
        SignIn(token, teacher, mark, boot, monotonic, moment)
        for token, teacher, mark, boot, monotonic, moment in table_rows(path, "sign_in", _ALL)
        if isinstance(token, bytes)
        and isinstance(teacher, str)
        and isinstance(mark, bytes)
        and isinstance(boot, str)
        and isinstance(monotonic, float)
        and isinstance(moment, float)
    ]
