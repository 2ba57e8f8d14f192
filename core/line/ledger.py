"""The ledger of a monthly budget: what has travelled, counted before it can be forgotten.

Rules:
    - Bytes are reserved durably before they are asked for, and settled afterwards. Whoever is
      killed between leaves the reservation standing: too much is counted then, never too little.
    - A new month begins only when the time is sure, and never ends again: a clock that jumps
      back or forth gives nothing.
    - Whoever sets another day on which months begin gives nothing either: what the present one
      has used stays used.
"""

from datetime import date
from typing import Annotated, Final

import msgspec

from core.line.settings import LAST_BUDGET_DAY

_DECEMBER: Final = 12
_Count = Annotated[int, msgspec.Meta(ge=0, le=10**18)]


class Ledger(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What has travelled.

    Attributes:
        month: the first day of the month of the budget, such as ``2026-11-01``; empty while
            the time was never sure.
        used: bytes that travelled in it, both ways, headers included.
        reserved: bytes that were asked for and not settled.
    """

    month: Annotated[str, msgspec.Meta(max_length=10)] = ""
    used: _Count = 0
    reserved: _Count = 0


def month_of(today: date, budget_day: int) -> date:
    """Give the first day of the month of the budget that a day is in."""
    if today.day >= budget_day:
        return today.replace(day=budget_day)
    if today.month == 1:
        return date(today.year - 1, _DECEMBER, budget_day)
    return date(today.year, today.month - 1, budget_day)


def month_after(today: date, budget_day: int) -> date:
    """Give the day on which the next month of the budget begins."""
    first = month_of(today, budget_day)
    if first.month == _DECEMBER:
        return date(first.year + 1, 1, budget_day)
    return date(first.year, first.month + 1, budget_day)


def turned(ledger: Ledger, today: date | None, budget_day: int) -> Ledger:
    """Begin a new month, if it is one.

    Args:
        ledger: what is kept.
        today: the school's date; None when nobody is sure of it.
        budget_day: the day on which a month begins.
    """
    if today is None:
        return ledger
    month = month_of(today, budget_day).isoformat()
    before = _day_of(ledger.month)
    if before not in {0, budget_day} and month_of(today, before).isoformat() <= ledger.month:
        return msgspec.structs.replace(ledger, month=month)
    if month <= ledger.month:
        return ledger
    # What was counted before anybody knew the date may have been this month.
    used = ledger.used if not ledger.month else 0
    return Ledger(month=month, used=used, reserved=ledger.reserved)


def moved(ledger: Ledger, today: date | None, budget_day: int) -> Ledger:
    """Let months begin on this day from now on; what is counted in the present one stays.

    A month that only a wrong clock can have begun ends so, when a person sets the budget anew.

    Args:
        ledger: what is kept.
        today: the school's date; None when nobody is sure of it.
        budget_day: the day on which a month will begin.
    """
    if today is not None and ledger.month > month_after(today, budget_day).isoformat():
        return msgspec.structs.replace(ledger, month=month_of(today, budget_day).isoformat())
    return turned(ledger, today, budget_day)


def _day_of(month: str) -> int:
    """Give the day on which a month began; 0 where that is not known."""
    day = month[8:]
    return int(day) if day.isdecimal() and 1 <= int(day) <= LAST_BUDGET_DAY else 0


def left(ledger: Ledger, budget: int | None) -> int | None:
    """Give bytes that may still travel in this month; None for any number."""
    return None if budget is None else max(0, budget - ledger.used - ledger.reserved)


def reserve(ledger: Ledger, count: int) -> Ledger:
    """Count bytes before they are asked for."""
    return msgspec.structs.replace(ledger, reserved=ledger.reserved + count)


def settle(ledger: Ledger, reserved: int, used: int) -> Ledger:
    """Count what has really travelled in the place of what was reserved for it."""
    return msgspec.structs.replace(
        ledger, reserved=max(0, ledger.reserved - reserved), used=ledger.used + used
    )
