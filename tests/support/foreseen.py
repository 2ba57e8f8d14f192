"""What the agent of the gallery's school foresees: one lesson at risk, one that will be late."""

from core.plan.forecast import Arrival, Forecast
from core.plan.model import LessonForecast
from core.timetable import Slot
from tests.support.clock import START

_HOUR = 3600.0


def foreseen(later: Slot, unknown: Slot) -> Forecast:
    """Foresee two lessons of the fifth grade, which are on one day."""
    begins = START.timestamp()
    risk = LessonForecast(
        channel="g5", start=later.start, minutes=40, pack=later.pack, item=later.item,
        state="risk", reason="hours", remedies=["daytime", "stick"],
        expected=begins + 47.5 * _HOUR,
    )  # fmt: skip
    late = LessonForecast(
        channel="g5", start=unknown.start, minutes=40, pack=unknown.pack, item=unknown.item,
        state="missing", reason="unassigned", remedies=["wish", "assign"],
    )  # fmt: skip
    return Forecast(
        made=begins,
        is_time_known=True,
        day="2026-11-26",
        lessons=[risk, late],
        arrivals=[Arrival(later.pack, later.item, begins + 20 * _HOUR, "hours")],
    )
