"""What may be done with the line at this moment: settings, school time, classes and ledger.

Light: worker and resident agent ask alike, and so decide alike. What is set or changes with the
hour is seen within seconds.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime

from cache.agent_reader import AgentReader
from cache.line_settings import read_line_settings
from cache.school_clock import SchoolClock
from cache.state import StateDirectory
from core.line.ledger import month_after, turned
from core.line.settings import LineSettings
from core.line.week import share_at
from core.plan.capacity import hold_now, midnight
from core.plan.model import Hold
from core.plan.situation import Situation
from sync.timetabled import Timetabled


@dataclass(frozen=True, slots=True)
class Rules:
    """What holds at one moment.

    Attributes:
        settings: what the technician has set.
        share: the share of the line that is free, 0 to 1.
        hold: why nothing may travel; empty when something may.
        until: when that ends by itself, seconds since 1970; None when it does not, or nobody
            knows.
        today: the school's date; None when it is not sure.
        renews: when the next month of the budget begins, seconds since 1970; None when nobody
            is sure of the time.
    """

    settings: LineSettings
    share: float
    hold: Hold
    until: float | None
    today: date | None
    renews: float | None


class LineRules:
    """Looks at the rules of one node's line.

    Args:
        state: the node's state directory.
        school: the school's clock.
        floor: gives a moment that has certainly passed.
        monotonic: gives seconds that only rise.
        seconds: how long a look holds.
    """

    def __init__(
        self,
        state: StateDirectory,
        school: SchoolClock,
        floor: Callable[[], datetime],
        monotonic: Callable[[], float],
        *,
        seconds: float = 2.0,
    ) -> None:
        self._state = state
        self._school = school
        self._floor = floor
        self._monotonic = monotonic
        self._seconds = seconds
        self._agent = AgentReader(state.agent)
        self._timetabled = Timetabled(state)
        self._known: tuple[float, Rules] | None = None

    def now(self) -> Rules:
        """Give what holds now, or did some seconds ago.

        Raises:
            ExhaustedError: the disk is broken.
        """
        now = self._monotonic()
        if self._known is None or not 0 <= now - self._known[0] < self._seconds:
            self._known = now, self._look()
        return self._known[1]

    def local(self, moment: float) -> datetime:
        """Put a moment into the school's time zone."""
        return self._school.here(datetime.fromtimestamp(moment, UTC))

    def _look(self) -> Rules:
        settings = read_line_settings(self._state.line_settings)
        time = self._school.now(self._floor())
        today = time.date(self._school.here)
        moment = time.moment.timestamp() if time.moment else 0.0
        ledger = turned(self._agent.ledger(), today, settings.budget_day)
        situation = Situation(
            now=moment,
            is_time_known=time.is_known,
            here=self._school.here,
            settings=settings,
            ledger=ledger,
            busy=self._timetabled.needed(settings.quiet, moment),
        )
        hold, until = hold_now(situation)
        share = share_at(settings, moment, self._school.here)
        renews = None if today is None else self._renews(today, settings, moment)
        return Rules(settings, share, hold, until, today, renews)

    def _renews(self, today: date, settings: LineSettings, near: float) -> float:
        return midnight(month_after(today, settings.budget_day), self._school.here, near)
