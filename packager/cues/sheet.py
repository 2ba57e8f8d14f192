"""Cues as they stand in a spreadsheet: a row each, with headings in English or Chinese."""

from collections.abc import Sequence
from typing import Final

from core.cues import MAX_GUIDE
from core.errors import UsageError
from core.table import Row
from packager.cues.names import make_cue, read_kind, read_minutes, read_moment
from packager.cues.text import Fault, Written

COLUMNS: Final = {
    "time": ("时间", "时刻"),
    "kind": ("类型", "环节"),
    "title": ("标题", "内容"),
    "guide": ("指导", "教师指导", "提示"),
    "minutes": ("分钟", "时长"),
}
REQUIRED: Final = ("time",)
LONGEST: Final = 2 * MAX_GUIDE


def read_rows(rows: Sequence[Row]) -> tuple[list[Written], list[Fault]]:
    """Read the cues of a table's rows, and what is wrong with them."""
    cues: list[Written] = []
    faults: list[Fault] = []
    for line, cells in rows:
        try:
            cue = make_cue(
                read_moment(cells["time"]),
                read_kind(cells["kind"]),
                cells["title"],
                cells["guide"].splitlines(),
                read_minutes(cells["minutes"]),
            )
        except UsageError as error:
            faults.append(Fault(line, error))
        else:
            cues.append(Written(line, cue))
    return cues, faults
