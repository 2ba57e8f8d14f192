"""Tables as people save them."""

import pytest

from core.errors import RefusedError
from core.table import MAX_CELL, MAX_ROWS, Row, read_table

COLUMNS = {"school": ("学校",), "name": ("校名", "title"), "groups": ("分组",)}


def read(data: bytes) -> list[Row]:
    return read_table(data, COLUMNS, ["school"], what="schools.csv")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_encodings_and_separators(encoding: str, separator: str) -> None:
    text = "学校,校名,电话\r\nzh-1,珠海一小,123\r\n\r\nzh-2,珠海二小,\r\n".replace(",", separator)
    assert read(text.encode(encoding)) == [
        Row(2, {"school": "zh-1", "name": "珠海一小", "groups": ""}),
        Row(4, {"school": "zh-2", "name": "珠海二小", "groups": ""}),
    ]


def test_quoted_cells_may_hold_separators_and_lines_and_short_rows_are_filled() -> None:
    assert read(b'School, NAME ,groups\n"a",b\n"c\nd","e,f",g\n"h",,\n') == [
        Row(2, {"school": "a", "name": "b", "groups": ""}),
        Row(3, {"school": "c\nd", "name": "e,f", "groups": "g"}),
        Row(5, {"school": "h", "name": "", "groups": ""}),
    ]


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "is empty"),
        (b"\n \n", "is empty"),
        (b"PK\x03\x04\0\0", "neither in UTF-8 nor in GBK"),
        (b"\xff\xfe\xfd", "neither in UTF-8 nor in GBK"),
        ("学校,校名\na,b".encode("utf-16"), "neither in UTF-8 nor in GBK"),
        (b"name,groups\na,b", "has no column school / "),
        (b"school,School\na,b", "two columns for school: 'school' and 'School'"),
        (b"school,title,name\na,b,c", "two columns for name: 'title' and 'name'"),
        (b"school,name\na,b\nc,d,e", "Row 3 of schools.csv has more cells"),
        (b"school,name\na,b\n\n,d", "Row 4 of schools.csv has nothing in the column school"),
        (b'school,name\na,"b\nc', "Row 2 of schools.csv cannot be read"),
        (b"school\n" + b"x" * (MAX_CELL + 1), "Row 2 of schools.csv has too many or too long"),
        (b"school\n" + b"x\n" * (MAX_ROWS + 1), "more than"),
        (b"x" * (5 * 1024 * 1024), "too large"),
    ],
)
def test_what_is_wrong_is_named(data: bytes, sentence: str) -> None:
    with pytest.raises(RefusedError, match=sentence):
        read(data)


def test_cells_beyond_the_last_column_may_be_empty() -> None:
    assert read(b"school,name\na,b,,,\n")[0].cells["name"] == "b"
