"""Pins: blobs that stay, and are served on, while a class or a channel plays them.

A newer version of a pack may take their place meanwhile; what is withdrawn is not served on.
Standard library only, for the portal, which writes them; the agent's side reads them before it
removes anything.
"""

import sqlite3
from collections.abc import Iterable
from typing import Final

from cache.databases import Migration
from cache.journal_tables import table_rows
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


def unpin_lost(connection: sqlite3.Connection, kind: str, living: Iterable[str]) -> None:
    """Let go what reasons of a kind pinned of which nobody knows any more, as after a salvage.

    Args:
        connection: of the journal's writer, in a transaction.
        kind: the reason's first word, such as ``class``.
        living: the reasons of that kind that go on.
    """
    kept = set(living)
    rows = connection.execute("SELECT DISTINCT reason FROM pin WHERE reason LIKE ?", (f"{kind} %",))
    for (reason,) in rows.fetchall():
        if reason not in kept:
            unpin(connection, reason)


def pinned(state: StateDirectory) -> set[Digest]:
    """Name what is pinned; nothing where there is no journal, or an earlier release's.

    Raises:
        DamagedError: the journal is damaged; the portal salvages it when it starts.
    """
    rows = table_rows(state.journal, "pin", "SELECT DISTINCT digest FROM pin")
    return {Digest(str(digest)) for (digest,) in rows}
