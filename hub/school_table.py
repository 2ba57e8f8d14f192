"""The admin's table of schools, checked as a whole: every wrong row is named, or none is wrong."""

import re
from collections.abc import Callable
from typing import Final

from core.errors import PackhorseError, RefusedError, UsageError
from core.stick import MOST_SETUP_FILES
from core.table import Row, read_table
from core.text import listed
from hub.registry.schools import School
from hub.tokens import check_school

COLUMNS: Final = {
    "school": ("id", "code", "学校编号", "学校代码", "学校标识", "编号", "代码"),
    "name": ("school name", "title", "学校名称", "校名", "名称", "学校"),
    "place": ("region", "地区", "区域", "区县", "地方"),
    "groups": ("group", "分组", "组", "组别"),
}
_MAX_NAME: Final = 100
_MOST_GROUPS: Final = 50
_BETWEEN_GROUPS = re.compile(r"[,;|、，；]")


def read_schools(data: bytes, what: str, check_place: Callable[[str], str]) -> list[School]:
    """Read a table of schools.

    Args:
        data: the file's bytes.
        what: names the file in sentences.
        check_place: raises a ``UsageError`` for a place that nobody is responsible for.

    Raises:
        RefusedError: it cannot be read as a table, or a row is wrong.
    """
    rows = read_table(data, COLUMNS, ["school"], what=what)
    if not rows or len(rows) > MOST_SETUP_FILES:
        raise RefusedError(
            "{what} has {count} schools; it must have 1 to {most}.",
            what=what,
            count=len(rows),
            most=MOST_SETUP_FILES,
        )
    schools: dict[str, School] = {}
    lines: dict[str, int] = {}
    faults: list[str] = []
    for row in rows:
        try:
            school = _school(row, check_place)
            if (first := lines.setdefault(school.id, row.line)) != row.line:
                raise UsageError("{id} stands in row {first} already.", id=school.id, first=first)
            schools[school.id] = school
        except PackhorseError as error:
            faults.append(f"row {row.line}: {error}")
    if faults:
        raise RefusedError(
            "{what} has {count} wrong rows, and nothing was written:\n{faults}",
            hint="Mend them and run it again.",
            what=what,
            count=len(faults),
            faults=listed(faults),
        )
    return list(schools.values())


def _school(row: Row, check_place: Callable[[str], str]) -> School:
    cells = row.cells
    check_school(cells["school"])
    _check_words(cells["name"], "name")
    if cells["place"]:
        check_place(cells["place"])
    groups = [one.strip() for one in _BETWEEN_GROUPS.split(cells["groups"])]
    groups = list(dict.fromkeys(one for one in groups if one))
    for group in groups:
        _check_words(group, "group")
    if len(groups) > _MOST_GROUPS:
        raise UsageError("It is in more than {most} groups.", most=_MOST_GROUPS)
    return School(cells["school"], cells["name"], cells["place"], tuple(groups))


def _check_words(text: str, column: str) -> None:
    if len(text) > _MAX_NAME or not text.isprintable():
        raise UsageError(
            "Its {column} is longer than {most} characters or not all printable.",
            column=column,
            most=_MAX_NAME,
        )
