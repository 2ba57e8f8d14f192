"""The week of hours as a person writes it: days, hours and a share; and as it is read out.

Days are 0 for Monday to 6 for Sunday.
"""

import re
from collections.abc import Collection
from typing import Final, NamedTuple

from core.line.settings import DAYS, FULL, HOURS, Week

NAMES: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
ALL: Final = "all"
_HOURS: Final = re.compile(r"(\d{1,2})(?::00)?-(\d{1,2})(?::00)?\Z", re.ASCII)
_SHARE: Final = re.compile(r"(\d{1,3})\s*%?\Z", re.ASCII)


class Run(NamedTuple):
    """Hours of a day with one share: from ``start`` to ``stop``, 0 to 24; percent."""

    start: int
    stop: int
    share: int


class Days(NamedTuple):
    """Days that follow each other and have the same hours: the first and the last one."""

    first: int
    last: int
    runs: tuple[Run, ...]


def parse_days(text: str) -> frozenset[int] | None:
    """Read days such as ``mon-fri``, ``sat,sun`` or ``all``; None when it is not written so.

    A span may go over the end of the week: ``fri-mon``.
    """
    if text.strip().lower() == ALL:
        return frozenset(range(DAYS))
    found: set[int] = set()
    for part in text.lower().split(","):
        ends = [one.strip() for one in part.split("-")]
        if len(ends) > 2 or not all(one in NAMES for one in ends):  # noqa: PLR2004 - both ends
            return None
        first, last = NAMES.index(ends[0]), NAMES.index(ends[-1])
        found.update(day % DAYS for day in range(first, last + (last < first) * DAYS + 1))
    return frozenset(found)


def parse_hours(text: str) -> frozenset[int] | None:
    """Read hours such as ``7-18`` or ``all``; None when it is not written so.

    ``7-18`` begins at 7:00 and ends at 18:00; ``22-6`` are the first six and the last two hours
    of each of the days.
    """
    if text.strip().lower() == ALL:
        return frozenset(range(HOURS))
    match = _HOURS.match(text.strip())
    if not match:
        return None
    start, stop = int(match[1]), int(match[2])
    if start >= HOURS or stop > HOURS or start == stop:
        return None
    if start < stop:
        return frozenset(range(start, stop))
    return frozenset([*range(stop), *range(start, HOURS)])


def parse_share(text: str) -> int | None:
    """Read a share such as ``20%`` or ``20``, 0 to 100; None when it is not written so."""
    match = _SHARE.match(text.strip())
    return int(match[1]) if match and int(match[1]) <= FULL else None


def painted(week: Week, days: Collection[int], hours: Collection[int], share: int) -> Week:
    """Give a week in which these hours of these days have that share."""
    return tuple(
        share if place // HOURS in days and place % HOURS in hours else before
        for place, before in enumerate(week)
    )


def read_out(week: Week) -> list[Days]:
    """Give a week in as few lines as possible."""
    found: list[Days] = []
    for day in range(DAYS):
        runs = _runs(week[day * HOURS : (day + 1) * HOURS])
        if found and found[-1].runs == runs:
            found[-1] = found[-1]._replace(last=day)
        else:
            found.append(Days(day, day, runs))
    return found


def _runs(shares: Week) -> tuple[Run, ...]:
    found: list[Run] = []
    for hour, share in enumerate(shares):
        if found and found[-1].share == share:
            found[-1] = found[-1]._replace(stop=hour + 1)
        else:
            found.append(Run(hour, hour + 1, share))
    return tuple(found)
