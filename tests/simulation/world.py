"""True time and what others do in it: publishers, teachers, technicians, the power company."""

from bisect import bisect_right
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol, cast

from tests.simulation.line import Line
from tests.simulation.scenario import Event, Scenario, Slot, VersionFacts
from tests.simulation.statements import SimulatedHub

if TYPE_CHECKING:
    from collections.abc import Callable

_FOREVER: Final = float("inf")


class PowerCutError(BaseException):
    """The power has failed: whatever is not durable is lost."""


class MakeWayError(BaseException):
    """Somebody has changed what the plan depends on: the worker is stopped and begun again."""


class WeekOverError(BaseException):
    """The week is over."""


class Listener(Protocol):
    """Hears of what happens at the school, with or without power."""

    def heard(self, event: Event) -> bool:
        """Take an event; say whether a running worker must make way for it."""


@dataclass
class Published:
    """What the hub has.

    Attributes:
        newest: the newest version of each pack that is assigned to the school.
        unassigned: packs that are assigned no more.
        withdrawn: items by pack.
        slots: the timetable.
        history: every version that was ever published.
        serial: how often anything of it has changed.
    """

    newest: dict[str, VersionFacts] = field(default_factory=dict)
    unassigned: set[str] = field(default_factory=set)
    withdrawn: dict[str, frozenset[str]] = field(default_factory=dict)
    slots: list[Slot] = field(default_factory=list)
    history: dict[tuple[str, int], VersionFacts] = field(default_factory=dict)
    serial: int = 1

    def add(self, version: VersionFacts) -> None:
        """Let a version be the newest one of its pack."""
        self.newest[version.pack] = version
        self.history[version.pack, version.version] = version

    def take(self, event: Event) -> None:
        """Let something be published."""
        if event.kind == "publish":
            self.add(cast("VersionFacts", event.what[0]))
        elif event.kind == "withdraw":
            pack, item = cast("tuple[str, str]", event.what)
            self.withdrawn[pack] = self.withdrawn.get(pack, frozenset()) | {item}
        elif event.kind == "unassign":
            self.unassigned.add(cast("str", event.what[0]))
        else:
            self.slots += cast("tuple[Slot, ...]", event.what)
        self.serial += 1


_BY_PUBLISHERS: Final = frozenset({"publish", "withdraw", "unassign", "timetable"})


class World:
    """Time goes on here alone.

    Args:
        scenario: what happens.
    """

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.now = scenario.start
        self.line = Line(scenario)
        self.hub = SimulatedHub()
        self.published = Published()
        self.listener: Listener | None = None
        self.passes: Callable[[float], None] = _unseen
        self.has_worker = False
        self.is_on = True
        for version in scenario.held:
            self.published.add(version)
        self._moments = [event.at for event in scenario.events]
        self._next = 0
        self._offs = [one.start for one in scenario.powers]

    @property
    def next_event(self) -> float:
        """When something happens next, the power included."""
        event = self._moments[self._next] if self._next < len(self._moments) else _FOREVER
        return min(event, self._next_off())

    def advance(self, until: float) -> None:
        """Let time pass.

        Raises:
            PowerCutError: the power has failed before.
            MakeWayError: a worker is running, and something has changed before.
            WeekOverError: the week is over before.
        """
        until, is_over = min(until, self.scenario.stop), until >= self.scenario.stop
        off = self._next_off() if self.is_on else _FOREVER
        while self._next < len(self._moments) and self._moments[self._next] <= min(until, off):
            event = self.scenario.events[self._next]
            self._next += 1
            self._pass(event.at)
            self._happens(event)
        if off <= until:
            self._pass(off)
            self.is_on = False
            raise PowerCutError
        self._pass(until)
        if is_over:
            raise WeekOverError

    def _pass(self, until: float) -> None:
        self.passes(until)
        self.now = max(self.now, until)

    def wait_for_power(self) -> None:
        """Let time pass until there is power again."""
        place = bisect_right(self._offs, self.now) - 1
        self.advance(self.scenario.powers[place].stop)
        self.is_on = True

    def _next_off(self) -> float:
        place = bisect_right(self._offs, self.now)
        return self._offs[place] if place < len(self._offs) else _FOREVER

    def _happens(self, event: Event) -> None:
        if event.kind in _BY_PUBLISHERS:
            self.published.take(event)
        elif self.listener is not None and self.listener.heard(event) and self.has_worker:
            raise MakeWayError


def _unseen(until: float) -> None:
    """Nobody looks."""
    del until
