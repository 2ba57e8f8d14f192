"""Which share of the line the node may take, hour by hour, in school time."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Final, NamedTuple

from core.line.settings import FULL, HOURS, LineSettings, Week

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
        now: school time, seconds since 1970.
        here: the school's time zone.
    """
    if settings.paused:
        return 0.0
    if now < settings.open_until:
        return 1.0
    return _of_week(settings.week, here(datetime.fromtimestamp(now, UTC)))


def share_without_time(settings: LineSettings) -> float:
    """Give the share where nobody knows what time it is: the least that any hour allows."""
    if settings.paused:
        return 0.0
    allowed = [share for share in settings.week if share]
    return min(allowed) / FULL if allowed else 0.0


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
        if fresh != share:
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
    if start < settings.open_until:
        yield start, 1.0
    for moment, hour in _hours(max(start, settings.open_until), stop, here):
        yield moment, settings.week[hour] / FULL


def _hours(start: float, stop: float, here: Here) -> Iterator[tuple[float, int]]:
    """Give the hours of the week in order, each with the moment at which it begins.

    A day in which the zone's offset changes is gone through hour by hour, any other at once.
    """
    moment, local = start, here(datetime.fromtimestamp(start, UTC))
    while moment < stop:
        begun = moment - local.minute * 60 - local.second - local.microsecond / 1e6
        first, count = local.weekday() * HOURS + local.hour, HOURS - local.hour
        after = here(datetime.fromtimestamp(begun + count * _HOUR, UTC))
        if after.utcoffset() != local.utcoffset():
            count = 1
            after = here(datetime.fromtimestamp(begun + _HOUR, UTC))
        yield moment, first
        for number in range(1, count):
            if (following := begun + number * _HOUR) < stop:
                yield following, first + number
        moment, local = begun + count * _HOUR, after


def _of_week(week: Week, local: datetime) -> float:
    return week[local.weekday() * HOURS + local.hour] / FULL
