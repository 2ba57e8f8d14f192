"""What this node plans and how its line stands, for the agent and for commands without one.

Both look at the same files with the same clock, so that they say the same.
"""

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from cache.clock import Clock
from cache.school_clock import SchoolClock
from cache.state import StateDirectory
from core.control_line import LineReport
from core.errors import UsageError
from core.line.ledger import left, month_after
from core.line.week import share_at
from core.plan.capacity import hold_now
from core.plan.model import Plan
from core.plan.planner import plan
from core.plan.situation import Situation
from core.trusted_time import PLAUSIBLE_AHEAD
from edge_client.floor import read_floor
from sync.situation import SituationReader

Known = Callable[[Situation], Situation]
"""Puts into a situation what is known better than the files have it."""


def as_read(situation: Situation) -> Situation:
    """Know nothing better."""
    return situation


class Planned:
    """Plans for one node.

    Args:
        state: the node's state directory.
        clock: the machine's clocks.
        school: the school's clock.
        disk_floor: bytes that stay free; None for the usual share.
        cap: bytes a second that the operator lets travel at most; None for any number.
    """

    def __init__(
        self,
        state: StateDirectory,
        clock: Clock,
        school: SchoolClock,
        *,
        disk_floor: int | None = None,
        cap: float | None = None,
    ) -> None:
        self._state = state
        self._school = school
        self._reader = SituationReader(state, clock, school.here, disk_floor=disk_floor, cap=cap)
        # Its readers are for one thread at a time.
        self._turn: Final = threading.Lock()

    def situation(self) -> Situation:
        """Look at everything, now.

        Raises:
            PackhorseError: something cannot be read just now.
        """
        with self._turn:
            return self._reader.read(self._school.now(read_floor(self._state)))

    def plan(self, at: str = "", known: Known = as_read) -> Plan:
        """Plan.

        Args:
            at: as if it were then, as the school's clock shows it; empty for now.
            known: puts in what is known better than the files have it.

        Raises:
            UsageError: ``at`` is no time, or one long before or after now.
            PackhorseError: something cannot be read just now.
        """
        if not at:
            return plan(known(self.situation()))
        moment, floor = self._school.moment_of(at), read_floor(self._state)
        if not floor <= moment <= floor + PLAUSIBLE_AHEAD:
            raise UsageError(
                "Nothing can be planned for {text}.",
                hint="Give a time of the next weeks, written like 2026-11-27T08:00.",
                text=at,
            )
        with self._turn:
            found = self._reader.at(moment)
        return plan(known(found))

    def line(self, known: Known = as_read) -> LineReport:
        """Say all about the line.

        Raises:
            PackhorseError: something cannot be read just now.
        """
        return report_of(known(self.situation()))


def report_of(situation: Situation) -> LineReport:
    """Say what a situation means for the line."""
    settings, known = situation.settings, situation.is_time_known
    today = situation.here(datetime.fromtimestamp(situation.now, UTC)).date()
    hold, until = hold_now(situation)
    renews = month_after(today, settings.budget_day).isoformat() if known else ""
    return LineReport(
        settings=settings,
        ledger=situation.ledger,
        estimate=situation.estimate,
        renews=renews,
        left=left(situation.ledger, settings.budget),
        share=_share(situation),
        now=situation.now,
        hold=hold,
        until=until,
    )


def _share(situation: Situation) -> float:
    if any(start <= situation.now < stop for start, stop in situation.busy):
        return 0.0
    return share_at(situation.settings, situation.now, situation.here)
