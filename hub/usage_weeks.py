"""Usage by pack and week: each stored batch is counted once, in the background and when asked.

Counting follows the intake at its own pace, so that a batch is answered as quickly as ever, and
batches that were stored before there was counting are counted too. A statement's week is that of
its own clock, in the hub's time zone; where that clock cannot be right, the week in which it came.
"""

import asyncio
import logging
from collections.abc import Collection, Iterator
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from typing import Final, NamedTuple

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from core.errors import PackhorseError, RefusedError
from core.names import parse_pack_id
from core.received import Range
from core.usage import Statement
from hub.publishing.threads import to_its_end
from hub.refusals import DamagedError
from hub.registry.database import Registry
from hub.registry.models import BatchRow, CountedBatchRow, UsageWeekRow
from hub.usage import Record, UsageFiles

PAUSE_SECONDS: Final = 60.0
AT_ONCE: Final = 50
_MOST_PACKS: Final = 100
# A school without a line may bring a year's usage on one stick.
_LATE: Final = timedelta(days=400)
_EARLY: Final = timedelta(days=2)
# More in one go is a clock that jumped.
_MOST_STRETCH_MS: Final = 6 * 3600 * 1000
_log = logging.getLogger(__name__)


class Use(NamedTuple):
    """How much something was used.

    Attributes:
        opened: by single readers.
        completed: by single readers.
        watched: milliseconds, by single readers.
        taught: classes.
        heads: pupils in them.
    """

    opened: int = 0
    completed: int = 0
    watched: int = 0
    taught: int = 0
    heads: int = 0

    def plus(self, other: "Use") -> "Use":
        """Give both together."""
        return Use(*(one + another for one, another in zip(self, other, strict=True)))


class _Batch(NamedTuple):
    id: int
    node: str
    epoch: str
    span: Range
    path: str
    received: datetime


