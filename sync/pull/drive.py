"""The loop of a pull: look, plan, do what comes first, and look again.

It decides nothing: the plan does. It is the same for a node and for the simulation, which have
other hands.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import takewhile
from typing import Final, Protocol

from core.plan.model import Action, Plan
from core.plan.planner import work
from core.plan.situation import Situation

AHEAD_SECONDS: Final = 30.0
"""So much of a plan is carried out, as the source's rate has it, before another one is made."""
_MOST_ACTIONS: Final = 1000


class Hands(Protocol):
    """What carries a plan out."""

    def situation(self) -> Situation:
        """Look at everything, now."""

    def carry_out(self, actions: Sequence[Action]) -> None:
        """Do what comes first; what cannot be done now is not in the next situation any more.

        Args:
            actions: one, or several fetches of one pack version from one source, in order. The
                later ones may be left for another plan.

        Raises:
            PackhorseError: nothing more can be done now.
        """

    def give_up(self, action: Action) -> None:
        """Leave something out from now on: it was carried out, and nothing came of it."""


def drive(
    hands: Hands,
    make: Callable[[Situation], Plan] = work,
    is_stale: Callable[[], bool] = lambda: False,
) -> Plan:
    """Work until nothing may be done any more; give the last plan, which says why.

    Args:
        hands: what carries plans out.
        make: makes them.
        is_stale: says that what is published should be looked at anew before anything else is
            done: a pull may take days.

    Raises:
        PackhorseError: nothing more can be done now, and no plan knows of it.
    """
    before: Action | None = None
    while True:
        situation = hands.situation()
        made = make(situation)
        head = made.head
        if head is None or is_stale():
            return made
        if before is not None and _is_the_same(before, head):
            hands.give_up(head)
            before = None
            continue
        hands.carry_out(list(ahead(made, situation.comes.rate)))
        before = head


def ahead(made: Plan, rate: float) -> Iterator[Action]:
    """Give the actions that are carried out before another plan is made, in order.

    They follow one another in the plan and share requests: steps of one version, from one source.

    Args:
        made: the plan.
        rate: what the line carries, bytes a second.
    """
    there = [one for one in made.actions if not one.hold][:_MOST_ACTIONS]
    if not there:
        return
    head, sum_ = there[0], 0
    for one in takewhile(lambda one: _goes_with(one, head), there):
        yield one
        sum_ += one.line
        # Another node may be slower than the line.
        near = 0.0 if one.finish is None else one.finish - made.made
        is_enough = sum_ >= AHEAD_SECONDS * rate if head.line else near >= AHEAD_SECONDS
        if head.kind != "fetch" or is_enough:
            return


def _goes_with(one: Action, head: Action) -> bool:
    return (one.kind, one.pack, one.version, one.source, one.name) == (
        head.kind,
        head.pack,
        head.version,
        head.source,
        head.name,
    )


def _is_the_same(before: Action, head: Action) -> bool:
    """Say whether what was done first is still to be done, and not by a byte less."""
    return _what(before) == _what(head)


def _what(action: Action) -> tuple[object, ...]:
    return (
        action.kind,
        action.pack,
        action.version,
        action.item,
        action.rendition,
        action.line,
        action.size,
        action.source,
        action.name,
    )
