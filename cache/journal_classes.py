"""Class sessions in the journal: those that run, and for a while those that ended.

What a class plays is written once, what it is at each order. A row that makes no sense any more is
left out, and the others go on. Standard library and msgspec only, for the portal.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec

from cache.databases import Migration, open_reader, sqlite_in_words
from core.class_lesson import MAX_BYTES, ClassLesson
from core.class_room import Chosen
from core.class_session import ClassSession
from core.codec import decode_msgpack
from core.errors import RefusedError

T = TypeVar("T")
MIGRATION: Final = Migration(
    "class sessions",
    (
        # at, ended: Unix seconds as then believed; boot: whose clock the state's moments are of.
        """CREATE TABLE class_session (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            name TEXT NOT NULL UNIQUE,
            code TEXT NOT NULL,
            teacher TEXT NOT NULL,
            at REAL NOT NULL,
            ended REAL,
            boot TEXT NOT NULL,
            lesson BLOB NOT NULL,
            state BLOB NOT NULL,
            chosen BLOB NOT NULL
        ) STRICT""",
    ),
)
KEPT_DAYS: Final = 60
MOST_KEPT: Final = 2000
_DAY: Final = 86_400.0
_COLUMNS: Final = "name, code, teacher, at, ended, boot, lesson, state, chosen"
_RUNNING: Final = f"SELECT {_COLUMNS} FROM class_session WHERE ended IS NULL ORDER BY id"  # noqa: S608 - our own texts
_PAST: Final = (
    f"SELECT {_COLUMNS} FROM class_session WHERE ended IS NOT NULL ORDER BY id DESC LIMIT ?"  # noqa: S608 - as above
)
_ONE_PAST: Final = f"SELECT {_COLUMNS} FROM class_session WHERE ended IS NOT NULL AND name = ?"  # noqa: S608 - as above
_CODES: Final = "SELECT code FROM class_session ORDER BY id DESC LIMIT ?"
_HAS_TABLE: Final = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'class_session'"


@dataclass(frozen=True, slots=True)
class KeptClass:
    """A class as it is kept.

    Attributes:
        name: its id, 16 hexadecimal digits.
        code: with which screens join.
        teacher: who began it.
        at: when, Unix seconds as then believed.
        boot: whose monotonic clock the moments of ``session`` are of.
        ended: when it ended, as ``at``; None while it runs.
    """

    name: str
    code: str
    teacher: str
    at: float
    boot: str
    lesson: ClassLesson
    session: ClassSession
    chosen: Chosen
    ended: float | None = None


def insert(connection: sqlite3.Connection, kept: KeptClass) -> None:
    """Keep a class that begins, and let go of those that ended long ago."""
    connection.execute(
        "INSERT INTO class_session (name, code, teacher, at, boot, lesson, state, chosen)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            kept.name,
            kept.code,
            kept.teacher,
            kept.at,
            kept.boot,
            msgspec.msgpack.encode(kept.lesson),
            msgspec.msgpack.encode(kept.session),
            msgspec.msgpack.encode(kept.chosen),
        ),
    )


def update(connection: sqlite3.Connection, kept: KeptClass) -> None:
    """Keep what a running class is now."""
    connection.execute(
        "UPDATE class_session SET boot = ?, state = ?, chosen = ? WHERE name = ? AND ended IS NULL",
        (
            kept.boot,
            msgspec.msgpack.encode(kept.session),
            msgspec.msgpack.encode(kept.chosen),
            kept.name,
        ),
    )


def end(connection: sqlite3.Connection, kept: KeptClass, at: float) -> bool:
    """Note that a class has ended; say whether it had not already."""
    done = connection.execute(
        "UPDATE class_session SET boot = ?, state = ?, ended = ? WHERE name = ? AND ended IS NULL",
        (kept.boot, msgspec.msgpack.encode(kept.session), at, kept.name),
    )
    return done.rowcount > 0


def prune(connection: sqlite3.Connection, now: float) -> None:
    """Remove classes that ended ``KEPT_DAYS`` before ``now``, and those beyond ``MOST_KEPT``.

    Args:
        connection: of the journal's writer, in a transaction.
        now: Unix seconds, from a clock that somebody has set.
    """
    connection.execute("DELETE FROM class_session WHERE ended < ?", (now - KEPT_DAYS * _DAY,))
    connection.execute(
        "DELETE FROM class_session WHERE ended IS NOT NULL AND id NOT IN"
        " (SELECT id FROM class_session WHERE ended IS NOT NULL ORDER BY id DESC LIMIT ?)",
        (MOST_KEPT,),
    )


def running(path: Path) -> list[KeptClass]:
    """Give the classes that had not ended, oldest first.

    Raises:
        DamagedError: the journal is damaged; the portal salvages it.
    """
    return list(_classes(path, _RUNNING))


def past(path: Path, limit: int) -> list[KeptClass]:
    """Give the classes that ended, latest first; raises as ``running``."""
    return list(_classes(path, _PAST, limit))


def one_past(path: Path, name: str) -> KeptClass | None:
    """Give a class that ended, or None; raises as ``running``."""
    return next(_classes(path, _ONE_PAST, name), None)


def codes(path: Path, limit: int) -> list[str]:
    """Give the codes of the latest classes; raises as ``running``."""
    return [str(row[0]) for row in _rows(path, _CODES, limit)]


def _classes(path: Path, sql: str, *values: int | str) -> Iterator[KeptClass]:
    for name, code, teacher, at, ended, boot, *documents in _rows(path, sql, *values):
        try:
            lesson = _decoded(documents[0], ClassLesson)
            session = _decoded(documents[1], ClassSession)
            chosen = _decoded(documents[2], Chosen)
        except RefusedError:
            continue  # of a newer release
        yield KeptClass(name, code, teacher, at, boot, lesson, session, chosen, ended)


def _decoded(data: bytes, kind: type[T]) -> T:
    return decode_msgpack(data, kind, what="The class session", limit=MAX_BYTES)


def _rows(path: Path, sql: str, *values: int | str) -> list[tuple[Any, ...]]:
    try:
        with (
            sqlite_in_words(path, reading=True),
            closing(open_reader(path)) as connection,
        ):
            if connection.execute(_HAS_TABLE).fetchone() is None:
                return []
            return connection.execute(sql, values).fetchall()
    except FileNotFoundError:
        return []
