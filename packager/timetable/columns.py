"""The headings of tables, in Chinese and English, and which columns they name."""

from collections.abc import Mapping, Sequence
from typing import Final

from core.display import one_line
from packager.timetable.findings import Findings
from packager.timetable.sheets import Sheet
from packager.timetable.times import plain

LESSONS: Final = {
    "date": ("day of lesson", "日期"),
    "weekday": ("day of week", "星期", "周几", "星期几"),
    "weeks": ("week", "周次", "单双周", "上课周次"),
    "period": ("lesson number", "节次", "节", "第几节", "课节"),
    "start": ("time", "from", "begins", "开始", "开始时间", "上课时间", "时间"),
    "end": ("until", "ends", "结束", "结束时间", "下课时间"),
    "minutes": ("duration", "length", "分钟", "时长", "时长(分钟)", "分钟数"),
    "pack": ("course", "课程包", "课程包编号"),
    "lesson": ("item", "topic", "课", "课题", "课程", "课程名称", "课程内容", "授课内容"),
    "title": ("name", "标题", "名称"),
    "address": ("x-packhorse-item", "url", "link", "地址", "链接"),
    "channel": ("class", "grade", "频道", "班级", "年级"),
    "day": ("taught as", "安排", "调课"),
}
DAYS: Final = {
    "date": ("from", "日期", "开始日期"),
    "until": ("to", "到", "至", "结束日期"),
    "day": ("taught as", "安排", "按"),
    "period": ("节次", "节"),
    "start": ("begins", "开始", "开始时间", "上课时间"),
    "end": ("ends", "结束", "结束时间", "下课时间"),
}
_LOOKED_AT: Final = 15
_ENOUGH: Final = 2


def columns_of(cells: Sequence[str], headings: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """Give the place of each column that a row names."""
    names = {plain(word): name for name, words in headings.items() for word in (name, *words)}
    places: dict[str, int] = {}
    for place, cell in enumerate(cells):
        name = names.get(plain(cell))
        if name is not None:
            places.setdefault(name, place)
    return places


def find_heading(
    sheet: Sheet, headings: Mapping[str, Sequence[str]]
) -> tuple[int, dict[str, int]] | None:
    """Find the row that names a table's columns, below a title perhaps; give its place in rows."""
    for place, (_, cells) in enumerate(sheet.rows[:_LOOKED_AT]):
        found = columns_of(cells, headings)
        if len(found) >= _ENOUGH:
            return place, found
    return None


class Table:
    """The rows below a heading.

    Args:
        sheet: where they are.
        heading: what ``find_heading`` gave.
        findings: takes rows whose cells are shifted.
    """

    def __init__(
        self, sheet: Sheet, heading: tuple[int, dict[str, int]], findings: Findings
    ) -> None:
        place, self._columns = heading
        self._sheet = sheet
        self._width = len(sheet.rows[place][1])
        self._rows = sheet.rows[place + 1 :]
        self._findings = findings

    def rows(self) -> list[tuple[str, dict[str, str]]]:
        """Give place and cells, by column, of each row; columns that are not there are empty."""
        found: list[tuple[str, dict[str, str]]] = []
        for number, cells in self._rows:
            where = self._sheet.where(number)
            if any(cells[self._width :]):
                self._findings.fault(
                    where,
                    "The row has more cells than there are headings: perhaps they are shifted,"
                    " or a comma stands in a cell without quotation marks.",
                )
                continue
            found.append((where, _Cells(self._columns, cells)))
        return found


class _Cells(dict[str, str]):
    def __init__(self, columns: Mapping[str, int], cells: Sequence[str]) -> None:
        super().__init__(
            {name: one_line(cells[at], 1000) for name, at in columns.items() if at < len(cells)}
        )

    def __missing__(self, key: str) -> str:
        return ""
