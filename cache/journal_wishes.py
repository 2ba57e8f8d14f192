"""Teachers' wishes, in the journal: items to be fetched before all others.

Written by the portal, obeyed by the agent's side, which never writes here: a wish is done when
its item is here (``CatalogueItem.is_enough``), whether its row is still there or not.
"""

import sqlite3
from pathlib import Path
from typing import Annotated, Final

import msgspec

from cache.journal_tables import table_rows
from cache.migrations import Migration
from core.codec import convert
from core.names import PackId
from core.timetable import Minute

MOST_WISHES: Final = 200
MIGRATION: Final = Migration(
    "wishes",
    (
        # wanted_by in minutes since 1970.
        """CREATE TABLE wish (
            pack TEXT NOT NULL,
            item TEXT NOT NULL,
            wanted_by INTEGER,
            teacher TEXT NOT NULL,
            at REAL NOT NULL,
            PRIMARY KEY (pack, item)
        ) STRICT""",
    ),
)
_ALL: Final = "SELECT pack, item, wanted_by, teacher, at FROM wish ORDER BY at, pack, item LIMIT ?"


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """One item that a teacher wants here.

    Attributes:
        pack: the pack's id.
        item: the item's id in it.
        wanted_by: by when, minutes since 1970; None for as soon as possible.
        teacher: who wished it.
        at: when, Unix seconds as then believed.
    """

    pack: PackId
    item: Annotated[str, msgspec.Meta(max_length=100)]
    wanted_by: Minute | None
    teacher: Annotated[str, msgspec.Meta(max_length=200)]
    at: float


def keep_wish(connection: sqlite3.Connection, wish: Wish) -> bool:
    """Keep a wish, in place of an earlier one for the item; say whether there was room for it."""
    full = connection.execute(
        "SELECT count(*) >= ? FROM wish WHERE NOT (pack = ? AND item = ?)",
        (MOST_WISHES, wish.pack, wish.item),
    ).fetchone()[0]
    if not full:
        connection.execute(
            "INSERT OR REPLACE INTO wish VALUES (?, ?, ?, ?, ?)", msgspec.structs.astuple(wish)
        )
    return not full


def drop_wish(connection: sqlite3.Connection, pack: str, item: str) -> None:
    """Remove a wish, if it is there."""
    connection.execute("DELETE FROM wish WHERE pack = ? AND item = ?", (pack, item))


def wishes(path: Path) -> list[Wish]:
    """Give all wishes, oldest first; rows that make no sense are left out.

    Raises:
        DamagedError: the journal is damaged; the portal salvages it.
    """
    found = []
    for row in table_rows(path, "wish", _ALL, MOST_WISHES):
        fields = dict(zip(Wish.__struct_fields__, row, strict=True))
        try:
            found.append(convert(fields, Wish))
        except msgspec.ValidationError:
            continue
    return found
