"""What the agent's plan says of lessons: what they can count on, and when they are here.

Rules:
    - Only a fresh forecast is told; with the agent stopped, pages tell what lessons wait for.
    - The catalogue knows better what is here: a forecast is asked only of what is not.
"""

from cache.forecast_file import read_forecast
from cache.state import StateDirectory
from core.plan.forecast import Arrival, Forecast
from core.plan.model import LessonForecast
from edge_client.portal.school_hours import SchoolHours
from edge_client.portal.watched import Watched


class _Told:
    """A forecast, to be asked."""

    def __init__(self, forecast: Forecast) -> None:
        self.forecast = forecast
        self.lessons = {(one.channel, one.start): one for one in forecast.lessons}
        self.arrivals = {(one.pack, one.item): one for one in forecast.arrivals}


_NOTHING = _Told(Forecast())


class Foresight:
    """The agent's forecast.

    Args:
        state: the node's state directory.
        time: the school's clock.
    """

    def __init__(self, state: StateDirectory, time: SchoolHours) -> None:
        self._time = time
        self._file = Watched(state.forecast, lambda: _Told(read_forecast(state.forecast)))

    def forecast(self) -> Forecast | None:
        """Give the forecast; None without a fresh one."""
        told = self._fresh()
        return None if told is _NOTHING else told.forecast

    def lesson(self, channel: str, start: int) -> LessonForecast | None:
        """Give what the lesson of a channel at a minute can count on, or None."""
        return self._fresh().lessons.get((channel, start))

    def arrival(self, pack: str, item: str) -> Arrival | None:
        """Give when an item can first be opened, or None where nobody foresees it."""
        return self._fresh().arrivals.get((pack, item))

    def _fresh(self) -> _Told:
        told, now = self._file.get(), self._time.now().moment
        if now is None or not told.forecast.is_good(now.timestamp()):
            return _NOTHING
        return told
