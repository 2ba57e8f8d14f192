"""What publishers have withdrawn, in the catalogue: kept, counted out, and given to readers.

A withdrawn item is not served. Blobs that only withdrawn items need are not wanted: a version
that lacks nothing else is whole. What is here of them stays, so that a withdrawal that is taken
back costs nothing on the line.
"""

import sqlite3
from collections import defaultdict
from collections.abc import Iterable
from typing import Any, Final

from core.withdrawal import FIELD, Withdrawal, read_withdrawals

TABLE: Final = """CREATE TABLE withdrawal (
    pack TEXT NOT NULL,
    item TEXT NOT NULL,
    version INTEGER NOT NULL,
    reason TEXT NOT NULL,
    at TEXT NOT NULL,
    PRIMARY KEY (pack, item, version)
) STRICT, WITHOUT ROWID"""
EVERY: Final = "SELECT pack, item, version, reason, at FROM withdrawal ORDER BY 1, 2, 3"
OF_PACK: Final = """
    SELECT pack, item, version, reason, at FROM withdrawal WHERE pack = ? ORDER BY 2, 3
"""
_MATCH: Final = (
    "EXISTS (SELECT 1 FROM withdrawal AS gone WHERE gone.pack = {pack}"
    " AND gone.item IN ('', {item}) AND gone.version IN (0, {version}))"
)
WITHDRAWN: Final = _MATCH.format(pack="version.pack", item="item.name", version="version.version")
"""Whether the row of ``item`` at the row of ``version`` is withdrawn."""
GONE: Final = _MATCH.format(pack="version.pack", item="''", version="version.version")
"""Whether the whole row of ``version`` is withdrawn."""


def grouped(rows: Iterable[tuple[Any, ...]]) -> dict[str, list[Withdrawal]]:
    """Give withdrawals by pack, as ``EVERY`` and ``OF_PACK`` select them."""
    found: dict[str, list[Withdrawal]] = defaultdict(list)
    for pack, item, version, reason, at in rows:
        found[pack].append(Withdrawal(reason=reason, at=at, item=item, version=version))
    return dict(found)


def salvaged(rows: Iterable[tuple[Any, ...]]) -> dict[str, list[Withdrawal]]:
    """Give those withdrawals of a catalogue that is not trusted which are well-formed."""
    found: dict[str, list[Withdrawal]] = {}
    for pack, ones in grouped(rows).items():
        entries = [{name: getattr(one, name) for name in one.__struct_fields__} for one in ones]
        sound, _ = read_withdrawals({FIELD: entries}, pack)
        if sound:
            found[pack] = sound
    return found


def replace(connection: sqlite3.Connection, pack: str, withdrawals: list[Withdrawal]) -> None:
    """Put a pack's withdrawals in the place of those before; the caller counts again."""
    connection.execute("DELETE FROM withdrawal WHERE pack = ?", (pack,))
    connection.executemany(
        "INSERT OR REPLACE INTO withdrawal VALUES (?, ?, ?, ?, ?)",
        [(pack, one.item, one.version, one.reason, one.at) for one in withdrawals],
    )


def joined(before: Iterable[Withdrawal], after: Iterable[Withdrawal]) -> list[Withdrawal]:
    """Give withdrawals and those before that they do not replace."""
    found = {(one.item, one.version): one for one in [*before, *after]}
    return list(found.values())
