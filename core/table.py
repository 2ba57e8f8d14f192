"""Tables as people save them: CSV in UTF-8 or GBK, with commas, semicolons or tabs.

``read_table`` takes a file's bytes; ``rows_of`` takes records that come from elsewhere, such as a
workbook.

A row is named by the number of the line it begins on, as an editor shows it, so that a sentence
about it can be found again.
"""

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from core.errors import RefusedError

MAX_TABLE_BYTES: Final = 4 * 1024 * 1024
MAX_ROWS: Final = 20_000
MAX_CELL: Final = 1000
MOST_COLUMNS: Final = 64
_SEPARATORS: Final = ",;\t"
_SHOWN: Final = 40
_SAVE_AS_CSV: Final = "Save it from the spreadsheet program as CSV (UTF-8), not as a workbook."

Record = tuple[int, list[str]]
"""A line's number and its cells, without spaces around."""


class Row(NamedTuple):
    """One row: its line, and its cells by the column's own name; missing cells are empty."""

    line: int
    cells: dict[str, str]


def read_table(
    data: bytes,
    columns: Mapping[str, Sequence[str]],
    required: Sequence[str],
    *,
    what: str,
    longest: int = MAX_CELL,
) -> list[Row]:
    """Read a table whose first row names its columns.

    Args:
        data: the file's bytes.
        columns: for each column its headings in other words, such as Chinese ones; letter case
            and spaces around do not matter. Columns that are not named here are left out.
        required: columns that must be there and filled in every row.
        what: names the file in sentences.
        longest: most characters of a cell.

    Raises:
        RefusedError: the encoding is not known, a heading is missing or stands twice, a row has
            more cells than headings or lacks a required one, or there is too much.
    """
    return rows_of(read_records(data, what, longest=longest), columns, required, what=what)


def read_records(data: bytes, what: str, *, longest: int = MAX_CELL) -> list[Record]:
    """Read the rows that have something in them, each with the line that it begins on.

    Raises:
        RefusedError: the encoding is not known, or there is too much.
    """
    return _records(decode_text(data, what, hint=_SAVE_AS_CSV), what, longest)


def rows_of(
    records: Sequence[Record],
    columns: Mapping[str, Sequence[str]],
    required: Sequence[str],
    *,
    what: str,
) -> list[Row]:
    """Take records, of which the first names the columns, for a table; as ``read_table``.

    Raises:
        RefusedError: as ``read_table``.
    """
    if not records:
        raise RefusedError(
            "{what} is empty.", hint="Its first row must name its columns.", what=what
        )
    places = _places(records[0][1], columns, required, what)
    width = len(records[0][1])
    rows = [_row(line, cells, places, width, what) for line, cells in records[1:]]
    for row in rows:
        for name in required:
            if not row.cells[name]:
                raise RefusedError(
                    "Row {line} of {what} has nothing in the column {column}.",
                    hint="Fill it in; perhaps the row's cells are shifted.",
                    line=row.line,
                    what=what,
                    column=name,
                )
    return rows


def decode_text(data: bytes, what: str, *, hint: str) -> str:
    """Decode a text that a person saved in UTF-8 or GBK.

    Args:
        data: the file's bytes.
        what: names the file in sentences.
        hint: says how to save it.

    Raises:
        RefusedError: it is too large, or in neither.
    """
    if len(data) > MAX_TABLE_BYTES:
        raise RefusedError("{what} is too large for a table.", what=what)
    # GB 18030 includes GBK, which is what spreadsheet programs in China save.
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise RefusedError("{what} is written neither in UTF-8 nor in GBK.", hint=hint, what=what)


def _records(text: str, what: str, longest: int) -> list[Record]:
    first = text.partition("\n")[0]
    separator = max(_SEPARATORS, key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    records: list[Record] = []
    line = 1
    try:
        for cells in reader:
            cleaned = [cell.strip() for cell in cells]
            if any(cleaned):
                records.append((line, cleaned))
            check_size(line, cleaned, len(records), what=what, longest=longest)
            line = reader.line_num + 1
    except csv.Error as error:
        raise RefusedError(
            "Row {line} of {what} cannot be read: {reason}.",
            hint="Look for a quotation mark that is not closed.",
            line=line,
            what=what,
            reason=str(error),
        ) from error
    return records


def check_size(
    line: int, cells: Sequence[str], count: int, *, what: str, longest: int = MAX_CELL
) -> None:
    """Check that a table stays within its bounds as it is read.

    Args:
        line: the row's line.
        cells: the row's.
        count: rows so far.
        what: names the file in sentences.
        longest: most characters of a cell.

    Raises:
        RefusedError: it does not.
    """
    if count > MAX_ROWS:
        raise RefusedError("{what} has more than {most} rows.", what=what, most=MAX_ROWS)
    if len(cells) > MOST_COLUMNS or any(len(cell) > longest for cell in cells):
        raise RefusedError(
            "Row {line} of {what} has too many or too long cells.",
            hint="A row has at most {columns} cells, a cell at most {most} characters: spread a"
            " long list over several rows.",
            line=line,
            what=what,
            columns=MOST_COLUMNS,
            most=longest,
        )


def _places(
    headings: list[str], columns: Mapping[str, Sequence[str]], required: Sequence[str], what: str
) -> dict[str, int]:
    names = {
        heading.casefold(): name for name, others in columns.items() for heading in (name, *others)
    }
    places: dict[str, int] = {}
    for place, heading in enumerate(headings):
        name = names.get(heading.casefold())
        if name is None:
            continue
        if name in places:
            raise RefusedError(
                "{what} has two columns for {column}: {one} and {other}.",
                hint="Remove one of them, or give it a heading of its own.",
                what=what,
                column=name,
                one=repr(headings[places[name]][:_SHOWN]),
                other=repr(heading[:_SHOWN]),
            )
        places[name] = place
    for name in required:
        if name not in places:
            raise RefusedError(
                "{what} has no column {column}.",
                hint="Its first row must name the columns: {columns}.",
                what=what,
                column=" / ".join((name, *columns[name])),
                columns=", ".join(columns),
            )
    return {name: places.get(name, -1) for name in columns}


def _row(line: int, cells: list[str], places: dict[str, int], width: int, what: str) -> Row:
    if len(cells) > width and any(cells[width:]):
        raise RefusedError(
            "Row {line} of {what} has more cells than there are columns.",
            hint="Look for a comma inside a cell: such a cell stands in quotation marks.",
            line=line,
            what=what,
        )
    return Row(
        line,
        {name: cells[place] if 0 <= place < len(cells) else "" for name, place in places.items()},
    )
