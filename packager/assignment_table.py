"""The table that people write: which group has which schools, and takes which packs.

    group,schools,pack,priority,renditions
    islands,s1 s2,gd/zhuhai/math-*,1,360p audio
    islands,s3,,,
    *,,cn/-/reading,,

A row adds schools to a group, or packs, or both. ``*`` is every school.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Final

from core.assignment import (
    EVERYBODY,
    FIRST,
    LAST,
    USUAL,
    Assignment,
    Rule,
    check_group,
    check_pattern,
    check_rendition,
)
from core.display import one_line
from core.errors import RefusedError, UsageError
from core.table import Row, read_table
from core.text import listed

COLUMNS: Final = {
    "group": ("groups", "组", "分组", "学校组"),
    "schools": ("school", "学校", "学校编号", "学校代码"),
    "pack": ("packs", "课程包", "课程包编号"),
    "priority": ("优先级", "优先"),
    "renditions": ("rendition", "清晰度", "版本清晰度"),
}
_EVERYBODY: Final = {EVERYBODY, "all", "所有", "全部", "所有学校", "全部学校"}
_MOST_SCHOOL: Final = 100
_MARKS = re.compile(r"[,;|、，；\n]+")


def read_assignment(data: bytes, what: str, place: str, published: str) -> Assignment:
    """Read a table into a place's assignment.

    Args:
        data: the file's bytes.
        what: names the file in sentences.
        place: of the publisher, as ``core.assignment.place_of`` gives it.
        published: the moment, UTC.

    Raises:
        RefusedError: it is no table, or lacks a column.
        UsageError: rows are wrong; each is named.
    """
    rows = read_table(data, COLUMNS, ["group"], what=what)
    table = _Table()
    faults: list[str] = []
    for row in rows:
        try:
            table.take(row)
        except (RefusedError, UsageError) as error:
            faults.append(f"row {row.line}: {error}")
    faults += table.lacking()
    if faults:
        raise UsageError(
            "{what} cannot be used:\n{faults}",
            hint="Nothing was published. Correct the table and try again.",
            what=what,
            faults=listed(faults),
        )
    if not rows:
        raise UsageError(
            "{what} has no rows.",
            hint="Add --clear instead of a table to take the assignment away.",
            what=what,
        )
    return Assignment(place=place, published=published, groups=table.groups, rules=table.rules)


def table_of(assignment: Assignment) -> list[list[str]]:
    """Give an assignment as a table's rows, its headings first."""
    rows = [list(COLUMNS)]
    for group, schools in assignment.groups.items():
        rows += [[group, _cell(some), "", "", ""] for some in _pieces(schools)]
    rows += [
        [rule.group, "", rule.pack, str(rule.priority), " ".join(rule.renditions)]
        for rule in assignment.rules
    ]
    return rows


class _Table:
    def __init__(self) -> None:
        self.groups: dict[str, list[str]] = {}
        self.rules: list[Rule] = []
        self._lines: dict[str, int] = {}

    def take(self, row: Row) -> None:
        """Take one row in."""
        cells = row.cells
        group = EVERYBODY if cells["group"].casefold() in _EVERYBODY else cells["group"]
        if group != EVERYBODY:
            check_group(group)
        self._lines.setdefault(group, row.line)
        schools = [_school(one) for one in _words(cells["schools"])]
        if schools and group == EVERYBODY:
            raise UsageError("Every school is in the group * already: it names none.")
        if not schools and not cells["pack"]:
            raise UsageError("It names neither schools nor a pack.")
        rules = [_rule(group, pattern, cells) for pattern in _words(cells["pack"])]
        if group != EVERYBODY:
            known = self.groups.setdefault(group, [])
            self.groups[group] = list(dict.fromkeys([*known, *schools]))
        self.rules += [rule for rule in rules if rule not in self.rules]

    def lacking(self) -> list[str]:
        """Name groups that take packs and have no school: probably mistyped."""
        return [
            f"row {self._lines[group]}: The group {group} has no school in any row."
            for group, schools in self.groups.items()
            if not schools
        ]


def _rule(group: str, pattern: str, cells: dict[str, str]) -> Rule:
    check_pattern(pattern)
    renditions = sorted(set(_words(cells["renditions"].lower())))
    for rendition in renditions:
        check_rendition(rendition)
    return Rule(group, pattern, _priority(cells["priority"]), renditions)


def _priority(text: str) -> int:
    if not text:
        return USUAL
    if not (text.isdecimal() and FIRST <= int(text[:3]) <= LAST):
        raise UsageError(
            "The priority {text} is not a number from 1 to 9.",
            hint="1 comes first.",
            text=repr(text[:20]),
        )
    return int(text)


def _school(text: str) -> str:
    if len(text) > _MOST_SCHOOL or one_line(text) != text:
        raise UsageError("{text} cannot be a school's id.", text=repr(text[: 2 * _MOST_SCHOOL]))
    return text


def _words(text: str) -> list[str]:
    """Split a cell: at marks, where it has some, so that an id may have a space; else at spaces."""
    parts = _MARKS.split(text) if _MARKS.search(text) else text.split()
    return [part.strip() for part in parts if part.strip()]


def _cell(schools: Sequence[str]) -> str:
    """Write schools as one cell, so that ``_words`` finds the same; one may have a space."""
    cell = ";".join(schools)
    return cell if ";" in cell or " " not in cell else f"{cell};"


def _pieces(schools: Iterable[str]) -> list[list[str]]:
    """Cut schools into cells that a table may have."""
    pieces: list[list[str]] = [[]]
    length = 0
    for school in schools:
        length += len(school) + 1
        if length > 900:  # noqa: PLR2004 - below core.table.MAX_CELL
            pieces.append([])
            length = len(school) + 1
        pieces[-1].append(school)
    return [piece for piece in pieces if piece]
