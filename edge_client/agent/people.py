"""The socket's methods about names and teachers."""

import asyncio
from collections.abc import Callable

from cache.clock import Clock
from cache.state import StateDirectory
from core.control_calls import NamesCall, Teacher, TeacherCall
from edge_client import people
from edge_client.agent.methods import Methods, NoCall, in_thread, method

# A PIN takes its time on purpose; a staff of forty is still typed in without waiting.
_PIN_BURST = 40
_PIN_SECONDS = 3.0


def methods(
    clock: Clock,
    state: StateDirectory,
    *,
    today: Callable[[], str],
    changed: Callable[[], None],
) -> Methods:
    """Give the methods.

    Args:
        clock: the machine's clocks.
        state: the node's state directory.
        today: gives the school's date.
        changed: told when names have changed.
    """

    async def set_names(call: NamesCall) -> object:
        done = await in_thread(lambda: people.set_names(state, call))
        changed()
        return done

    async def teachers(_call: NoCall) -> list[Teacher]:
        return await asyncio.to_thread(people.teachers, state)

    async def add_teacher(call: TeacherCall) -> object:
        return await in_thread(lambda: people.add_teacher(state, call, today()))

    async def remove_teacher(call: TeacherCall) -> object:
        return await in_thread(lambda: people.remove_teacher(state, call))

    return {
        "set_names": method(clock, NamesCall, set_names),
        "teachers": method(clock, NoCall, teachers),
        "add_teacher": method(
            clock, TeacherCall, add_teacher, burst=_PIN_BURST, refill=_PIN_SECONDS
        ),
        "remove_teacher": method(clock, TeacherCall, remove_teacher),
    }
