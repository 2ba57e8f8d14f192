"""School time as people say and type it. Pure: the moment is passed in."""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Final

from core.control import Status
from tui.texts import N_, Language

WEEKDAYS: Final = (
    N_("Monday"),
    N_("Tuesday"),
    N_("Wednesday"),
    N_("Thursday"),
    N_("Friday"),
    N_("Saturday"),
    N_("Sunday"),
)
_TYPED: Final = re.compile(
    r"(?:(?:(\d{4})[-/.年])?(\d{1,2})[-/.月](\d{1,2})日?[ T]+)?(\d{1,2})[:：.时](\d{1,2})分?\Z"
)
_WRITTEN: Final = "%Y-%m-%dT%H:%M"


def school_moment(status: Status, passed: float) -> datetime | None:
    """Give what the school's clock shows now; None when the node cannot say.

    Args:
        status: the node's.
        passed: seconds since it came.
    """
    try:
        moment = datetime.strptime(status.school_time, _WRITTEN)  # noqa: DTZ007 - local, as shown
        return moment + timedelta(seconds=max(0.0, passed))
    except (ValueError, OverflowError):
        return None


def shown_moment(seconds: float, offset: int) -> datetime | None:
    """Give what the school's clock shows at a moment; None beyond the end of time.

    Args:
        seconds: since 1970.
        offset: minutes by which that clock is ahead of UTC.
    """
    try:
        return datetime.fromtimestamp(seconds + offset * 60, UTC).replace(tzinfo=None)
    except (ValueError, OverflowError, OSError):
        return None


def day_word(day: date, today: date, language: Language) -> str:
    """Name a day as people do: today, tomorrow, a weekday of the next six, else its date."""
    ahead = (day - today).days
    if ahead in {0, 1}:
        return language.gettext("today") if ahead == 0 else language.gettext("tomorrow")
    return weekday(day, language) if 1 < ahead < len(WEEKDAYS) else day.isoformat()


def short_when(moment: datetime, today: date, language: Language) -> str:
    """Write a moment as people do: ``8:30`` today, ``tomorrow 8:30``, ``Friday 8:30``."""
    if moment.date() == today:
        return clock(moment)
    return f"{day_word(moment.date(), today, language)} {clock(moment)}"


def day_and_time(moment: datetime, language: Language) -> str:
    """Write weekday, date and time, such as ``Tuesday 2026-11-24 8:28``."""
    return language.gettext("{weekday} {day} {time}").format(
        weekday=weekday(moment, language), day=f"{moment:%Y-%m-%d}", time=clock(moment)
    )


def weekday(moment: date, language: Language) -> str:
    """Name the weekday."""
    return language.gettext(WEEKDAYS[moment.weekday()])


def clock(moment: datetime) -> str:
    """Write the time as a clock shows it: ``8:28``."""
    return f"{moment.hour}:{moment.minute:02d}"


def written(moment: datetime) -> str:
    """Write a moment as the node takes it."""
    return moment.strftime(_WRITTEN)


def typed_moment(text: str, near: datetime | None) -> datetime | None:
    """Read ``8:28``, ``11-24 8:28`` or ``2026-11-24 8:28``; None when it is none of these.

    Args:
        text: what was typed.
        near: the node's own idea, from which a date or year that was left out is taken.
    """
    match = _TYPED.match(text.strip())
    if match is None:
        return None
    year, month, day, hour, minute = (int(part) if part else None for part in match.groups())
    if near is None and year is None:
        return None
    known = near or datetime.min  # noqa: DTZ901 - only its year may be needed, and then it is not
    try:
        return datetime(  # noqa: DTZ001 - local, as shown
            year or known.year, month or known.month, day or known.day, hour or 0, minute or 0
        )
    except ValueError:
        return None
