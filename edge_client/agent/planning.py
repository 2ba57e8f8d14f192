"""Keeps the plan current: the agent's loop that plans, and what it tells of it.

Rules:
    - Planned at every look, and at once when the line comes or goes, a worker has ended, or a
      person has set something; but a slow machine rests ten times as long as planning took.
    - Where nothing has changed but the time, an older plan holds for a minute.
    - ``forecast.json`` is written when it says something else, and renewed while it is still
      believed; not with every byte that arrives, which would wear the card.
"""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from cache.clock import Clock
from cache.forecast_file import write_forecast
from core.errors import PackhorseError
from core.plan.forecast import GOOD_SECONDS, Forecast, forecast_of
from core.plan.model import Plan
from core.plan.planner import plan
from core.plan.situation import Situation
from edge_client.agent.board import Board
from edge_client.planned import Planned, report_of

LOOK_SECONDS: Final = 10.0
_HOLDS_SECONDS: Final = 60.0
_REST: Final = 10.0
_RENEW_SECONDS: Final = GOOD_SECONDS / 2
_SHORTEST_SECONDS: Final = 300.0
_ROUNDED: Final = 900.0
# Every log line and every statement changes how much of the disk is free.
_SAME_DISK: Final = 64 * 1024 * 1024

logger = logging.getLogger("agent")


@dataclass(slots=True)
class _Made:
    """The last plan: of what it was made, when (monotonic), and how often one was woken then."""

    situation: Situation
    at: float
    woken: int


class Planning:
    """Plans again and again.

    Args:
        planned: looks at the node's situation.
        board: knows whether the line is there, and is told the plan.
        clock: the machine's clocks.
        forecast: where the forecast is kept.
        offset: gives minutes by which the school's clock is ahead of UTC.
    """

    def __init__(
        self,
        planned: Planned,
        board: Board,
        clock: Clock,
        *,
        forecast: Path,
        offset: Callable[[], int],
    ) -> None:
        self._planned = planned
        self._board = board
        self._clock = clock
        self._teller = _Teller(clock, forecast, offset)
        self._made: _Made | None = None
        self._woken = 0
        self._soon = asyncio.Event()

    def wake(self) -> None:
        """Plan again at once: something has changed."""
        self._woken += 1
        self._soon.set()

    async def run(self) -> None:
        """Work until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._watch())
            tasks.create_task(self._keep_planning())

    def known(self, situation: Situation) -> Situation:
        """Put in what is known better than the files have it: whether the line is there."""
        is_up = self._board.is_up
        if is_up is None:
            return situation
        if is_up:
            return replace(situation, is_up=True, down_since=None, has_answered=True)
        # In whole seconds, or every look would find another situation.
        since = round(situation.now - self._board.down_for)
        known = since if situation.down_since is None else situation.down_since
        has_answered = situation.has_answered or self._board.silence is not None
        return replace(situation, is_up=False, down_since=known, has_answered=has_answered)

    async def _keep_planning(self) -> None:
        while True:
            self._soon.clear()
            began = self._clock.monotonic()
            await self._once()
            took = self._clock.monotonic() - began
            with suppress(TimeoutError):
                async with asyncio.timeout(max(LOOK_SECONDS, _REST * took)):
                    await self._soon.wait()

    async def _watch(self) -> None:
        """Notice that the line comes or goes, and that a worker has ended."""
        seen, before = -1, self._board.stir
        while True:
            seen = await self._board.changed(seen)
            if self._board.stir != before:
                before = self._board.stir
                self.wake()

    async def _once(self) -> None:
        woken = self._woken
        # Before the look, which may take long on a slow machine: a plan is as old as what it is of.
        now = self._clock.monotonic()
        try:
            found = self.known(await asyncio.to_thread(self._planned.situation))
            if self._holds(found, now, woken):
                return
            made = await asyncio.to_thread(plan, found)
            self._made = _Made(found, now, woken)
            self._board.planned(made, report_of(found))
            await asyncio.to_thread(self._teller.tell, made)
        except PackhorseError as error:
            # Told by the reader's own problem; the last plan stays until then.
            logger.debug("the plan cannot be made just now: %s", error)
        except Exception:
            # A fault of ours in one plan must not be the last one of this agent.
            logger.exception("the plan cannot be made")

    def _holds(self, found: Situation, now: float, woken: int) -> bool:
        """Say whether the last plan is of this very situation, and not old."""
        made = self._made
        if made is None or made.woken != woken or now - made.at >= _HOLDS_SECONDS:
            return False
        before = made.situation
        if abs(found.usable - before.usable) >= _SAME_DISK:
            return False
        if (found.down_since is None) != (before.down_since is None):
            return False
        # Where nobody can guess the time, a line is down for longer at every look.
        same = replace(found, now=before.now, usable=before.usable, down_since=before.down_since)
        return same == before


class _Teller:
    """Writes the forecast when it says something else."""

    def __init__(self, clock: Clock, path: Path, offset: Callable[[], int]) -> None:
        self._clock = clock
        self._path = path
        self._offset = offset
        self._told: Forecast | None = None
        self._at = 0.0

    def tell(self, made: Plan) -> None:
        """Write it, if it is worth it.

        Raises:
            ExhaustedError: the disk is full, broken or read-only.
        """
        fresh = forecast_of(made, self._offset())
        now = self._clock.monotonic()
        if self._told is not None and not self._is_due(fresh, now - self._at):
            return
        write_forecast(self._path, fresh)
        self._told, self._at = fresh, now

    def _is_due(self, fresh: Forecast, passed: float) -> bool:
        if passed >= _RENEW_SECONDS or _states(fresh) != _states(self._told):
            return True
        return passed >= _SHORTEST_SECONDS and _times(fresh) != _times(self._told)


def _states(forecast: Forecast | None) -> object:
    """Give what is told at once."""
    if forecast is None:
        return None
    lessons = [
        (one.channel, one.start, one.item, one.state, one.is_here, one.reason, tuple(one.remedies))
        for one in forecast.lessons
    ]
    # Of items that are no lessons soon, what holds them back.
    holds = frozenset(one.hold for one in forecast.arrivals)
    return forecast.day, holds, forecast.is_time_known, forecast.offset, lessons


def _times(forecast: Forecast | None) -> object:
    """Give what may wait some minutes: when things are here, roughly."""
    if forecast is None:
        return None
    arrivals = [(one.pack, one.item, _rough(one.finish), one.hold) for one in forecast.arrivals]
    return [_rough(one.expected) for one in forecast.lessons], arrivals


def _rough(moment: float | None) -> int | None:
    return None if moment is None else round(moment / _ROUNDED)
