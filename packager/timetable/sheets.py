"""Files of tables as sheets of texts: CSV in UTF-8 or GBK, and workbooks."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from core.errors import UsageError
from core.table import MAX_TABLE_BYTES, MOST_COLUMNS, Record, read_records
from packager import workbook
from packager.faults import unreadable
from packager.timetable.merged import Merged, merged_cells

MAX_FILE_BYTES: Final = MAX_TABLE_BYTES
_WORKBOOK: Final = b"PK\x03\x04"
_OLD_WORKBOOK: Final = b"\xd0\xcf\x11\xe0"
_A: Final = ord("A")


@dataclass(frozen=True)
class Sheet:
    """One table.

    Attributes:
        name: in a workbook; empty for a file that is one table.
        rows: number and cells of each row that has something in it; cells are texts.
        merged: rows that the merged cells at a row's number and a column take; the column counts
            from 0.
        covered: row's number and column of what merged cells cover: it has their text too.
    """

    name: str
    rows: list[tuple[int, list[str]]]
    merged: dict[tuple[int, int], int] = field(default_factory=dict)
    covered: frozenset[tuple[int, int]] = frozenset()

    def where(self, row: int, column: int | None = None) -> str:
        """Name a row or a cell, as a spreadsheet program does."""
        place = f"row {row}" if column is None else f"cell {column_name(column)}{row}"
        return f"{self.name}, {place}" if self.name else place


def column_name(column: int) -> str:
    """Give a column's letters, counted from 0."""
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(_A + rest) + letters
    return letters


def read_file(path: Path) -> bytes:
    """Read a file of at most ``MAX_FILE_BYTES``.

    Raises:
        UsageError: it cannot be read, or is larger: then it is not read.
    """
    try:
        size = path.stat().st_size
        if size <= MAX_FILE_BYTES:
            with path.open("rb") as file:
                data = file.read(MAX_FILE_BYTES + 1)
            size = len(data)
    except OSError as error:
        raise unreadable(str(path), error) from error
    if size > MAX_FILE_BYTES:
        raise UsageError(
            "{what} is too large for a timetable: {size} MB, at most {most} are read.",
            hint="Leave out years that are over, or pictures.",
            what=path.name,
            size=size // 1_000_000,
            most=MAX_FILE_BYTES // 1_000_000,
        )
    return data


def read_sheets(data: bytes, what: str) -> list[Sheet]:
    """Read the sheets of a table's file.

    Raises:
        RefusedError: it is none, or has too much.
        UsageError: it is of a kind that is not read.
    """
    if data.startswith(_OLD_WORKBOOK):
        raise UsageError(
            "{what} is a workbook of the old kind.",
            hint="Save it as .xlsx, or as CSV (UTF-8).",
            what=what,
        )
    if data.startswith(_WORKBOOK):
        merged = merged_cells(data)
        return [
            _with_merged(name, records, merged.get(name, []))
            for name, records in workbook.read_sheets(data, what)
        ]
    return [Sheet("", read_records(data, what))]


def _with_merged(name: str, records: list[Record], merged: list[Merged]) -> Sheet:
    """Give every cell that a merged one covers its text."""
    rows = dict(records)
    spans: dict[tuple[int, int], int] = {}
    covered: set[tuple[int, int]] = set()
    for one in merged:
        cells = rows.get(one.top, [])
        text = cells[one.left] if one.left < len(cells) else ""
        if not text or one.right >= MOST_COLUMNS:
            continue
        columns = range(one.left, one.right + 1)
        numbers = [number for number in rows if one.top <= number <= one.bottom]
        for number in numbers:
            row = rows[number]
            row += [""] * (one.right + 1 - len(row))
            row[one.left : one.right + 1] = [text] * len(columns)
        covered.update((number, at) for number in numbers[1:] for at in columns)
        spans.update(((one.top, at), len(numbers)) for at in columns)
    return Sheet(name, records, spans, frozenset(covered))
