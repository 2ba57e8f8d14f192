"""Reading a table of the journal that a module of its own keeps (``cache.journal_…``).

The journal may be older than the table, or not be there yet: then the table is empty.
"""

import sqlite3
from contextlib import closing
from pathlib import Path

from cache.databases import open_reader, sqlite_in_words


def table_rows(path: Path, table: str, sql: str, *values: float | str) -> list[tuple[object, ...]]:
    """Give the rows that a question about one table finds.

    Args:
        path: the journal.
        table: the table's name.
        sql: the question.
        values: its parameters.

    Raises:
        DamagedError: the file is damaged; the portal salvages it.
    """
    try:
        with (
            sqlite_in_words(path, reading=True),
            closing(open_reader(path)) as connection,
        ):
            return connection.execute(sql, values).fetchall() if has(connection, table) else []
    except FileNotFoundError:
        return []


def has(connection: sqlite3.Connection, table: str) -> bool:
    """Say whether a database has a table."""
    found = connection.execute(
        "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = ?", (table,)
    )
    return bool(found.fetchone()[0])
