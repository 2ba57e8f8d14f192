"""Admins and their sessions.

A session's secret is in the browser's cookie alone; the registry keeps its digest, so that
whoever reads the registry cannot take a session over. A changed password, or a removed admin,
ends every session of that admin.
"""

import hashlib
import secrets
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from core.errors import NoStateError, UsageError
from hub.registry.database import Registry
from hub.registry.models import AdminRow, SessionRow

# A working day.
SESSION_PERIOD: Final = timedelta(hours=12)
MOST_NAME: Final = 50
_SECRET_BYTES: Final = 32
_MOST_SESSIONS: Final = 20


@dataclass(frozen=True)
class Admin:
    """One who may sign in; ``signed_in`` is when last, None for never."""

    name: str
    created: datetime
    changed: datetime
    signed_in: datetime | None


def admin_name(text: str) -> str:
    """Give an admin's name in the form in which it is kept.

    Raises:
        UsageError: it is empty, too long, or has what cannot be seen.
    """
    name = unicodedata.normalize("NFC", text)
    if not 0 < len(name) <= MOST_NAME or not name.isprintable() or name != name.strip():
        raise UsageError(
            "{name} cannot be an admin's name.",
            hint="Write 1 to {most} printable characters, without spaces around them.",
            name=repr(text[:80]),
            most=MOST_NAME,
        )
    return name


def add_admin(registry: Registry, name: str, kept: str, now: datetime) -> None:
    """Add an admin.

    Args:
        registry: where.
        name: as ``admin_name`` gives it.
        kept: what is kept of the password.
        now: the moment.

    Raises:
        UsageError: there is one of that name.
    """
    with registry.transaction() as session:
        if session.get(AdminRow, name) is not None:
            raise UsageError(
                "There is an admin {name} already.",
                hint="For a new password: packhorse hub admin password",
                name=name,
            )
        session.add(AdminRow(name=name, password=kept, created=now, changed=now, signed_in=None))


def remove_admin(registry: Registry, name: str) -> None:
    """Remove an admin, and end all sessions of that admin.

    Raises:
        NoStateError: there is none of that name.
    """
    with registry.transaction() as session:
        row = _row(session, name)
        _end_all(session, name)
        session.delete(row)


def set_password(registry: Registry, name: str, kept: str, now: datetime) -> None:
    """Change a password, and end all sessions of that admin.

    Raises:
        NoStateError: there is none of that name.
    """
    with registry.transaction() as session:
        row = _row(session, name)
        row.password, row.changed = kept, now
        _end_all(session, name)


def list_admins(registry: Registry) -> list[Admin]:
    """Give all admins, by name."""
    with registry.reading() as session:
        rows = session.scalars(select(AdminRow).order_by(AdminRow.name)).all()
    return [Admin(row.name, row.created, row.changed, row.signed_in) for row in rows]


def kept_password(registry: Registry, name: str) -> str | None:
    """Give what is kept of an admin's password; None where there is no such admin."""
    with registry.reading() as session:
        row = session.get(AdminRow, name)
        return row.password if row else None


def begin_session(registry: Registry, name: str, kept: str, now: datetime) -> str | None:
    """Begin a session and give its secret.

    Args:
        registry: where.
        name: whose.
        kept: the kept password that was checked.
        now: the moment.

    Returns:
        None when the password has changed, or the admin was removed, since it was checked.
    """
    secret = secrets.token_urlsafe(_SECRET_BYTES)
    with registry.transaction() as session:
        row = session.get(AdminRow, name)
        if row is None or row.password != kept:
            return None
        row.signed_in = now
        session.execute(delete(SessionRow).where(SessionRow.expires <= now))
        older = select(SessionRow.digest).where(SessionRow.admin == name)
        newest = older.order_by(SessionRow.created.desc()).offset(_MOST_SESSIONS - 1)
        surplus = list(session.scalars(newest))
        session.execute(delete(SessionRow).where(SessionRow.digest.in_(surplus)))
        session.add(
            SessionRow(
                digest=_digest(secret), admin=name, created=now, expires=now + SESSION_PERIOD
            )
        )
    return secret


def session_admin(registry: Registry, secret: str, now: datetime) -> str | None:
    """Give the name of the admin whose session a secret is; None when there is none (now)."""
    with registry.reading() as session:
        row = session.get(SessionRow, _digest(secret))
        return row.admin if row and now < row.expires else None


def end_session(registry: Registry, secret: str) -> None:
    """End a session, if there is one."""
    with registry.transaction() as session:
        session.execute(delete(SessionRow).where(SessionRow.digest == _digest(secret)))


def _row(session: Session, name: str) -> AdminRow:
    row = session.get(AdminRow, name)
    if row is None:
        raise NoStateError(
            "There is no admin {name}.",
            hint="`packhorse hub admin list` names all.",
            name=repr(name),
        )
    return row


def _end_all(session: Session, name: str) -> None:
    session.execute(delete(SessionRow).where(SessionRow.admin == name))


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
