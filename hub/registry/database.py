"""Opening the registry: durable settings, migrations, one transaction at a time."""

import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, create_engine, event, inspect, select, text
from sqlalchemy.exc import ArgumentError, DatabaseError, OperationalError
from sqlalchemy.orm import Session

from core.errors import PackhorseError, RefusedError, UnavailableError, UsageError
from hub.registry.models import (
    AdminRow,
    Base,
    CountedBatchRow,
    Migration,
    ReportEpochRow,
    ReportRow,
    SchoolRow,
    SessionRow,
    TokenReuseRow,
    UsageDayRow,
    UsageWeekRow,
)

_BUSY_SECONDS: Final = 30
# An execution option: the transaction will not write.
_READING: Final = "packhorse_reading"
_PASSWORD = re.compile(r"(?<!/):[^/]*@")


def _initial(connection: Connection) -> None:
    Base.metadata.create_all(connection)


def _usage_days(connection: Connection) -> None:
    Base.metadata.tables[UsageDayRow.__tablename__].create(connection, checkfirst=True)


def _reports(connection: Connection) -> None:
    for row in (SchoolRow, TokenReuseRow, ReportRow, ReportEpochRow):
        Base.metadata.tables[row.__tablename__].create(connection, checkfirst=True)


def _admins(connection: Connection) -> None:
    for row in (AdminRow, SessionRow):
        Base.metadata.tables[row.__tablename__].create(connection, checkfirst=True)


def _usage_weeks(connection: Connection) -> None:
    for row in (UsageWeekRow, CountedBatchRow):
        Base.metadata.tables[row.__tablename__].create(connection, checkfirst=True)


def _usage_classes(connection: Connection) -> None:
    table = Base.metadata.tables[UsageWeekRow.__tablename__]
    there = {column["name"] for column in inspect(connection).get_columns(table.name)}
    for name in ("taught", "heads"):
        if name not in there:
            kind = table.columns[name].type.compile(connection.dialect)
            connection.execute(
                text(f"ALTER TABLE {table.name} ADD COLUMN {name} {kind} NOT NULL DEFAULT 0")
            )


# Never changed once released; a new one goes to the end.
MIGRATIONS: Final[tuple[tuple[str, Callable[[Connection], None]], ...]] = (
    ("0001_initial", _initial),
    ("0002_usage_days", _usage_days),
    ("0003_reports", _reports),
    ("0004_admins", _admins),
    ("0005_usage_weeks", _usage_weeks),
    ("0006_usage_classes", _usage_classes),
)


class Registry:
    """The database, opened and migrated.

    Args:
        place: a file, or a database URL.
        base: what a relative file is relative to.
        now: moment to record for migrations.

    Raises:
        RefusedError: the file is no database, or from a newer Packhorse.
        UsageError: the URL is malformed, or its driver is not installed.
        UnavailableError: the database does not answer.
    """

    def __init__(self, place: str, base: Path, now: datetime) -> None:
        """Open the database and bring its tables up to date."""
        url = place if "://" in place else f"sqlite:///{base / place}"
        # Errors name the place, to strangers too: never with its password.
        self._place = _PASSWORD.sub(":***@", place)
        try:
            self._engine = create_engine(url)
        except (ArgumentError, ImportError) as error:
            raise UsageError(
                "The registry {place} cannot be opened: {reason}.", place=self._place, reason=error
            ) from error
        if self._engine.dialect.name == "sqlite":
            _make_private(self._engine.url.database)
            _make_sqlite_durable(self._engine)
        try:
            self._migrate(now)
        except PackhorseError:
            self.close()
            raise

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """Give a session whose changes are durable when the block ends without an error.

        Raises:
            UnavailableError: the database does not answer.
            RefusedError: it is damaged.
        """
        with self._session(self._engine) as session:
            yield session

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Give a session that only reads, all from one moment; writers need not wait for it.

        Raises:
            UnavailableError: the database does not answer.
            RefusedError: it is damaged.
        """
        with self._session(self._engine.execution_options(**{_READING: True})) as session:
            yield session

    @contextmanager
    def _session(self, engine: Engine) -> Iterator[Session]:
        try:
            with Session(engine, expire_on_commit=False) as session, session.begin():
                yield session
        except OperationalError as error:
            raise UnavailableError(
                "The registry {place} does not answer: {reason}.",
                hint="Check that the database runs, that its disk has room and that this user"
                " may write there.",
                place=self._place,
                reason=error.orig,
            ) from error
        except DatabaseError as error:
            if error.connection_invalidated or "malformed" in str(error) or "not a" in str(error):
                raise RefusedError(
                    "The registry {place} is damaged.",
                    hint="Restore it from a backup; batches in usage/ are taken in again.",
                    place=self._place,
                ) from error
            raise

    def _migrate(self, now: datetime) -> None:
        with self.transaction() as session:
            connection = session.connection()
            Base.metadata.tables["migrations"].create(connection, checkfirst=True)
            done = set(session.scalars(select(Migration.name)))
            unknown = done - {name for name, _ in MIGRATIONS}
            if unknown:
                raise RefusedError(
                    "The registry {place} was made by a newer Packhorse.",
                    hint="Update Packhorse on this machine.",
                    place=self._place,
                )
            for name, change in MIGRATIONS:
                if name not in done:
                    change(connection)
                    session.add(Migration(name=name, applied=now))


def _make_private(file: str | None) -> None:
    # Whoever reads a token's key can enrol with it; SQLite gives its other files the same mode.
    if file and file != ":memory:" and Path(file).parent.is_dir():
        Path(file).touch(mode=0o600)


def _make_sqlite_durable(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def configure(connection: Any, _: object) -> None:  # noqa: ANN401 - DBAPI has no types
        # SQLAlchemy shall begin transactions, not the driver (see ``begin``).
        connection.isolation_level = None
        for pragma in (
            f"busy_timeout = {_BUSY_SECONDS * 1000}",
            "journal_mode = WAL",
            "synchronous = FULL",
            "foreign_keys = ON",
        ):
            try:
                connection.execute(f"PRAGMA {pragma}")
            except sqlite3.Error:
                # The pool does not know it yet, and would not close it.
                connection.close()
                raise

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # At once for writing: a reader that becomes a writer could not wait for its turn.
        reading = connection.get_execution_options().get(_READING, False)
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")
