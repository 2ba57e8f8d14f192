"""Which share of the line the node may take, hour by hour, in school time."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
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
    begun, share = start, share_at(settings, start, here)
    for moment in _boundaries(settings, start, stop, here):
        fresh = share_at(settings, moment, here)
        if fresh != share:
            yield Stretch(begun, moment, share)
            begun, share = moment, fresh
    if begun < stop:
        yield Stretch(begun, stop, share)


def _boundaries(settings: LineSettings, start: float, stop: float, here: Here) -> Iterator[float]:
    """Give every moment at which the share may change, in order."""
    local = here(datetime.fromtimestamp(start, UTC))
    into_hour = timedelta(minutes=local.minute, seconds=local.second).total_seconds()
    moment = start - into_hour - local.microsecond / 1e6 + _HOUR
    opened = settings.open_until
    while moment < stop:
        if moment - _HOUR < opened < moment and start < opened:
            yield opened
        yield moment
        moment += _HOUR


def _of_week(week: Week, local: datetime) -> float:
    return week[local.weekday() * HOURS + local.hour] / FULL
