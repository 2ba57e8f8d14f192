"""What teachers added to lessons at this school, in the journal: one row for each file.

The file lies in ``own/`` under the row's id (``cache.own_store``): it is durable before its row,
and its row is gone before it.
"""

import sqlite3
from pathlib import Path
from typing import Annotated, Final

import msgspec

from cache.journal_tables import table_rows
from cache.migrations import Migration
from core.codec import convert

MIGRATION: Final = Migration(
    "own files",
    (
        # removed: when a teacher took it away, Unix seconds; until it is forgotten it can be put
        # back.
        """CREATE TABLE own_file (
            id TEXT PRIMARY KEY,
            pack TEXT NOT NULL,
            item TEXT NOT NULL,
            title TEXT NOT NULL,
            name TEXT NOT NULL,
            size INTEGER NOT NULL,
            digest TEXT NOT NULL,
            teacher TEXT NOT NULL,
            at REAL NOT NULL,
            removed REAL
        ) STRICT""",
    ),
)
_ALL: Final = (
    "SELECT id, pack, item, title, name, size, digest, teacher, at, removed FROM own_file"
    " ORDER BY at, id"
)
_Text = Annotated[str, msgspec.Meta(max_length=300)]


class OwnFile(msgspec.Struct, frozen=True, kw_only=True):
    """One file.

    Attributes:
        id: 32 hexadecimal digits; its name in ``own/``.
        pack: the pack's id.
        item: the item's id in it.
        title: what the teacher calls it.
        name: under which it is downloaded; its extension says what it is.
        size: bytes.
        digest: SHA-256.
        teacher: who added it.
        at: when, Unix seconds as then believed.
        removed: when it was taken away; None while it is shown.
    """

    id: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{32}\Z")]
    pack: _Text
    item: _Text
    title: _Text
    name: _Text
    size: Annotated[int, msgspec.Meta(ge=0)]
    digest: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}\Z")]
    teacher: _Text
    at: float
    removed: float | None = None


def keep_own(connection: sqlite3.Connection, one: OwnFile) -> None:
    """Keep a file's row."""
    connection.execute(
        "INSERT INTO own_file VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", msgspec.structs.astuple(one)
    )


def mark_own(connection: sqlite3.Connection, name: str, removed: float | None) -> None:
    """Take a file away, or put it back."""
    connection.execute("UPDATE own_file SET removed = ? WHERE id = ?", (removed, name))


def forget_own(connection: sqlite3.Connection, names: list[str]) -> None:
    """Remove rows; the caller removes the files after that."""
    connection.executemany("DELETE FROM own_file WHERE id = ?", [(name,) for name in names])


def own_files(path: Path) -> list[OwnFile]:
    """Give all rows, oldest first; those that make no sense are left out.

    Raises:
        DamagedError: the journal is damaged; the portal salvages it.
    """
    found = []
    for row in table_rows(path, "own_file", _ALL):
        fields = dict(zip(OwnFile.__struct_fields__, row, strict=True))
        try:
            found.append(convert(fields, OwnFile))
        except msgspec.ValidationError:
            continue
    return found
