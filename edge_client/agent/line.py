"""The socket's methods about plan and line (``core.control_line``)."""

import asyncio
from collections.abc import Callable

from cache.clock import Clock
from cache.school_clock import SchoolClock
from cache.state import StateDirectory
from core.control_line import MOST_GIVEN, LineReport, OpenCall, PlanCall, SetLineCall, bounded
from core.line.settings import LineSettings
from core.plan.model import Plan
from edge_client import line_changes
from edge_client.agent.methods import Methods, NoCall, method
from edge_client.planned import Known, Planned

# Planning takes its time on a small machine.
_PLAN_BURST = 5
_PLAN_SECONDS = 2.0


def methods(  # noqa: PLR0913 - the agent's parts are put together here
    clock: Clock,
    state: StateDirectory,
    school: SchoolClock,
    planned: Planned,
    *,
    known: Known,
    changed: Callable[[], None],
) -> Methods:
    """Give the methods.

    Args:
        clock: the machine's clocks.
        state: the node's state directory.
        school: the school's clock.
        planned: plans.
        known: puts in whether the line is there at this moment.
        changed: told when settings have changed.
    """

    async def plan(call: PlanCall) -> Plan:
        return bounded(await asyncio.to_thread(planned.plan, call.at, known), MOST_GIVEN)

    async def line(_call: NoCall) -> LineReport:
        return await asyncio.to_thread(planned.line, known)

    async def set_line(call: SetLineCall) -> LineSettings:
        return await change(lambda: line_changes.set_line(state, school, call))

    async def open_line(call: OpenCall) -> LineSettings:
        return await change(lambda: line_changes.open_line(state, school, call))

    async def pause(_call: NoCall) -> LineSettings:
        return await change(lambda: line_changes.pause(state, paused=True))

    async def resume(_call: NoCall) -> LineSettings:
        return await change(lambda: line_changes.pause(state, paused=False))

    async def change(work: Callable[[], LineSettings]) -> LineSettings:
        settings = await asyncio.to_thread(work)
        changed()
        return settings

    return {
        "plan": method(clock, PlanCall, plan, burst=_PLAN_BURST, refill=_PLAN_SECONDS),
        "line": method(clock, NoCall, line),
        "set_line": method(clock, SetLineCall, set_line),
        "open_line": method(clock, OpenCall, open_line),
        "pause": method(clock, NoCall, pause),
        "resume": method(clock, NoCall, resume),
    }
