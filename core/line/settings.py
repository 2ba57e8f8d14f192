"""What the technician sets about the line, while the node runs: hours, budget, switches.

Rules:
    - Every setting has a default that is right for a school that nobody looks after.
    - What the hours or the budget do not allow is never done, whoever asks for it; a person opens
      the line for some hours (``open_until``) instead.
"""

from typing import Annotated, Final

import msgspec

from core.codec import decode_json
from core.errors import UsageError

HOURS: Final = 24
DAYS: Final = 7
FULL: Final = 100
SMALLEST_BUDGET: Final = 1_000_000
LARGEST_BUDGET: Final = 10**15
MAX_SETTINGS_BYTES: Final = 16 * 1024
LAST_BUDGET_DAY: Final = 28
_MOST_QUIET: Final = 100

Share = Annotated[int, msgspec.Meta(ge=0, le=FULL)]
_Channel = Annotated[str, msgspec.Meta(max_length=40)]
Week = Annotated[tuple[Share, ...], msgspec.Meta(min_length=DAYS * HOURS, max_length=DAYS * HOURS)]
"""Percent of the line by the hour of the week, from Monday at midnight on, in school time."""


def _usual_week() -> tuple[int, ...]:
    """Leave most of the line to the school on school days; take all of it at other times."""
    school_day = [20 if 7 <= hour < 18 else FULL for hour in range(HOURS)]  # noqa: PLR2004
    return tuple(school_day * 5 + [FULL] * HOURS * 2)


USUAL_WEEK: Final = _usual_week()


class LineSettings(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What may be done with the line.

    Attributes:
        week: which share of the line the node takes.
        open_until: until then, seconds since 1970, it takes all of it whatever the hour; 0 for
            not at all.
        open_from: when that was said: before it, the clock was wrong then, and it is not open.
        budget: bytes a month that may travel, both ways, headers included; None for no limit.
        budget_day: the day of the month on which a new one begins.
        metered: whether only what lessons need travels: no bulk, nothing better.
        paused: whether nothing travels until somebody says so.
        lower: whether a lesson that would come too late is taken in a lower rendition than was
            assigned.
        quiet: channels of the timetable during whose lessons nothing travels, since their classes
            need the line themselves.
    """

    week: Week = USUAL_WEEK
    open_until: Annotated[float, msgspec.Meta(ge=0, le=2e11)] = 0.0
    open_from: Annotated[float, msgspec.Meta(ge=0, le=2e11)] = 0.0
    budget: Annotated[int, msgspec.Meta(ge=0, le=LARGEST_BUDGET)] | None = None
    budget_day: Annotated[int, msgspec.Meta(ge=1, le=LAST_BUDGET_DAY)] = 1
    metered: bool = False
    paused: bool = False
    lower: bool = False
    quiet: Annotated[tuple[_Channel, ...], msgspec.Meta(max_length=_MOST_QUIET)] = ()

    def is_opened(self, now: float) -> bool:
        """Say whether a person has opened the line at a moment, seconds since 1970."""
        return now > 0 and self.open_from <= now < self.open_until


def encode_settings(settings: LineSettings) -> bytes:
    """Encode for the disk and the control socket: canonical JSON."""
    return msgspec.json.encode(settings, order="deterministic")


def decode_settings(data: bytes) -> LineSettings:
    """Decode what ``encode_settings`` gave.

    Raises:
        RefusedError: it is damaged.
    """
    return decode_json(data, LineSettings, what="The line's settings", limit=MAX_SETTINGS_BYTES)


def check_settings(settings: LineSettings) -> None:
    """Check what a person asks for.

    Raises:
        UsageError: it can never bring anything, so that it is surely not what they meant.
    """
    if not any(settings.week):
        raise UsageError(
            "These hours never allow anything.",
            hint="Leave at least one hour of the week above 0 %, or pause the line instead.",
        )
    if settings.budget is not None and settings.budget < SMALLEST_BUDGET:
        raise UsageError(
            "A budget of {budget} bytes a month brings nothing.",
            hint="Give at least 1 MB, such as 2GB; or pause the line instead.",
            budget=settings.budget,
        )
