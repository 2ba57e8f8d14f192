"""Reports over the stored batches: each statement once, whatever was sent twice.

Reads every batch file; DuckDB over Parquet will take its place where there are many (see
``docs/hub.md``). Times are the node's own belief, ``at``.
"""

import heapq
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Final, NamedTuple

import msgspec

from core import received
from core.statement import EPOCH_BYTES, Statement, xapi_id
from hub.registry.database import Registry
from hub.registry.enrolment import list_nodes
from hub.registry.receipts import StoredBatch, all_batches
from hub.usage import UsageFiles

_LATEST_MS: Final = 253_402_300_799_000


class Selection(NamedTuple):
    """Which statements a report is over; ``since`` is in milliseconds since 1970."""

    pack: str = ""
    since: int = 0
    last: int = 20

    def has(self, statement: Statement) -> bool:
        """Whether a statement belongs to the report."""
        return self.pack in {"", statement.pack} and statement.at >= self.since


class Row(msgspec.Struct, frozen=True):
    """One statement, with what identifies it; ``at`` is text, ``at_ms`` the same as a number."""

    id: str
    node: str
    school: str
    epoch: str
    sequence: int
    at: str
    at_ms: int
    verb: str
    pack: str
    version: int
    item: str
    session: str
    position: int
    start: int
    length: int
    count: int
    duration: int
    cues: int


class Count(msgspec.Struct, frozen=True):
    """How many statements say the same verb of the same item."""

    pack: str
    item: str
    verb: str
    statements: int


class Report(msgspec.Struct, frozen=True):
    """A report.

    Attributes:
        statements: how many statements the selection has.
        rejected: records that could not be read, in all that has come.
        conflicts: records that came again with other content, in all that has come.
        counts: by pack, item and verb.
        last: the newest statements, newest first.
    """

    statements: int
    rejected: int
    conflicts: int
    counts: list[Count]
    last: list[Row]


def make_report(registry: Registry, usage: UsageFiles, selection: Selection) -> Report:
    """Make a report.

    Raises:
        RefusedError: a stored batch is missing or damaged.
    """
    schools = {node.id: node.school for node in list_nodes(registry)}
    tally = _Tally(selection)
    for batch, number, record in distinct_records(registry, usage, tally.saw):
        tally.add(batch, number, record)
    counts = [Count(*key, number) for key, number in sorted(tally.counts.items())]
    last = [
        _row(batch, number, record, schools.get(batch.node, ""))
        for _, _, batch, number, record in sorted(tally.last, reverse=True)
    ]
    return Report(tally.statements, tally.rejected, tally.conflicts, counts, last)


def distinct_records(
    registry: Registry, usage: UsageFiles, saw: Callable[[StoredBatch], None]
) -> Iterator[tuple[StoredBatch, int, object]]:
    """Give every record once, with its sequence number, in the order in which they came.

    Args:
        registry: names the batches.
        usage: holds them.
        saw: told each batch before its records.

    Raises:
        RefusedError: a stored batch is missing or damaged.
    """
    seen: dict[tuple[str, str], list[received.Range]] = {}
    for batch in all_batches(registry):
        saw(batch)
        key = (batch.node, batch.epoch)
        before = set(received.numbers(received.common(seen.get(key, []), batch.first, batch.last)))
        for number, record in usage.records(batch.path).items():
            if number not in before:
                yield batch, number, record
        seen[key] = received.merged(seen.get(key, []), batch.first, batch.last)


class _Tally:
    """Adds up a report; keeps no more statements than it will show."""

    def __init__(self, selection: Selection) -> None:
        self._selection = selection
        self.statements = 0
        self.rejected = 0
        self.conflicts = 0
        self.counts: Counter[tuple[str, str, str]] = Counter()
        # (at, order of coming, ...): the order is unique, so that nothing else is compared.
        self.last: list[tuple[int, int, StoredBatch, int, Statement]] = []
        self._order = 0

    def saw(self, batch: StoredBatch) -> None:
        self.conflicts += batch.conflicts

    def add(self, batch: StoredBatch, number: int, record: object) -> None:
        if not isinstance(record, Statement):
            self.rejected += 1
            return
        if not self._selection.has(record):
            return
        self.statements += 1
        self.counts[record.pack, record.item, record.verb] += 1
        self._order += 1
        entry = (record.at, self._order, batch, number, record)
        if len(self.last) < self._selection.last:
            heapq.heappush(self.last, entry)
        elif self.last:
            heapq.heappushpop(self.last, entry)


def _row(batch: StoredBatch, number: int, record: Statement, school: str) -> Row:
    epoch = bytes.fromhex(batch.epoch)[:EPOCH_BYTES]
    return Row(
        str(xapi_id(batch.node, epoch, number)),
        batch.node,
        school,
        batch.epoch,
        number,
        moment_text(record.at),
        record.at,
        record.verb,
        record.pack,
        record.version,
        record.item,
        record.session,
        record.position,
        record.start,
        record.length,
        record.count,
        record.duration,
        record.cues,
    )


def moment_text(milliseconds: int) -> str:
    """Write milliseconds since 1970 as a moment in UTC; empty where no calendar has it."""
    if not 0 <= milliseconds <= _LATEST_MS:
        return ""
    moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
