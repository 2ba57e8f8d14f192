"""What a plan says to whoever only shows it: the next lessons, and when the rest arrives.

The agent writes it to the disk as its plan changes, the portal reads it there. It is good for
some minutes: whoever finds an older one tells only what waits, not until when.
"""

from typing import Annotated, Final

import msgspec

from core.codec import decode_json
from core.plan.model import Hold, LessonForecast, Plan

FORMAT: Final = 1
MAX_FORECAST_BYTES: Final = 1024 * 1024
GOOD_SECONDS: Final = 20 * 60.0
"""So long after it was made it is believed; its writer renews it in half of that."""
_MOST_LESSONS: Final = 300
_MOST_ARRIVALS: Final = 1000


class Arrival(msgspec.Struct, frozen=True, array_like=True):
    """When an item can first be opened, as expected, seconds since 1970; None for never.

    Attributes:
        hold: why it does not come now; empty when it does.
    """

    pack: str
    item: str
    finish: float | None = None
    hold: Hold = ""


class Forecast(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What can be told of a plan.

    Attributes:
        made: when the plan was made, seconds since 1970.
        is_time_known: whether that was sure.
        day: the next school day after today, ``2026-11-27``; empty for none.
        lessons: what is left of today, and that day's.
        arrivals: items that are being fetched, in the plan's order.
        offset: minutes by which the school's clock is ahead of UTC.
    """

    format: int = FORMAT
    made: float = 0.0
    is_time_known: bool = False
    day: Annotated[str, msgspec.Meta(max_length=10)] = ""
    lessons: Annotated[list[LessonForecast], msgspec.Meta(max_length=_MOST_LESSONS)] = []
    arrivals: Annotated[list[Arrival], msgspec.Meta(max_length=_MOST_ARRIVALS)] = []
    offset: Annotated[int, msgspec.Meta(ge=-1440, le=1440)] = 0

    def is_good(self, now: float) -> bool:
        """Say whether it is believed at a moment, seconds since 1970."""
        return 0 <= now - self.made < GOOD_SECONDS


def forecast_of(plan: Plan, offset: int = 0) -> Forecast:
    """Take out of a plan what is told; of a very long one, what comes first.

    Args:
        plan: the plan.
        offset: minutes by which the school's clock is ahead of UTC.
    """
    arrivals: dict[tuple[str, str], Arrival] = {}
    for one in plan.actions:
        if one.kind == "fetch" and one.item and len(arrivals) < _MOST_ARRIVALS:
            first = Arrival(one.pack, one.item, one.finish, one.hold)
            arrivals.setdefault((one.pack, one.item), first)
    return Forecast(
        made=plan.made,
        is_time_known=plan.is_time_known,
        day=plan.day,
        lessons=plan.lessons[:_MOST_LESSONS],
        arrivals=list(arrivals.values()),
        offset=offset,
    )


def encode_forecast(forecast: Forecast) -> bytes:
    """Encode for the disk."""
    return msgspec.json.encode(forecast, order="deterministic")


def decode_forecast(data: bytes) -> Forecast:
    """Decode what ``encode_forecast`` gave.

    Raises:
        RefusedError: it is damaged, or of a newer Packhorse.
    """
    return decode_json(data, Forecast, what="The forecast", limit=MAX_FORECAST_BYTES)