class UsageCounter:
    """Counts what has come and is not counted yet.

    Args:
        registry: names the batches, and keeps the sums.
        usage: holds the batches.
    """

    def __init__(self, registry: Registry, usage: UsageFiles) -> None:
        """Count nothing yet."""
        self._registry = registry
        self._usage = usage
        self._one = asyncio.Lock()
        self._work: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Count in the background from now on."""
        self._work = asyncio.create_task(self._keep_on())

    async def stop(self) -> None:
        """Stop counting; what is counted is kept."""
        if self._work is not None:
            self._work.cancel()
            with suppress(asyncio.CancelledError):
                await self._work

    async def step(self) -> int:
        """Count some batches, and give how many are left.

        Raises:
            UnavailableError: the registry does not answer.
        """
        async with self._one:
            # Whoever stops this closes the registry next.
            return await to_its_end(count_some, self._registry, self._usage)

    async def _keep_on(self) -> None:
        while True:
            left = 0
            try:
                left = await self.step()
            except PackhorseError as error:
                _log.error("Usage was not counted: %s %s", error, error.hint)
            await asyncio.sleep(0 if left else PAUSE_SECONDS)


def count_some(registry: Registry, usage: UsageFiles, most: int = AT_ONCE) -> int:
    """Count up to ``most`` batches, and give how many are left.

    Raises:
        UnavailableError: the registry does not answer.
    """
    with registry.reading() as session:
        rows = session.scalars(_uncounted().order_by(BatchRow.id).limit(most)).all()
        batches = [
            _Batch(row.id, row.node, row.epoch, (row.first, row.last), row.path, row.received)
            for row in rows
        ]
    records = {batch.id: _records(usage, batch) for batch in batches}
    with registry.transaction() as session:
        for batch in batches:
            # Another copy of the hub may have been quicker.
            if session.get(CountedBatchRow, batch.id) is None:
                _count(session, batch, records[batch.id])
                session.add(CountedBatchRow(batch=batch.id))
                session.flush()
        left = session.scalar(select(func.count()).select_from(_uncounted().subquery()))
    return int(left or 0)


def weekly_use(
    registry: Registry, since: date, nodes: Collection[str] | None = None
) -> dict[tuple[str, str], Use]:
    """Give the use by pack and week (its Monday), from a week on.

    Args:
        registry: holds the sums.
        since: the first week's Monday.
        nodes: whose; None for all.
    """
    sums = (
        func.sum(UsageWeekRow.opened),
        func.sum(UsageWeekRow.completed),
        func.sum(UsageWeekRow.watched),
        func.sum(UsageWeekRow.taught),
        func.sum(UsageWeekRow.heads),
    )
    query = select(UsageWeekRow.pack, UsageWeekRow.week, *sums)
    query = query.where(UsageWeekRow.week >= since.isoformat())
    if nodes is not None:
        query = query.where(UsageWeekRow.node.in_(nodes))
    with registry.reading() as session:
        rows = session.execute(query.group_by(UsageWeekRow.pack, UsageWeekRow.week)).all()
    return {(pack, week): Use(*map(int, numbers)) for pack, week, *numbers in rows}


def monday(moment: datetime) -> date:
    """Give the Monday of a moment's week, in the hub's time zone."""
    day = moment.astimezone().date()
    return day - timedelta(days=day.weekday())


def _uncounted() -> Select[BatchRow]:
    counted = select(CountedBatchRow.batch).where(CountedBatchRow.batch == BatchRow.id)
    return select(BatchRow).where(~counted.exists())


def _records(usage: UsageFiles, batch: _Batch) -> dict[int, Record]:
    try:
        return usage.records(batch.path)
    except DamagedError as error:
        _log.error("%s %s", error, error.hint)
        return {}


def _count(session: Session, batch: _Batch, records: dict[int, Record]) -> None:
    seen = _seen(session, batch)
    sums: dict[tuple[str, str], Use] = {}
    for number, record in records.items():
        if isinstance(record, Statement) and not any(low <= number <= high for low, high in seen):
            key = (_week(record, batch.received), _pack(record.pack))
            sums[key] = sums.get(key, Use()).plus(_use(record))
    for (week, pack), use in sums.items():
        _add(session, batch.node, week, pack, use)


def _seen(session: Session, batch: _Batch) -> list[Range]:
    """Give the spans of counted batches that this one overlaps: a number counts once."""
    query = (
        select(BatchRow.first, BatchRow.last)
        .join(CountedBatchRow, CountedBatchRow.batch == BatchRow.id)
        .where(BatchRow.node == batch.node, BatchRow.epoch == batch.epoch)
        .where(BatchRow.first <= batch.span[1], BatchRow.last >= batch.span[0])
    )
    return [(first, last) for first, last in session.execute(query)]


def _add(session: Session, node: str, week: str, pack: str, use: Use) -> None:
    row = session.get(UsageWeekRow, (week, pack, node))
    if row is None:
        if pack and _packs(session, node, week) >= _MOST_PACKS:
            # Nobody has so many; whoever says so is counted, and takes no more room.
            _add(session, node, week, "", use)
            return
        row = UsageWeekRow(week=week, pack=pack, node=node, **Use()._asdict())
        session.add(row)
    row.opened += use.opened
    row.completed += use.completed
    row.watched += use.watched
    row.taught += use.taught
    row.heads += use.heads
    session.flush()


def _packs(session: Session, node: str, week: str) -> int:
    query = select(func.count()).where(UsageWeekRow.node == node, UsageWeekRow.week == week)
    return int(session.scalar(query) or 0)


def _pack(text: str) -> str:
    try:
        return parse_pack_id(text)
    except RefusedError:
        return ""


def _week(statement: Statement, received: datetime) -> str:
    try:
        at = datetime.fromtimestamp(statement.at / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        at = received
    if not received - _LATE <= at <= received + _EARLY:
        at = received
    return monday(at).isoformat()


def _use(statement: Statement) -> Use:
    stretch = statement.position - statement.start
    taught = statement.verb == "taught"
    ended = statement.verb in {"paused", "terminated"} and statement.start >= 0 < stretch
    return Use(
        opened=statement.verb == "opened",
        completed=statement.verb == "completed",
        watched=min(stretch, _MOST_STRETCH_MS) if ended else 0,
        taught=taught,
        heads=statement.count if taught else 0,
    )


def weeks_back(now: datetime, count: int) -> Iterator[date]:
    """Give the Mondays of the last ``count`` weeks, oldest first."""
    last = monday(now)
    for number in reversed(range(count)):
        yield last - timedelta(weeks=number)
