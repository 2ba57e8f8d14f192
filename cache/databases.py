"""SQLite the way every database of a node is opened: durable, bounded, in words when it fails.

Rules:
    - One writer per file; it alone checkpoints. Readers open read-only.
    - Write-ahead log, synchronous=FULL: what is committed survives a power cut.
    - A damaged file raises ``DamagedError``; its owner builds another (``cache.generations``).
"""

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import quote

from cache import durable, failpoints
from cache.disk_errors import access_denied, disk_broken, disk_full, in_words
from cache.migrations import DamagedError, Migration, damaged, migrate, structure
from core.errors import PackhorseError, UnavailableError

__all__ = [
    "DamagedError",
    "Migration",
    "examine",
    "open_reader",
    "open_writer",
    "require_sound",
    "sqlite_in_words",
    "transaction",
]

# The portal's user and the agent's share a group; the log files take the database's mode.
_MODE: Final = 0o660
# Versions for writing and reading in the file's header; 2 is the write-ahead log.
_FORMAT_OFFSET: Final = 18
_WAL_FORMAT: Final = b"\x02\x02"
_BUSY_SECONDS: Final = 10
_PRIMARY: Final = 0xFF
_DAMAGED: Final = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
# Python's own error for a damaged text has no code.
_UNDECODABLE: Final = "Could not decode"
_BUSY: Final = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_DENIED: Final = {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH}


def open_writer(path: Path, migrations: Sequence[Migration]) -> sqlite3.Connection:
    """Open a database as its one writer, making it or bringing it up to date.

    Args:
        path: the file, or the symbolic link to its generation.
        migrations: all steps of its structure, oldest first.

    Raises:
        DamagedError: the file is damaged.
        ExhaustedError: the disk is full, broken or read-only.
        UsageError: this user may not write there, or a newer Packhorse wrote the file.
    """
    path = path.resolve()
    with in_words(path):
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, _MODE)
        os.close(descriptor)
    log = path.with_name(path.name + "-wal")
    if log.exists():
        # A killed writer may have left commits there that the disk has not: what is read now,
        # and told to others, must not be lost by a power cut later.
        durable.sync_file(log)
    with _closing_on_error(path) as connection:
        with sqlite_in_words(path, reading=True):
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute("PRAGMA foreign_keys=ON")
            structure(connection)
        _require_writable_format(path)
        with transaction(connection, path):
            migrate(connection, path, migrations)
        # SQLite fsyncs the directory only for a log that it made itself, not for one whose
        # maker was killed first.
        durable.sync_directory(path.parent)
        if path.stat().st_mode & 0o777 != _MODE:
            path.chmod(_MODE)
    return connection


def open_reader(path: Path) -> sqlite3.Connection:
    """Open a database read-only.

    Raises:
        FileNotFoundError: there is none.
        DamagedError: the file is damaged.
        UsageError: this user may not read it.
    """
    path = path.resolve(strict=True)
    with (
        _closing_on_error(path, "?mode=ro") as connection,
        sqlite_in_words(path, reading=True),
    ):
        connection.execute("PRAGMA query_only=ON")
        # Opens the log now, so that a later rename of the file cannot mix two databases.
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    return connection


@contextmanager
def transaction(connection: sqlite3.Connection, path: Path) -> Iterator[None]:
    """Commit all that happens inside, or nothing.

    Raises:
        DamagedError: the file is damaged.
        ExhaustedError: the disk is full, broken or read-only.
        UnavailableError: another process holds the database for too long.
    """
    with sqlite_in_words(path):
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            failpoints.reached("commit", path)
            connection.execute("COMMIT")
        except BaseException:
            # A failed commit may have rolled back by itself.
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        failpoints.reached("committed", path)


@contextmanager
def sqlite_in_words(path: Path, *, reading: bool = False) -> Iterator[None]:
    """Turn SQLite's errors about the file into sentences; the others are bugs.

    Args:
        path: the file.
        reading: only fixed questions are asked, so one that cannot be answered means damage, for
            example to the name of a column.

    Raises:
        DamagedError: the file is damaged.
        ExhaustedError: the disk is full, broken or read-only.
        UnavailableError: another process holds the database for too long.
        UsageError: this user may not use it.
    """
    try:
        with in_words(path):
            yield
    except sqlite3.Error as error:
        worded = _describe(error, path)
        if worded is None and reading:
            worded = damaged(path)
        if worded is None:
            raise
        raise worded from error
    except UnicodeDecodeError as error:
        # SQLite names damaged parts of its structure in the messages of its errors.
        raise damaged(path) from error


def examine(path: Path, migrations: Sequence[Migration], *, thorough: bool = True) -> str | None:
    """Say what is wrong with a database: None when it is sound, empty when there is none.

    Args:
        path: the file, or the symbolic link to its generation.
        migrations: all steps of its structure, oldest first.
        thorough: compare indexes with tables too.

    Raises:
        ExhaustedError: the disk is full, broken or read-only.
        UsageError: this user may not write there, or a newer Packhorse wrote the file.
    """
    if not path.exists():
        return ""
    try:
        with closing(open_writer(path, migrations)) as connection:
            require_sound(connection, path, thorough=thorough)
    except DamagedError as error:
        return str(error)
    return None


def require_sound(connection: sqlite3.Connection, path: Path, *, thorough: bool = True) -> None:
    """Check the pages of an open database.

    Args:
        connection: of a reader or the writer.
        path: its file, for the words of errors.
        thorough: compare indexes with tables too.

    Raises:
        DamagedError: it is damaged.
        ExhaustedError: the disk is broken.
    """
    pragma = "integrity_check" if thorough else "quick_check"
    with sqlite_in_words(path, reading=True):
        rows = connection.execute(f"PRAGMA {pragma}(1)").fetchall()
    if rows != [("ok",)]:
        raise damaged(path)


@contextmanager
def _closing_on_error(path: Path, query: str = "") -> Iterator[sqlite3.Connection]:
    with sqlite_in_words(path):
        connection = sqlite3.connect(
            f"file:{quote(str(path.absolute()))}{query}",
            uri=True,
            timeout=_BUSY_SECONDS,
            isolation_level=None,
            check_same_thread=False,
        )
        try:
            yield connection
        except BaseException:
            connection.close()
            raise


def _require_writable_format(path: Path) -> None:
    """Check what SQLite itself would notice only at the first statement that is to be kept."""
    with in_words(path), path.open("rb") as file:
        header = file.read(len(_WAL_FORMAT) + _FORMAT_OFFSET)
    if header[_FORMAT_OFFSET:] != _WAL_FORMAT:
        raise damaged(path)


def _describe(error: sqlite3.Error, path: Path) -> PackhorseError | None:
    code = getattr(error, "sqlite_errorcode", 0) & _PRIMARY
    if code in _DAMAGED or str(error).startswith(_UNDECODABLE):
        return damaged(path)
    if code == sqlite3.SQLITE_FULL:
        return disk_full(path)
    if code == sqlite3.SQLITE_IOERR:
        return disk_broken(path)
    if code in _BUSY:
        return UnavailableError("The database {path} is busy.", hint="Try again.", path=str(path))
    if code in _DENIED or (code == sqlite3.SQLITE_CANTOPEN and path.exists()):
        # A damaged header says read-only too, where the file system does not.
        writable = all(os.access(one, os.W_OK) for one in (path, path.parent))
        return damaged(path) if writable else access_denied(path)
    return None
