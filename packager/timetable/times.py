"""Days, times and weeks as people write them, in Chinese and English.

Every function gives None for what it cannot read; who asks says what was expected.
"""

import re
import unicodedata
from datetime import date
from typing import Final, NamedTuple

MINUTES_A_DAY: Final = 24 * 60
# No school has others, and all that is reckoned from these is a date, too.
_YEARS: Final = range(1970, 3000)
_DATE = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})日?(?:[\st(周星].{0,40})?")
_SHORT_DATE = re.compile(r"(\d{1,2})\s*月\s*(\d{1,2})\s*日?")
_TIME = re.compile(
    r"(上午|早上|中午|下午|晚上|am|pm)?\s*(\d{1,2})\s*[:.时点]\s*(\d{2})?分?(?::\d{2})?\s*(am|pm)?"
)
_BETWEEN = re.compile(r"\s*(?:-|~|至|到|to)\s*")
_LATE: Final = {"下午", "晚上", "pm"}
_NOON: Final = 12
_WEEKDAYS: Final = {
    name: number
    for number, names in enumerate(
        (
            ("monday", "mon", "一"),
            ("tuesday", "tue", "tues", "二"),
            ("wednesday", "wed", "三"),
            ("thursday", "thu", "thur", "thurs", "四"),
            ("friday", "fri", "五"),
            ("saturday", "sat", "六"),
            ("sunday", "sun", "日", "天", "七"),
        ),
        1,
    )
    for name in names
}
_WEEK_WORD = re.compile(r"(?:周|星期|礼拜)")
_ODD: Final = {"odd", "odd weeks", "odd week", "单", "单周", "奇数周"}
_EVEN: Final = {"even", "even weeks", "even week", "双", "双周", "偶数周"}
_EVERY: Final = {"", "every", "every week", "all", "每周", "全周", "全"}
_RANGE = re.compile(r"(\d{1,2})(?:\s*[-~至到]\s*(\d{1,2}))?(\s*(?:单|双|odd|even))?")
_MOST_WEEKS: Final = 60


class Weeks(NamedTuple):
    """In which weeks of the term: those with these numbers; None for every week."""

    numbers: frozenset[int] | None = None

    def has(self, number: int) -> bool:
        """Say whether a week is meant."""
        return self.numbers is None or number in self.numbers


EVERY_WEEK: Final = Weeks()
ODD_WEEKS: Final = Weeks(frozenset(range(1, _MOST_WEEKS, 2)))
EVEN_WEEKS: Final = Weeks(frozenset(range(2, _MOST_WEEKS + 1, 2)))


def plain(text: str) -> str:
    """Give a text without differences that people do not mean: width, case, spaces at its ends."""
    folded = unicodedata.normalize("NFKC", text).casefold().strip()
    return folded.replace("–", "-").replace("—", "-").replace("〜", "~")


def parse_date(text: str, near: date | None = None) -> date | None:
    """Read a date; one without a year is the one nearest to ``near``."""
    folded = plain(text)
    if found := _DATE.fullmatch(folded):
        return _date(*map(int, found.groups()))
    if near and (found := _SHORT_DATE.fullmatch(folded)):
        month, day = map(int, found.groups())
        years = (near.year - 1, near.year, near.year + 1)
        dates = [one for year in years if (one := _date(year, month, day))]
        return min(dates, key=lambda one: abs(one - near), default=None)
    return None


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day) if year in _YEARS else None
    except ValueError:
        return None


def parse_weekday(text: str) -> int | None:
    """Read a weekday: 1 for Monday to 7 for Sunday."""
    folded = plain(text).rstrip(".")
    short, words = _WEEK_WORD.subn("", folded, count=1)
    if words and short.isdecimal() and len(short) == 1:
        return int(short) if 1 <= int(short) <= 7 else None  # noqa: PLR2004 - days of a week
    return _WEEKDAYS.get(short.strip())


def parse_time(text: str) -> int | None:
    """Read a time of day, in minutes since midnight."""
    found = _TIME.fullmatch(plain(text))
    if not found:
        return None
    before, hour, minute, after = found.groups()
    hours, minutes = int(hour), int(minute or 0)
    if (before or after) in _LATE and hours < _NOON:
        hours += _NOON
    if (before or after) == "am" and hours == _NOON:
        hours = 0
    at = hours * 60 + minutes
    return at if minutes < 60 and at < MINUTES_A_DAY else None  # noqa: PLR2004 - an hour


def parse_span(text: str) -> tuple[int, int | None] | None:
    """Read ``8:30`` or ``8:30-9:10``."""
    parts = _BETWEEN.split(plain(text))
    start = parse_time(parts[0])
    if start is None or len(parts) > 2:  # noqa: PLR2004 - from, until
        return None
    if len(parts) == 1:
        return start, None
    end = parse_time(parts[1])
    # 下午2:00-2:45 says only once that it is afternoon.
    if end is not None and end < _NOON * 60 <= start:
        end += _NOON * 60
    return None if end is None else (start, end)


def parse_weeks(text: str) -> Weeks | None:
    """Read odd and even weeks, or numbers such as ``1-8, 10``."""
    folded = plain(text)
    for words, weeks in ((_EVERY, EVERY_WEEK), (_ODD, ODD_WEEKS), (_EVEN, EVEN_WEEKS)):
        if folded in words:
            return weeks
    numbers: set[int] = set()
    for part in re.split(r"[,、;]", folded.replace("第", "").replace("周", "")):
        found = _RANGE.fullmatch(part.strip())
        if not found:
            return None
        first, last, parity = found.groups()
        among = range(int(first), int(last or first) + 1)
        numbers.update(one for one in among if not parity or _is_of(one, parity.strip()))
    return Weeks(frozenset(numbers)) if numbers and max(numbers) <= _MOST_WEEKS else None


def _is_of(number: int, parity: str) -> bool:
    return number % 2 == (1 if parity in _ODD else 0)


def clock_text(minute: int) -> str:
    """Write minutes since midnight as ``08:30``."""
    return f"{minute // 60:02}:{minute % 60:02}"
