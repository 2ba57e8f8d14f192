"""Pins: blobs that stay, and are served on, while a class or a channel plays them.

A newer version of a pack may take their place meanwhile; what is withdrawn is not served on.
Standard library only, for the portal, which writes them; the agent's side reads them before it
removes anything.
"""

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from typing import Final

from cache.databases import Migration, open_reader, sqlite_in_words
from cache.state import StateDirectory
from core.digest import Digest

MIGRATION: Final = Migration(
    "pins",
    (
        """CREATE TABLE pin (
            reason TEXT NOT NULL,
            digest TEXT NOT NULL,
            PRIMARY KEY (reason, digest)
        ) STRICT, WITHOUT ROWID""",
    ),
)
_HAS_TABLE: Final = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'pin'"


def pin(connection: sqlite3.Connection, reason: str, digests: Iterable[Digest]) -> None:
    """Let blobs stay; those that the same reason pinned before stay pinned.

    Args:
        connection: of the journal's writer, in a transaction.
        reason: who plays them, such as ``class 17``.
        digests: of the blobs.
    """
    connection.executemany(
        "INSERT OR IGNORE INTO pin VALUES (?, ?)", ((reason, one) for one in digests)
    )


def unpin(connection: sqlite3.Connection, reason: str) -> None:
    """Let everything go that was pinned for a reason."""
    connection.execute("DELETE FROM pin WHERE reason = ?", (reason,))


def pinned(state: StateDirectory) -> set[Digest]:
    """Name what is pinned; nothing where there is no journal, or an earlier release's.

    Raises:
        DamagedError: the journal is damaged; the portal salvages it when it starts.
    """
    try:
        with (
            sqlite_in_words(state.journal, reading=True),
            closing(open_reader(state.journal)) as connection,
        ):
            if connection.execute(_HAS_TABLE).fetchone() is None:
                return set()
            rows = connection.execute("SELECT DISTINCT digest FROM pin").fetchall()
    except FileNotFoundError:
        return set()
    return {Digest(digest) for (digest,) in rows}
