"""Named migrations: each step of a database's structure is applied once.

A migration that was released is never edited: what it makes is how a sound file is recognised.
"""

import sqlite3
import zlib
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from core.errors import RefusedError, UsageError

# The checksum tells a name that a newer release wrote from one that a bad card did.
_OWN_TABLE: Final = """CREATE TABLE IF NOT EXISTS migration (
    name TEXT PRIMARY KEY, checksum INTEGER NOT NULL) STRICT"""
_STRUCTURE: Final = """
    SELECT object.type, object.name, object.tbl_name, field.name, field.type
    FROM sqlite_master AS object LEFT JOIN pragma_table_info(object.name) AS field
    WHERE object.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY 1, 2, field.cid
"""


class DamagedError(RefusedError):
    """A database's file is damaged."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One named step of a database's structure."""

    name: str
    statements: tuple[str, ...]


def migrate(connection: sqlite3.Connection, path: Path, migrations: Sequence[Migration]) -> None:
    """Apply the steps that are missing; the caller has begun a transaction.

    Raises:
        DamagedError: the structure is not what the steps make.
        UsageError: a newer Packhorse wrote the file.
    """
    if structure(connection) and not _has_own_table(connection):
        raise damaged(path)
    connection.execute(_OWN_TABLE)
    applied = dict(connection.execute("SELECT name, checksum FROM migration"))
    if any(zlib.crc32(str(name).encode()) != checksum for name, checksum in applied.items()):
        raise damaged(path)
    if not applied.keys() <= {migration.name for migration in migrations}:
        raise UsageError(
            "{path} was written by a newer Packhorse.",
            hint="Update Packhorse on this machine.",
            path=str(path),
        )
    for migration in migrations:
        if migration.name not in applied:
            _apply(connection, migration)
    if structure(connection) != _expected(tuple(migrations)):
        raise damaged(path)


def structure(connection: sqlite3.Connection) -> list[tuple[object, ...]]:
    """Give the tables, indexes and columns of a database."""
    return connection.execute(_STRUCTURE).fetchall()


def damaged(path: Path) -> DamagedError:
    """Say that a database is damaged."""
    return DamagedError(
        "The database {path} is damaged.",
        hint="It is set aside and repaired when the node starts.",
        path=path.name,
    )


def _has_own_table(connection: sqlite3.Connection) -> bool:
    found = connection.execute(
        "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'migration'"
    )
    return bool(found.fetchone()[0])


def _apply(connection: sqlite3.Connection, migration: Migration) -> None:
    for statement in migration.statements:
        connection.execute(statement)
    checksum = zlib.crc32(migration.name.encode())
    connection.execute("INSERT INTO migration VALUES (?, ?)", (migration.name, checksum))


@cache
def _expected(migrations: tuple[Migration, ...]) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute(_OWN_TABLE)
        for migration in migrations:
            _apply(connection, migration)
        return structure(connection)
