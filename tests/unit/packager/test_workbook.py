"""Workbooks as tables."""

import io
import zipfile
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from core.errors import RefusedError
from core.table import MAX_CELL, MAX_ROWS, MAX_TABLE_BYTES
from packager.workbook import read_workbook


def saved(book: Workbook) -> bytes:
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def sheet_of(book: Workbook) -> Worksheet:
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    return sheet


def book_of(*rows: Sequence[object]) -> bytes:
    book = Workbook()
    for row in rows:
        sheet_of(book).append(row)
    return saved(book)


def test_rows_come_with_their_numbers_and_empty_ones_are_left_out() -> None:
    data = book_of(["时间", None, " 标题 "], [], [1, 2.0, 2.5], [None, "x"])
    assert read_workbook(data, "a.xlsx") == [
        (1, ["时间", "", "标题"]),
        (3, ["1", "2", "2.5"]),
        (4, ["", "x"]),
    ]


def test_cells_are_as_they_are_shown() -> None:
    book = Workbook()
    sheet = sheet_of(book)
    for column, (value, shown) in enumerate(
        [
            (time(5, 30), "h:mm"),
            (time(0, 5, 30), "h:mm:ss"),
            (timedelta(hours=65, minutes=30), "[h]:mm:ss"),
            (datetime(2026, 9, 1, 8, 30), "yyyy-mm-dd hh:mm"),  # noqa: DTZ001 - as in a cell
            (date(2026, 9, 1), "yyyy-mm-dd"),
        ],
        1,
    ):
        cell = sheet.cell(1, column, value)
        cell.number_format = shown
    assert read_workbook(saved(book), "a.xlsx") == [
        (1, ["5:30", "0:05:30", "65:30:00", "2026-09-01 08:30", "2026-09-01"]),
    ]


def test_the_first_sheet_that_holds_anything_counts() -> None:
    book = Workbook()
    book.create_sheet("two").append(["a"])
    book.create_sheet("three").append(["b"])
    assert read_workbook(saved(book), "a.xlsx") == [(1, ["a"])]
    assert read_workbook(saved(Workbook()), "a.xlsx") == []


def archive(name: str, content: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr(name, content)
    return file.getvalue()


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "cannot be read as a workbook"),
        (b"PK\x03\x04 no archive", "cannot be read as a workbook"),
        (b"\xd0\xcf\x11\xe0 an old workbook", "cannot be read as a workbook"),
        (archive("a.txt", b"no workbook"), "cannot be read as a workbook"),
        (bytes(MAX_TABLE_BYTES + 1), "too large"),
        (archive("xl/sharedStrings.xml", bytes(65 * 1024 * 1024)), "too large"),
        (book_of(["x" * (MAX_CELL + 1)]), "too many or too long cells"),
        (book_of(*[[1]] * (MAX_ROWS + 2)), f"more than {MAX_ROWS} rows"),
    ],
)
def test_what_is_no_table_is_refused(data: bytes, sentence: str) -> None:
    with pytest.raises(RefusedError) as caught:
        read_workbook(data, "a.xlsx")
    assert str(caught.value).startswith(("a.xlsx", "Row "))
    assert sentence in str(caught.value)


def changed(data: bytes, old: bytes, new: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(file, "w") as target:
        for part in source.infolist():
            target.writestr(part.filename, source.read(part).replace(old, new))
    return file.getvalue()


def test_a_row_that_says_it_is_the_last_of_a_million_is_not_waited_for() -> None:
    data = changed(book_of(["a"], ["b"]), b'<row r="2"', b'<row r="1048576"')
    with pytest.raises(RefusedError, match="has more than"):
        read_workbook(data, "a.xlsx")


def rows_or_sentence(data: bytes) -> None:
    try:
        rows = read_workbook(data, "a.xlsx")
    except RefusedError as error:
        rows = [(0, [str(error)])]
        assert "a.xlsx" in rows[0][1][0]
    assert all(isinstance(cell, str) for _, cells in rows for cell in cells)


BOOK = book_of(["time", "kind"], ["5:30", "pause"])


@settings(deadline=None, max_examples=60)
@given(place=st.integers(0, len(BOOK) - 1), value=st.integers(0, 255), cut=st.booleans())
@example(place=0, value=0, cut=True)
def test_a_damaged_workbook_gives_rows_or_a_sentence(place: int, value: int, *, cut: bool) -> None:
    rows_or_sentence(BOOK[:place] if cut else BOOK[:place] + bytes([value]) + BOOK[place + 1 :])


@pytest.mark.parametrize("part", ["xl/workbook.xml", "xl/worksheets/sheet1.xml", "xl/styles.xml"])
@pytest.mark.parametrize(
    ("old", "new"),
    [(b"<", b"<<"), (b'r="', b'r="x'), (b"count=", b"amount="), (b'"', b"'1"), (b"s", b"\xff")],
)
def test_wrong_parts_give_rows_or_a_sentence(part: str, old: bytes, new: bytes) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(BOOK)) as source, zipfile.ZipFile(file, "w") as target:
        for one in source.infolist():
            content = source.read(one)
            target.writestr(
                one.filename, content.replace(old, new) if one.filename == part else content
            )
    rows_or_sentence(file.getvalue())
