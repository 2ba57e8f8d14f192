"""Reading what can be read of a damaged journal.

The scan goes up from the start and down from the end, and then asks for each number in between,
so that one bad page costs only its own rows. A row counts when its checksum is right.

The tables of other modules (``cache.journal_…``) are read the same way; their rows have no
checksums, so each counts that has its table's types.
"""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path
from typing import Any, Final, TypeAlias

from cache.databases import DamagedError, open_reader, sqlite_in_words
from cache.journal_reader import Epoch, JournalRow, is_sound

_COLUMNS: Final = "SELECT id, epoch, sequence, at, record, checksum FROM statement"
# What a damaged page raises, and what turns up in place of a text or a number.
_UNREADABLE: Final = (sqlite3.Error, DamagedError, TypeError, ValueError, OverflowError)


@dataclass(slots=True)
class Salvaged:
    """What could be read."""

    rows: list[JournalRow] = field(default_factory=list)
    epochs: dict[bytes, Epoch] = field(default_factory=dict)
    settings: dict[str, bytes] = field(default_factory=dict)


OWN_TABLES: Final = frozenset({"epoch", "statement", "setting", "migration"})
"""Those that the journal itself takes along, or makes."""
_MOST_ROWS: Final = 100_000
_Row: TypeAlias = tuple[Any, ...]


@dataclass(slots=True)
class Sorted:
    """Salvaged statements: those that keep their numbers, and those that need new ones.

    Attributes:
        kept: by epoch, rows that follow what is acknowledged without a gap; the hub knows them
            by these numbers if it has them.
        renumbered: rows behind a gap, in order of age.
    """

    kept: dict[bytes, list[JournalRow]] = field(default_factory=dict)
    renumbered: list[JournalRow] = field(default_factory=list)


def salvage(path: Path) -> Salvaged:
    """Read what can be read of the file at ``path``."""
    found = Salvaged()
    with (
        suppress(FileNotFoundError, *_UNREADABLE),
        sqlite_in_words(path),
        closing(open_reader(path)) as connection,
    ):
        found.rows = list(_statements(connection))
        for row in _readable(connection, "SELECT epoch, reason, last, pruned FROM epoch"):
            epoch = Epoch(*row)
            if isinstance(epoch.pruned, int):
                found.epochs[epoch.epoch] = epoch
        for name, value in _readable(connection, "SELECT name, value FROM setting"):
            if isinstance(name, str) and isinstance(value, bytes):
                found.settings[name] = value
    return found


def sort_out(found: Salvaged, acknowledged: Mapping[bytes, int]) -> Sorted:
    """Decide which salvaged statements keep their numbers; drop the acknowledged ones."""
    result = Sorted()
    for epoch in dict.fromkeys(row.epoch for row in found.rows):
        floor = done(found, epoch, acknowledged)
        rows = [row for row in found.rows if row.epoch == epoch and row.sequence > floor]
        rows.sort(key=lambda row: row.sequence)
        kept = [
            row
            for _, row in takewhile(
                lambda pair: pair[1].sequence == pair[0], enumerate(rows, floor + 1)
            )
        ]
        if kept:
            result.kept[epoch] = kept
        result.renumbered.extend(rows[len(kept) :])
    result.renumbered.sort(key=lambda row: row.at)
    return result


def done(found: Salvaged, epoch: bytes, acknowledged: Mapping[bytes, int]) -> int:
    """Give the highest number of an epoch that need not be sent again."""
    known = found.epochs.get(epoch)
    first = min((row.sequence for row in found.rows if row.epoch == epoch), default=0)
    # Where a statement is below it, the number itself is damaged.
    pruned = known.pruned if known and known.pruned < first else 0
    return max(acknowledged.get(epoch, 0), pruned)


def _statements(connection: sqlite3.Connection) -> Iterator[JournalRow]:
    up = list(_readable(connection, f"{_COLUMNS} ORDER BY id"))
    down = list(_readable(connection, f"{_COLUMNS} ORDER BY id DESC"))
    by_id = {row[0]: row for row in (*up, *down)}
    if up and down:
        for number in range(up[-1][0] + 1, down[-1][0]):
            by_id.update(
                (row[0], row) for row in _readable(connection, f"{_COLUMNS} WHERE id = {number}")
            )
    for row in by_id.values():
        if is_sound(*row[1:]):
            yield JournalRow(*row[1:5])


def _readable(connection: sqlite3.Connection, sql: str) -> Iterator[Any]:
    with suppress(*_UNREADABLE):
        yield from connection.execute(sql)


def copy_tables(damaged: Path, connection: sqlite3.Connection) -> int:
    """Copy the rows of other modules' tables that can be read; give how many they are.

    Args:
        damaged: the damaged journal.
        connection: the new journal's, in a transaction; it has the tables, and nothing in them.
    """
    copied = 0
    with (
        suppress(FileNotFoundError, *_UNREADABLE),
        sqlite_in_words(damaged),
        closing(open_reader(damaged)) as old,
    ):
        for name, columns in _tables(connection):
            marks = ", ".join("?" * len(columns))
            keep = f"INSERT OR IGNORE INTO {name} VALUES ({marks})"  # noqa: S608 - the same
            copied += sum(_insert(connection, keep, row) for row in _rows_of(old, name, columns))
    return copied


def _tables(connection: sqlite3.Connection) -> Iterator[tuple[str, list[str]]]:
    """Give the names and columns of other modules' tables."""
    names = connection.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table'"
        # Those that others refer to were made before these.
        " AND name NOT LIKE 'sqlite%' ORDER BY rowid"
    ).fetchall()
    for (name,) in names:
        if name not in OWN_TABLES:
            columns = connection.execute("SELECT name FROM pragma_table_info(?)", (name,))
            yield name, [column for (column,) in columns.fetchall()]


def _rows_of(old: sqlite3.Connection, name: str, columns: Sequence[str]) -> Iterator[_Row]:
    """Read a table up from its start and down from its end; a bad page may lie between."""
    wanted = ", ".join(f'"{column}"' for column in columns)
    found: dict[_Row, None] = {}
    # By the row's number and by the first column: one of the two orders needs no damaged index.
    for key in ("rowid", f'"{columns[0]}"'):
        sql = f"SELECT {wanted} FROM {name} ORDER BY {key} "  # noqa: S608 - our own tables' names
        up = _readable(old, f"{sql} LIMIT {_MOST_ROWS}")
        down = list(_readable(old, f"{sql} DESC LIMIT {_MOST_ROWS}"))
        found.update(dict.fromkeys([*up, *reversed(down)]))
    return iter(found)


def _insert(connection: sqlite3.Connection, sql: str, row: _Row) -> bool:
    """Keep one row; say whether it is one that the table takes."""
    with suppress(*_UNREADABLE):
        return connection.execute(sql, row).rowcount > 0
    return False
