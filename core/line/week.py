"""Which share of the line the node may take, hour by hour, in school time."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import pairwise
from typing import Final, NamedTuple

from core.line.settings import DAYS, FULL, HOURS, LineSettings, Week

Here = Callable[[datetime], datetime]
"""Puts a moment into the school's time zone."""

_HOUR: Final = 3600.0


class Stretch(NamedTuple):
    """A time in which the share does not change.

    Attributes:
        start: seconds since 1970.
        stop: seconds since 1970.
        share: 0 to 1.
    """

    start: float
    stop: float
    share: float


def share_at(settings: LineSettings, now: float, here: Here) -> float:
    """Give the share of the line that is free at a moment, 0 to 1.

    Args:
        settings: what the technician has set.
        now: school time or the best guess, seconds since 1970; 0 where there is not even a guess:
            then it is the least share above 0.
        here: the school's time zone.
    """
    if settings.paused:
        return 0.0
    if now <= 0:
        return min(filter(None, settings.week), default=0) / FULL
    if settings.is_opened(now):
        return 1.0
    return _of_week(settings.week, here(datetime.fromtimestamp(now, UTC)))


def stretches(settings: LineSettings, start: float, stop: float, here: Here) -> Iterator[Stretch]:
    """Divide a time into stretches of one share each.

    Args:
        settings: what the technician has set.
        start: school time, seconds since 1970.
        stop: the same.
        here: the school's time zone.
    """
    begun, share = start, -1.0
    for moment, fresh in _shares(settings, start, stop, here):
        if fresh != share and moment < stop:
            if begun < moment:
                yield Stretch(begun, moment, share)
            begun, share = moment, fresh
    if begun < stop:
        yield Stretch(begun, stop, share)


def _shares(
    settings: LineSettings, start: float, stop: float, here: Here
) -> Iterator[tuple[float, float]]:
    """Give the shares in order, each with the moment from which on it holds."""
    if settings.paused:
        yield start, 0.0
        return
    runs, opens = _runs(settings.week), start
    if settings.is_opened(start):
        yield start, 1.0
        opens = settings.open_until
    for moment, begun, first, count, day in _days(opens, stop, here):
        midnight = begun - first * _HOUR
        for run_start, run_stop, share in runs[day]:
            if run_stop > first and run_start < first + count:
                yield max(moment, midnight + max(run_start, first) * _HOUR), share


def _runs(week: Week) -> list[list[tuple[int, int, float]]]:
    """Give each day's runs of hours of one share: the first, the one behind the last, the share."""
    days: list[list[tuple[int, int, float]]] = []
    for day in range(DAYS):
        shares = week[day * HOURS : (day + 1) * HOURS]
        starts = [hour for hour in range(HOURS) if not hour or shares[hour] != shares[hour - 1]]
        days.append([(a, b, shares[a] / FULL) for a, b in pairwise([*starts, HOURS])])
    return days


def _days(start: float, stop: float, here: Here) -> Iterator[tuple[float, float, int, int, int]]:
    """Give the days in order; one in which the zone's offset changes hour by hour.

    Each with the moment from which on it holds, the moment at which its first hour begins, that
    hour, how many follow each other from it on, and the weekday. An hour may have begun before
    it holds: at the start, and where an offset changes by half an hour.
    """
    moment, local = start, here(datetime.fromtimestamp(start, UTC))
    while moment < stop:
        begun = moment - local.minute * 60 - local.second - local.microsecond / 1e6
        count = HOURS - local.hour
        after = here(datetime.fromtimestamp(begun + count * _HOUR, UTC))
        if after.utcoffset() != local.utcoffset():
            count = 1
            after = here(datetime.fromtimestamp(begun + _HOUR, UTC))
        yield moment, begun, local.hour, count, local.weekday()
        moment, local = begun + count * _HOUR, after


def _of_week(week: Week, local: datetime) -> float:
    return week[local.weekday() * HOURS + local.hour] / FULL
