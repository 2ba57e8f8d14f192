"""The socket's method about usage."""

import asyncio
from collections.abc import Callable
from datetime import datetime

from cache.clock import Clock
from cache.school_clock import SchoolClock
from cache.state import StateDirectory
from core.control_calls import UsageCall, UsageReport
from edge_client.agent.methods import Methods, method
from edge_client.usage_summary import summarise

# A term's statements take a second or two of a Pi.
_BURST = 10
_SECONDS = 5.0


def methods(
    clock: Clock, state: StateDirectory, school: SchoolClock, floor: Callable[[], datetime]
) -> Methods:
    """Give the methods."""

    def look(days: int) -> UsageReport:
        return summarise(state, clock, school.now(floor()), school.here, days=days)

    async def usage(call: UsageCall) -> UsageReport:
        return await asyncio.to_thread(look, call.days)

    return {"usage": method(clock, UsageCall, usage, burst=_BURST, refill=_SECONDS)}
