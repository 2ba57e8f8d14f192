"""Workbooks (.xlsx) as tables: the first sheet that holds anything, each cell as it is shown.

A workbook is an archive that can say anything of itself, so it is bounded before it is opened:
its bytes, its parts and what they unpack to; and rows and cells while it is read. Formulas give
the value that the spreadsheet program saved.
"""

import warnings
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta
from io import BytesIO
from typing import Any, Final

from core.errors import RefusedError
from core.table import MAX_CELL, MAX_ROWS, MAX_TABLE_BYTES, MOST_COLUMNS, Record, check_size

_MOST_PARTS: Final = 1000
_MOST_SHEETS: Final = 50
_MAX_UNPACKED_BYTES: Final = 64 * 1024 * 1024
_HOUR: Final = 3600
_MINUTE: Final = 60
# What reading a wrong archive, its XML, and what openpyxl makes of it raise.
_WRONG: Final = (
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    zipfile.BadZipFile,
    zlib.error,
)


def read_workbook(data: bytes, what: str, *, longest: int = MAX_CELL) -> list[Record]:
    """Give a workbook's rows with their numbers, empty ones left out.

    A time of day is written as the cell shows it: ``5:30``, or ``0:05:30`` where the format has
    seconds; a date as ``2026-09-01``, with a time behind it where there is one.

    Args:
        data: the file's bytes.
        what: names the file in sentences.
        longest: most characters of a cell.

    Raises:
        RefusedError: it is no workbook, or too large.
    """
    return next((rows for _, rows in _opened(data, what, longest) if rows), [])


def read_sheets(data: bytes, what: str) -> list[tuple[str, list[Record]]]:
    """Give name and rows of each sheet that can be seen, as ``read_workbook`` gives them.

    Raises:
        RefusedError: as ``read_workbook``.
    """
    return list(_opened(data, what, MAX_CELL))


def _opened(data: bytes, what: str, longest: int) -> Iterator[tuple[str, list[Record]]]:
    _check_archive(data, what)
    try:
        with warnings.catch_warnings():
            # About styles and the like, which do not matter here.
            warnings.simplefilter("ignore")
            yield from _sheets(data, what, longest)
    except _WRONG as error:
        raise _damaged(what) from error


def _check_archive(data: bytes, what: str) -> None:
    if len(data) > MAX_TABLE_BYTES:
        raise RefusedError("{what} is too large for a table.", what=what)
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise _damaged(what) from error
    # No part gives more than its entry says.
    if len(parts) > _MOST_PARTS or sum(one.file_size for one in parts) > _MAX_UNPACKED_BYTES:
        raise RefusedError("{what} is too large for a table.", what=what)


def _sheets(data: bytes, what: str, longest: int) -> Iterator[tuple[str, list[Record]]]:
    from openpyxl import load_workbook  # noqa: PLC0415 - slow to load, and seldom needed

    book = load_workbook(BytesIO(data), read_only=True, data_only=True, keep_links=False)
    try:
        for sheet in book.worksheets[:_MOST_SHEETS]:
            if sheet.sheet_state == "visible":
                # What it says of its own size may be wrong.
                sheet.reset_dimensions()
                rows = sheet.iter_rows(max_row=MAX_ROWS + 2, max_col=MOST_COLUMNS)
                yield sheet.title, list(_rows(rows, what, longest))
    finally:
        book.close()


def _rows(rows: Iterable[Iterable[Any]], what: str, longest: int) -> Iterator[Record]:
    for line, row in enumerate(rows, 1):
        cells = [_shown(cell.value, cell).strip() for cell in row]
        while cells and not cells[-1]:
            del cells[-1]
        check_size(line, cells, line - 1, what=what, longest=longest)
        if cells:
            yield line, cells


def _shown(value: object, cell: Any) -> str:  # noqa: ANN401 - one of several kinds of cells
    if value is None:
        return ""
    if isinstance(value, datetime):
        has_time = value.time() != time()
        return value.isoformat(" ", "minutes") if has_time else value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, time | timedelta):
        return _clock(value, seconds="s" in cell.number_format.lower())
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _clock(value: time | timedelta, *, seconds: bool) -> str:
    whole = (
        round(value.total_seconds())
        if isinstance(value, timedelta)
        else value.hour * _HOUR + value.minute * _MINUTE + value.second
    )
    hours, rest = divmod(max(0, whole), _HOUR)
    text = f"{hours}:{rest // _MINUTE:02d}"
    return f"{text}:{rest % _MINUTE:02d}" if seconds else text


def _damaged(what: str) -> RefusedError:
    return RefusedError(
        "{what} cannot be read as a workbook.",
        hint="Open it in the spreadsheet program and save it again as .xlsx, or as CSV (UTF-8).",
        what=what,
    )
