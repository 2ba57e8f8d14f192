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
