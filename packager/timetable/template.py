"""A table to fill in, with one line of each kind."""

import csv
import io
from datetime import date, timedelta
from typing import Final

_COLUMNS: Final = ("date", "weekday", "weeks", "start", "minutes", "pack", "lesson", "day")
_CHINESE: Final = ("日期", "星期", "单双周", "开始", "分钟", "课程包", "课题", "安排")
_LANGUAGES: Final = {
    "en": (_COLUMNS, "term start", "term end", "holiday", "Wednesday", "Monday", "odd"),
    "zh": (_CHINESE, "开学", "学期结束", "放假", "周三", "周一", "单周"),
}
LANGUAGES: Final = tuple(_LANGUAGES)


def template(language: str, today: date, pack: str, lesson: str) -> str:
    """Give a table to fill in.

    Args:
        language: of the headings, one of ``LANGUAGES``.
        today: the term begins on the Monday after it.
        pack: a pack's id, for the example.
        lesson: a lesson of it.
    """
    columns, start, end, holiday, weekday, monday, odd = _LANGUAGES[language]
    first = today + timedelta(days=7 - today.weekday())
    rows = [
        columns,
        (first, "", "", "", "", "", "", start),
        (first + timedelta(days=1), "", "", "08:30", 40, pack, lesson, ""),
        ("", monday, "", "09:20", 40, pack, "", ""),
        ("", monday, odd, "10:10", 40, pack, lesson, ""),
        (first + timedelta(days=9), "", "", "", "", "", "", holiday),
        (first + timedelta(days=12), "", "", "", "", "", "", weekday),
        (first + timedelta(days=18 * 7 + 4), "", "", "", "", "", "", end),
    ]
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()
