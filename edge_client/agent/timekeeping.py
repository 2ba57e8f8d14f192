"""The school's clock in the agent: the socket's method, the minute's saving, teachers' taps."""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime
from typing import Final, TypeVar

from cache.clock import Clock
from cache.school_clock import SchoolClock
from core.control_calls import TimeCall
from core.errors import PackhorseError
from edge_client.agent.methods import Methods, in_thread, method

SAVE_SECONDS: Final = 60.0
ADOPT_SECONDS: Final = 10.0

T = TypeVar("T")
logger = logging.getLogger("agent")


class Timekeeper:
    """Keeps school time.

    Args:
        school: the school's clock.
        floor: gives a moment that has certainly passed.
        changed: told when a person has confirmed the time.
    """

    def __init__(
        self, school: SchoolClock, floor: Callable[[], datetime], changed: Callable[[], None]
    ) -> None:
        self._school = school
        self._floor = floor
        self._changed = changed

    async def run(self) -> None:
        """Save every minute how far time has come, until cancelled.

        What a teacher confirms on the portal's page is taken in some seconds later.
        """
        while True:
            await self._try(lambda: self._school.save(self._floor()))
            for _ in range(round(SAVE_SECONDS / ADOPT_SECONDS)):
                await asyncio.sleep(ADOPT_SECONDS)
                if await self._try(self._school.adopt):
                    self._changed()

    async def _try(self, work: Callable[[], T]) -> T | None:
        try:
            return await asyncio.to_thread(work)
        except PackhorseError as error:
            # Told by the disk's own problem; the time itself goes on.
            logger.warning("school time is not saved: %s", error)
            return None

    def today(self) -> str:
        """Give the school's date as far as it is known; empty when it is not."""
        return self._school.local(self._floor()).text[:10]

    def methods(self, clock: Clock) -> Methods:
        """Give the methods."""

        async def confirm_time(call: TimeCall) -> object:
            done = await in_thread(lambda: self._school.confirm(call.local, self._floor()))
            self._changed()
            return done

        return {"confirm_time": method(clock, TimeCall, confirm_time)}
