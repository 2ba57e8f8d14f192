"""Changes of the line's settings, for the agent and for commands that run without one.

Two people may change different settings at the same moment: each change is made of what is kept
then, one after the other.
"""

from collections.abc import Callable
from datetime import timedelta

import msgspec

from cache import durable
from cache.agent_db import AgentDatabase
from cache.line_settings import read_line_settings, write_line_settings
from cache.school_clock import SchoolClock
from cache.state import StateDirectory
from core.control_line import LONGEST_OPEN_MINUTES, OpenCall, SetLineCall
from core.errors import UsageError
from core.line.settings import LineSettings, check_settings
from edge_client.floor import read_floor


def set_line(state: StateDirectory, school: SchoolClock, call: SetLineCall) -> LineSettings:
    """Set what a call gives; give all settings.

    What was counted in a month of the budget counts on when months begin on another day; so it
    does when it was begun by a clock that showed a time to come, and which is right by now.

    Raises:
        UsageError: they can never bring anything; or this user may not write there.
        RefusedError: they could not be read again.
        ExhaustedError: the disk is full, broken or read-only.
    """
    given = {name: value for name, value in msgspec.structs.asdict(call).items()
             if value is not msgspec.UNSET}  # fmt: skip

    def change(settings: LineSettings) -> LineSettings:
        after = msgspec.structs.replace(settings, **given)
        check_settings(after)
        if given.keys() & {"budget", "budget_day"}:
            _move_month(state, school, after.budget_day)
        return after

    return _change(state, change)


def pause(state: StateDirectory, *, paused: bool) -> LineSettings:
    """Let nothing travel, or let things travel again; give all settings.

    Raises:
        UsageError: this user may not write there.
        ExhaustedError: the disk is full, broken or read-only.
    """
    return _change(state, lambda settings: msgspec.structs.replace(settings, paused=paused))


def open_line(state: StateDirectory, school: SchoolClock, call: OpenCall) -> LineSettings:
    """Open the line whatever the hour, or close it to its hours again; give all settings.

    Raises:
        UsageError: until then cannot be, nobody knows what time it is, or this user may not
            write there.
        ExhaustedError: the disk is full, broken or read-only.
    """
    since, until = _opened(school, call, state) if call.until or call.minutes else (0.0, 0.0)
    return _change(
        state,
        lambda settings: msgspec.structs.replace(settings, open_until=until, open_from=since),
    )


def too_long() -> UsageError:
    """Refuse to open the line for so long."""
    return UsageError(
        "The line is opened for a week at most.",
        hint="Set its hours instead, so that they hold for every week.",
    )


def _opened(school: SchoolClock, call: OpenCall, state: StateDirectory) -> tuple[float, float]:
    """Give from when until when the line is opened."""
    now = school.now(read_floor(state)).moment
    if now is None:
        raise UsageError(
            "Nobody knows what time it is, so the line cannot be opened until a time.",
            hint="Confirm the time first.",
        )
    until = school.moment_of(call.until) if call.until else now + timedelta(minutes=call.minutes)
    if until <= now:
        raise UsageError(
            "{until} is over already.",
            hint="Give a time that is still to come.",
            until=school.here(until).strftime("%Y-%m-%d %H:%M"),
        )
    if until > now + timedelta(minutes=LONGEST_OPEN_MINUTES):
        raise too_long()
    return now.timestamp(), until.timestamp()


def _move_month(state: StateDirectory, school: SchoolClock, budget_day: int) -> None:
    today = school.now(read_floor(state)).date(school.here)
    with AgentDatabase(state) as agent:
        agent.move_month(today, budget_day)


def _change(state: StateDirectory, change: Callable[[LineSettings], LineSettings]) -> LineSettings:
    with durable.lock(state.root / "line.lock", "a change of the line's settings", wait=True):
        before = read_line_settings(state.line_settings)
        after = change(before)
        if after != before:
            write_line_settings(state.line_settings, after)
    return after
