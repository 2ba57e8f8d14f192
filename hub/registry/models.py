"""The registry's tables."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Integer, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

from core.trusted_time import format_moment, parse_moment

_Big = BigInteger().with_variant(Integer, "sqlite")


class Moment(TypeDecorator[datetime]):
    """A moment in UTC, to the second, as text that sorts."""

    impl = String(20)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | None:
        """Write a moment."""
        del dialect  # SQLAlchemy's signature
        return None if value is None else format_moment(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> datetime | None:
        """Read a moment."""
        del dialect  # SQLAlchemy's signature
        return None if value is None else parse_moment(value)


class Base(DeclarativeBase):
    """All tables."""


class Migration(Base):
    """A change of the tables that has been made."""

    __tablename__ = "migrations"

    name: Mapped[str] = mapped_column(String(100), primary_key=True)
    applied: Mapped[datetime] = mapped_column(Moment)


class TokenRow(Base):
    """A token that was handed out; its secret is not here, only the key derived from it."""

    __tablename__ = "tokens"

    name: Mapped[str] = mapped_column(String(16), primary_key=True)
    key: Mapped[bytes] = mapped_column(LargeBinary(32))
    school: Mapped[str] = mapped_column(String(100))
    created: Mapped[datetime] = mapped_column(Moment)
    expires: Mapped[datetime] = mapped_column(Moment)
    used_by: Mapped[str | None] = mapped_column(String(64))
    used_at: Mapped[datetime | None] = mapped_column(Moment)


class NodeRow(Base):
    """An enrolled node."""

    __tablename__ = "nodes"

    id: Mapped[str] = mapped_column(String(16), primary_key=True)
    public_key: Mapped[str] = mapped_column(String(64), unique=True)
    school: Mapped[str] = mapped_column(String(100))
    enrolled: Mapped[datetime] = mapped_column(Moment)
    last_contact: Mapped[datetime] = mapped_column(Moment)


class ReceiptRow(Base):
    """Which sequence numbers of one epoch have come; ``ranges`` is JSON of (first, last)."""

    __tablename__ = "receipts"

    node: Mapped[str] = mapped_column(ForeignKey("nodes.id"), primary_key=True)
    epoch: Mapped[str] = mapped_column(String(16), primary_key=True)
    ranges: Mapped[str] = mapped_column(Text)


class UsageDayRow(Base):
    """What a node's batches have taken in ``usage/`` on its last day."""

    __tablename__ = "usage_days"

    node: Mapped[str] = mapped_column(ForeignKey("nodes.id"), primary_key=True)
    day: Mapped[str] = mapped_column(String(10))
    batches: Mapped[int] = mapped_column(Integer)
    size: Mapped[int] = mapped_column(_Big)


class BatchRow(Base):
    """A stored batch. Among batches that have the same number, the lowest id counts."""

    __tablename__ = "batches"
    __table_args__ = (UniqueConstraint("node", "epoch", "first", "digest"),)

    id: Mapped[int] = mapped_column(_Big, primary_key=True, autoincrement=True)
    node: Mapped[str] = mapped_column(ForeignKey("nodes.id"))
    epoch: Mapped[str] = mapped_column(String(16))
    first: Mapped[int] = mapped_column(_Big)
    last: Mapped[int] = mapped_column(_Big)
    digest: Mapped[str] = mapped_column(String(64))
    path: Mapped[str] = mapped_column(String(200))
    conflicts: Mapped[int] = mapped_column(Integer)
    received: Mapped[datetime] = mapped_column(Moment)


class SchoolRow(Base):
    """What is known of a school beside its nodes; ``groups`` is a JSON list of names."""

    __tablename__ = "schools"

    school: Mapped[str] = mapped_column(String(100), primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    place: Mapped[str] = mapped_column(String(130))
    groups: Mapped[str] = mapped_column(Text)
    changed: Mapped[datetime] = mapped_column(Moment)


class TokenReuseRow(Base):
    """That another machine has tried a token which was used before."""

    __tablename__ = "token_reuses"

    token: Mapped[str] = mapped_column(ForeignKey("tokens.name"), primary_key=True)
    count: Mapped[int] = mapped_column(Integer)
    public_key: Mapped[str] = mapped_column(String(64))
    last: Mapped[datetime] = mapped_column(Moment)


class ReportRow(Base):
    """A node's newest report, and how many came on its last day.

    ``time`` is the node's, ``received`` the hub's; ``body`` is what the node signed.
    """

    __tablename__ = "reports"

    node: Mapped[str] = mapped_column(ForeignKey("nodes.id"), primary_key=True)
    epoch: Mapped[str] = mapped_column(String(16))
    number: Mapped[int] = mapped_column(_Big)
    time: Mapped[datetime] = mapped_column(Moment)
    received: Mapped[datetime] = mapped_column(Moment)
    carrier: Mapped[str] = mapped_column(String(8))
    body: Mapped[bytes] = mapped_column(LargeBinary)
    day: Mapped[str] = mapped_column(String(10))
    count: Mapped[int] = mapped_column(Integer)


class ReportEpochRow(Base):
    """An epoch that a node's reports named, and the machine that it ran on.

    ``returned`` is when it went on although a later epoch had begun: two machines have its card.
    """

    __tablename__ = "report_epochs"

    node: Mapped[str] = mapped_column(ForeignKey("nodes.id"), primary_key=True)
    epoch: Mapped[str] = mapped_column(String(16), primary_key=True)
    machine: Mapped[str] = mapped_column(String(16))
    number: Mapped[int] = mapped_column(_Big)
    began: Mapped[datetime] = mapped_column(Moment)
    returned: Mapped[datetime | None] = mapped_column(Moment)


class AdminRow(Base):
    """A person who may sign in to the hub's pages; of the password only its hash is kept."""

    __tablename__ = "admins"

    name: Mapped[str] = mapped_column(String(50), primary_key=True)
    password: Mapped[str] = mapped_column(String(200))
    created: Mapped[datetime] = mapped_column(Moment)
    changed: Mapped[datetime] = mapped_column(Moment)
    signed_in: Mapped[datetime | None] = mapped_column(Moment)


class SessionRow(Base):
    """A browser that an admin has signed in with; of its secret only the digest is kept."""

    __tablename__ = "sessions"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    admin: Mapped[str] = mapped_column(ForeignKey("admins.name"), index=True)
    created: Mapped[datetime] = mapped_column(Moment)
    expires: Mapped[datetime] = mapped_column(Moment)


class UsageWeekRow(Base):
    """What one node's lessons of one pack were used in one week.

    ``week`` is its Monday; ``pack`` is empty for what is no pack. ``watched`` is in milliseconds;
    ``taught`` counts classes, ``heads`` the pupils in them.
    """

    __tablename__ = "usage_weeks"

    week: Mapped[str] = mapped_column(String(10), primary_key=True)
    pack: Mapped[str] = mapped_column(String(200), primary_key=True)
    node: Mapped[str] = mapped_column(ForeignKey("nodes.id"), primary_key=True)
    opened: Mapped[int] = mapped_column(_Big)
    completed: Mapped[int] = mapped_column(_Big)
    watched: Mapped[int] = mapped_column(_Big)
    taught: Mapped[int] = mapped_column(_Big, server_default="0")
    heads: Mapped[int] = mapped_column(_Big, server_default="0")


class CountedBatchRow(Base):
    """That a batch is counted in ``usage_weeks``."""

    __tablename__ = "counted_batches"

    batch: Mapped[int] = mapped_column(ForeignKey("batches.id"), primary_key=True)
