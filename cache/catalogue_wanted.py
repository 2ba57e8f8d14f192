"""What is wanted of a pack: which renditions, and of a pack that nobody assigned, which items.

Blobs that only unwanted renditions or items need are not wanted: a version that lacks nothing
else is whole. What is here of them stays, and is served.
"""

import json
import sqlite3
from collections.abc import Iterable
from typing import Any, Final

from core.wanted import EVERYTHING, Portion

TABLE: Final = """CREATE TABLE wanted (
    pack TEXT PRIMARY KEY,
    renditions TEXT NOT NULL,
    items TEXT
) STRICT, WITHOUT ROWID"""
EVERY: Final = "SELECT pack, renditions, items FROM wanted ORDER BY pack"


def portions(rows: Iterable[tuple[Any, ...]]) -> dict[str, Portion]:
    """Give what is wanted by pack, where it is not everything, as ``EVERY`` selects it."""
    return {
        pack: Portion(
            tuple(json.loads(renditions)), None if items is None else tuple(json.loads(items))
        )
        for pack, renditions, items in rows
    }


def replace(connection: sqlite3.Connection, pack: str, portion: Portion) -> None:
    """Put what is wanted of a pack in the place of what was; the caller counts again."""
    if portion == EVERYTHING:
        connection.execute("DELETE FROM wanted WHERE pack = ?", (pack,))
        return
    items = None if portion.items is None else json.dumps(portion.items)
    connection.execute(
        "INSERT OR REPLACE INTO wanted VALUES (?, ?, ?)",
        (pack, json.dumps(portion.renditions), items),
    )
