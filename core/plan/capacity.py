"""How many bytes the line brings until when: rate, hours, classes and budget in one curve."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from core.line.ledger import left, month_after
from core.line.week import Here, Stretch, share_at, stretches
from core.plan.model import Hold
from core.plan.situation import Situation

HORIZON: Final = 35 * 24 * 3600.0
"""How far a plan looks, seconds: beyond a month's budget and a fortnight's timetable."""
LONG_OUTAGE: Final = 6 * 3600.0
"""A line that was away so long is not counted on any more, seconds."""
_LEAST: Final = 2_000
"""Bytes with which nothing useful can be done."""


class Capacity:
    """Bytes on the wire that travel from now on; rises, and is flat where nothing may travel.

    Args:
        situation: the settings, the hours, the classes and the budget.
        rate: what the line is thought to carry, bytes a second.
        free: when which share of the line is free, where that was found out before.
    """

    def __init__(
        self, situation: Situation, rate: float, free: Sequence[Stretch] | None = None
    ) -> None:
        self._left = left(situation.ledger, situation.settings.budget)
        self._turn = _turn(situation, situation.now) if situation.is_time_known else None
        self._times = [situation.now]
        self._totals = [0.0]
        for start, stop, gain in _gains(situation, rate, free):
            if start > self._times[-1]:
                self._add(start, 0.0)
            self._add(stop, gain)

    @property
    def total(self) -> float:
        """Bytes until the horizon."""
        return self._totals[-1]

    def by(self, moment: float) -> float:
        """Give the bytes that travel until a moment, seconds since 1970."""
        place = bisect_right(self._times, moment)
        if place == 0:
            return 0.0
        if place == len(self._times):
            return self._totals[-1]
        begun, ended = self._times[place - 1], self._times[place]
        before, after = self._totals[place - 1], self._totals[place]
        return before + (after - before) * (moment - begun) / (ended - begun)

    def when(self, count: float) -> float | None:
        """Give when so many bytes have travelled; None for not until the horizon."""
        return self._at(bisect_left(self._totals, count), count)

    def _at(self, place: int, count: float) -> float | None:
        if place == 0:
            return self._times[0]
        if place == len(self._totals):
            return None
        before, after = self._totals[place - 1], self._totals[place]
        begun, ended = self._times[place - 1], self._times[place]
        return begun + (ended - begun) * (count - before) / (after - before)

    def walk(self) -> "Walk":
        """Give what tells moments of rising counts, each in no time."""
        return Walk(self._times, self._totals)

    def left_of_budget(self, count: int) -> int | None:
        """Give what is left of this month's budget after so many bytes; None without one.

        What travels only after the month has turned is the next one's.
        """
        if self._left is None:
            return None
        spent = count if self._turn is None else min(count, int(self.by(self._turn)))
        return max(0, self._left - spent)

    def _add(self, moment: float, gain: float) -> None:
        self._times.append(moment)
        self._totals.append(self._totals[-1] + gain)


class Walk:
    """Tells moments on a curve for counts that only rise.

    Args:
        times: moments.
        totals: bytes until then.
    """

    def __init__(self, times: Sequence[float], totals: Sequence[float]) -> None:
        self._times = times
        self._totals = totals
        self._place = 0

    def over(self, begun: float, ended: float) -> tuple[float | None, float | None]:
        """Give when the byte after ``begun`` travels, and when ``ended`` bytes have travelled.

        Args:
            begun: no less than the ``ended`` before.
            ended: more than that.
        """
        totals, count = self._totals, len(self._totals)
        place = self._place
        while place < count and totals[place] <= begun:
            place += 1
        begins = self._at(place, begun)
        while place < count and totals[place] < ended:
            place += 1
        self._place = place
        return begins, self._at(place, ended)

    def _at(self, place: int, count: float) -> float | None:
        if place == len(self._totals):
            return None
        if not place:
            return self._times[0]
        before, after = self._totals[place - 1], self._totals[place]
        begun, ended = self._times[place - 1], self._times[place]
        return begun + (ended - begun) * (count - before) / (after - before)


def hold_now(situation: Situation) -> tuple[Hold, float | None]:
    """Say why nothing may travel by line at this moment, and until when.

    Returns:
        An empty hold when something may; else its reason, and the moment at which it ends by
        itself, None where it does not or nobody knows.
    """
    settings, now = situation.settings, situation.now
    if settings.paused:
        return "paused", None
    if not any(settings.week) and not settings.is_opened(now):
        return "never", None
    remains = left(situation.ledger, settings.budget)
    if remains is not None and remains < _LEAST:
        return "budget", _turn(situation, now) if situation.is_time_known else None
    ended = next((stop for start, stop in situation.busy if start <= now < stop), None)
    if ended is not None:
        return "class", ended
    opens = _opens(situation)
    if opens is not None:
        return "hours", opens
    return ("", None) if situation.is_up else ("line", None)


def _opens(situation: Situation) -> float | None:
    """Give when the hours begin to allow something; None when they do now."""
    now = situation.now
    if now <= 0 or share_at(situation.settings, now, situation.here):
        return None
    found = stretches(situation.settings, now, now + HORIZON, situation.here)
    begins = next((one.start for one in found if one.share), now)
    return begins if begins > now else None


def _gains(
    situation: Situation, rate: float, free: Sequence[Stretch] | None
) -> Iterator[tuple[float, float, float]]:
    """Give stretches in which something travels, and how many bytes, within the budget."""
    if _is_lost(situation):
        return
    remains, turn = _budget(situation)
    for start, stop, share in free_stretches(situation) if free is None else free:
        begun = start
        while begun < stop:
            if turn is not None and begun >= turn:
                remains, turn = float(situation.settings.budget or 0), _turn(situation, turn)
            ended = stop if turn is None else min(stop, turn)
            speed = rate * share
            gain = speed * (ended - begun)
            if remains is not None and gain > remains:
                if remains > 0 and speed > 0:
                    yield begun, begun + remains / speed, remains
                remains = 0.0
            elif gain > 0:
                yield begun, ended, gain
                remains = None if remains is None else remains - gain
            begun = ended


def _is_lost(situation: Situation) -> bool:
    """Say whether the line was away for so long that nobody can count on it, or never was there."""
    if situation.is_up:
        return False
    since = situation.down_since
    is_long = since is not None and situation.now - since >= LONG_OUTAGE
    return is_long or not situation.has_answered


def free_stretches(situation: Situation) -> list[Stretch]:
    """Give when which share of the line is free, without the times at which classes need it."""
    return list(_free(situation))


def _free(situation: Situation) -> Iterator[Stretch]:
    now, stop = situation.now, situation.now + HORIZON
    if now <= 0:
        yield Stretch(now, stop, share_at(situation.settings, now, situation.here))
        return
    for one in stretches(situation.settings, now, stop, situation.here):
        if not one.share:
            continue
        begun = one.start
        for first, last in situation.busy:
            if begun < one.stop and first < one.stop and last > begun:
                if first > begun:
                    yield Stretch(begun, first, one.share)
                begun = max(begun, last)
        if begun < one.stop:
            yield Stretch(begun, one.stop, one.share)


def _budget(situation: Situation) -> tuple[float | None, float | None]:
    """Give bytes left in this month of the budget, and when the next one begins."""
    remains = left(situation.ledger, situation.settings.budget)
    if remains is None:
        return None, None
    # Where nobody is sure of the time no new month begins.
    turn = _turn(situation, situation.now) if situation.is_time_known else None
    return float(remains), turn


def _turn(situation: Situation, moment: float) -> float:
    """Give when the next month of the budget begins after a moment."""
    here, budget_day = situation.here, situation.settings.budget_day
    day = here(datetime.fromtimestamp(moment, UTC)).date()
    turn = midnight(month_after(day, budget_day), here, moment)
    return (
        turn
        if turn > moment
        else midnight(month_after(day + timedelta(1), budget_day), here, moment)
    )


def midnight(day: date, here: Here, near: float) -> float:
    """Give the moment at which a day begins at the school, seconds since 1970.

    Args:
        day: the school's date.
        here: the school's time zone.
        near: a moment near it, by which the zone's offset is known at first.
    """
    local = datetime.combine(day, time(), here(datetime.fromtimestamp(near, UTC)).tzinfo)
    # The offset may change in between.
    again = here(local.astimezone(UTC))
    return datetime.combine(day, time(), again.tzinfo).timestamp()


def is_open_all_day(situation: Situation, until: float) -> bool:
    """Say whether no hour until a moment has less than all of the line."""
    if situation.now <= 0:
        return share_at(situation.settings, 0.0, situation.here) >= 1
    found = stretches(situation.settings, situation.now, until, situation.here)
    return all(one.share >= 1 for one in found)
