"""The clocks of a simulated node, and what time it believes it is at the school."""

from datetime import UTC, datetime

from core.school_time import Clocks, Memory, SchoolTime, confirm, reach, school_time
from tests.simulation.scenario import DAY, Scenario

_SAVE_SECONDS = 60.0
_BEFORE_SECONDS = 1800.0


class NodeClocks:
    """What the machine's clocks say, and what the disk remembers.

    Args:
        scenario: which clocks there are.
    """

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        self._floor = datetime.fromtimestamp(scenario.start - 20 * DAY, UTC)
        self._booted = scenario.start
        self._boot = 0
        self._offset = 0.0
        self._heard = False
        # The same moment is asked for again and again.
        self._asked, self._answer = -1.0, (0.0, False)
        # It ran before the week began, too.
        self.memory = Memory(reached=scenario.start - _BEFORE_SECONDS)

    def boot(self, now: float) -> None:
        """Begin to run; without a clock of its own the machine thinks that it is 1970."""
        self._asked = -1.0
        self._boot += 1
        self._booted = now
        self._heard = False
        self._offset = 0.0 if self._scenario.has_clock else now

    def hear(self) -> None:
        """Hear the time from the network, where that is to be had."""
        self._asked = -1.0
        if self._scenario.hears_time:
            self._heard, self._offset = True, 0.0

    def jump(self, now: float, shown: float) -> None:
        """Let the clock show something else; whoever hears the time is set right again."""
        self._asked = -1.0
        if not self._heard:
            self._offset = now - shown

    def at(self, now: float) -> Clocks:
        """Give what the clocks say."""
        wall = datetime.fromtimestamp(max(0.0, now - self._offset), UTC)
        return Clocks(
            wall=wall,
            synchronised=self._heard,
            hardware=wall if self._scenario.has_clock else None,
            monotonic=now - self._booted,
            boot=f"boot-{self._boot}",
            floor=self._floor,
        )

    def time(self, now: float) -> SchoolTime:
        """Give school time, and keep once a minute what it has reached."""
        clocks = self.at(now)
        found = school_time(self.memory, clocks)
        reached = reach(self.memory, found, clocks)
        if reached.guess >= self.memory.guess + _SAVE_SECONDS:
            self.memory = reached
        return found

    def tell(self, now: float) -> None:
        """Let a teacher tell the time."""
        self._asked = -1.0
        said = datetime.fromtimestamp(now, UTC)
        self.memory = confirm(self.memory, self.at(now), said)

    def believed(self, now: float) -> tuple[float, bool]:
        """Give the moment that the node goes by, and whether it is sure."""
        if now != self._asked:
            found = self.time(now)
            moment = found.moment.timestamp() if found.moment is not None else 0.0
            self._asked, self._answer = now, (moment, found.is_known)
        return self._answer
