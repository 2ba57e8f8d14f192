"""Class sessions in the journal: those that run, and for a while those that ended.

What a class plays is written once, what it is at each order. A row that makes no sense any more is
left out, and the others go on. Standard library and msgspec only, for the portal.
"""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec

from cache.databases import Migration
from cache.journal_pins import pin, unpin, unpin_lost
from cache.journal_tables import table_rows
from core.class_lesson import MAX_BYTES, ClassLesson
from core.class_room import Chosen
from core.class_session import ClassSession
from core.codec import decode_msgpack
from core.digest import Digest
from core.errors import RefusedError

T = TypeVar("T")
MIGRATION: Final = Migration(
    "class sessions",
    (
        # at, ended: Unix seconds; boot: whose clock the state's moments are of.
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
_TABLE: Final = "class_session"
KEPT_DAYS: Final = 60
MOST_KEPT: Final = 2000
_DAY: Final = 86_400.0
# 2020: what an unset clock says is earlier, and says nothing of how long ago it was.
_PLAUSIBLE: Final = 1_577_836_800.0
_COLUMNS: Final = "name, code, teacher, at, ended, boot, lesson, state, chosen"
_RUNNING: Final = f"SELECT {_COLUMNS} FROM class_session WHERE ended IS NULL ORDER BY id"  # noqa: S608 - our own texts
_PAST: Final = (
    f"SELECT {_COLUMNS} FROM class_session WHERE ended IS NOT NULL ORDER BY id DESC LIMIT ?"  # noqa: S608 - as above
)
_ONE_PAST: Final = f"SELECT {_COLUMNS} FROM class_session WHERE ended IS NOT NULL AND name = ?"  # noqa: S608 - as above
_CODES: Final = "SELECT code FROM class_session ORDER BY id DESC LIMIT ?"


@dataclass(frozen=True, slots=True)
class KeptClass:
    """A class as it is kept.

    Attributes:
        name: its id, 16 hexadecimal digits.
        code: with which screens join.
        teacher: who began it.
        at: when, Unix seconds of school time; 0 when that was not sure.
        boot: whose monotonic clock the moments of ``session`` are of.
        ended: when it ended, Unix seconds as then believed; None while it runs.
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


def save(connection: sqlite3.Connection, kept: KeptClass) -> None:
    """Keep what a class is now, and pin what it plays; one that has ended stays as it is."""
    state, chosen = msgspec.msgpack.encode(kept.session), msgspec.msgpack.encode(kept.chosen)
    known = connection.execute("SELECT 1 FROM class_session WHERE name = ?", (kept.name,))
    if known.fetchone() is None:
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
                state,
                chosen,
            ),
        )
        pin(connection, _reason(kept.name), map(Digest, kept.lesson.digests))
        return
    connection.execute(
        "UPDATE class_session SET boot = ?, state = ?, chosen = ? WHERE name = ? AND ended IS NULL",
        (kept.boot, state, chosen, kept.name),
    )


def end(connection: sqlite3.Connection, kept: KeptClass, at: float) -> bool:
    """Note that a class has ended, and let go of what it played; say whether it had not already.

    Args:
        connection: of the journal's writer, in a transaction.
        kept: what it was at its end.
        at: when that was, Unix seconds as now believed.
    """
    save(connection, kept)
    unpin(connection, _reason(kept.name))
    done = connection.execute(
        "UPDATE class_session SET ended = ? WHERE name = ? AND ended IS NULL", (at, kept.name)
    )
    return done.rowcount > 0


def prune(connection: sqlite3.Connection, now: float | None) -> None:
    """Remove classes of ``KEPT_DAYS`` ago, those beyond ``MOST_KEPT``, and pins without a class.

    Args:
        connection: of the journal's writer, in a transaction.
        now: Unix seconds, from a clock that something has set; None where there is none.
    """
    if now is not None:
        connection.execute(
            "DELETE FROM class_session WHERE ended BETWEEN ? AND ?",
            (_PLAUSIBLE, now - KEPT_DAYS * _DAY),
        )
    connection.execute(
        "DELETE FROM class_session WHERE ended IS NOT NULL AND id NOT IN"
        " (SELECT id FROM class_session WHERE ended IS NOT NULL ORDER BY id DESC LIMIT ?)",
        (MOST_KEPT,),
    )
    names = connection.execute("SELECT name FROM class_session WHERE ended IS NULL").fetchall()
    unpin_lost(connection, "class", (_reason(name) for (name,) in names))


def running(path: Path) -> list[KeptClass]:
    """Give the classes that had not ended, oldest first.

    Raises:
        DamagedError: the journal is damaged; the portal salvages it.
    """
    return list(_classes(path, _RUNNING))


def past(path: Path, limit: int) -> list[KeptClass]:
    """Give the classes that were played and ended, latest first; raises as ``running``."""
    return [one for one in _classes(path, _PAST, limit) if one.session.was_played]


def one_past(path: Path, name: str) -> KeptClass | None:
    """Give a class that ended, or None; raises as ``running``."""
    return next(_classes(path, _ONE_PAST, name), None)


def codes(path: Path, limit: int) -> list[str]:
    """Give the codes of the latest classes, latest first; raises as ``running``."""
    return [str(code) for (code,) in table_rows(path, _TABLE, _CODES, limit)]


def _classes(path: Path, sql: str, *values: int | str) -> Iterator[KeptClass]:
    for row in table_rows(path, _TABLE, sql, *values):
        try:
            yield _kept(*row)
        except RefusedError:
            continue  # of a newer release


def _kept(*row: Any) -> KeptClass:  # noqa: ANN401 - columns are typed by their table
    name, code, teacher, at, ended, boot, lesson, state, chosen = row
    return KeptClass(
        name=name,
        code=code,
        teacher=teacher,
        at=at,
        boot=boot,
        lesson=_decoded(lesson, ClassLesson),
        session=_decoded(state, ClassSession),
        chosen=_decoded(chosen, Chosen),
        ended=ended,
    )


def _decoded(data: bytes, kind: type[T]) -> T:
    return decode_msgpack(data, kind, what="The class session", limit=MAX_BYTES)


def _reason(name: str) -> str:
    return f"class {name}"
