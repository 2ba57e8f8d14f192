"""One simulated week, from its scenario to its result."""

import tempfile
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cache.state import StateDirectory
from tests.simulation.agent import Agent
from tests.simulation.baselines import first_in_first_out, optimum, whole_files
from tests.simulation.content import Content, MemoryContent
from tests.simulation.lessons import Lessons
from tests.simulation.node import Node
from tests.simulation.scenario import Event, Scenario, Slot
from tests.simulation.statements import MemoryOutbox, Outbox
from tests.simulation.stores import CatalogueContent, JournalOutbox
from tests.simulation.world import World

REAL_EVERY: Final = 50
# Without a disk beneath; what is durable there stays for as long as a week.
_MEMORY: Final = Path("/dev/shm")  # noqa: S108 - only where the directory is made


@dataclass(frozen=True)
class Result:
    """How a week went.

    Attributes:
        lessons: lessons that took place.
        taught: of those, the ones that could be taught at their minute.
        optimum: how many could have been, by whoever knows all beforehand.
        in_order: how many with packs in their order, one after the other.
        whole_files: how many with whole files that begin anew after each cut.
        plans: how often the planner was asked.
        trace: what happened.
    """

    lessons: int
    taught: int
    optimum: int
    in_order: int
    whole_files: int
    plans: int
    trace: list[tuple[float, str]]
    seen: dict[Slot, bool]


class _Register:
    """Looks at each lesson's minute whether it can be taught."""

    def __init__(self, node: Node, scenario: Scenario) -> None:
        self._node = node
        self._slots = sorted(
            (slot for slot in taking_place(scenario) if slot.start * 60.0 < scenario.stop),
            key=lambda one: one.start,
        )
        self.seen: dict[Slot, bool] = {}

    def until(self, now: float) -> None:
        """Look at the lessons that begin until now."""
        while self._slots and self._slots[0].start * 60.0 <= now:
            slot = self._slots.pop(0)
            self.seen[slot] = (slot.pack, slot.item) in self._node.disk.content.served()


def run(scenario: Scenario, *, is_real: bool | None = None) -> Result:
    """Run a week.

    Args:
        scenario: what happens in it.
        is_real: whether on the real databases; None for one week in fifty.

    Raises:
        AssertionError: an invariant does not hold.
    """
    if not (scenario.seed % REAL_EVERY == 0 if is_real is None else is_real):
        return _run(scenario, MemoryContent(), MemoryOutbox())
    with tempfile.TemporaryDirectory(dir=_MEMORY if _MEMORY.is_dir() else None) as place:
        state = StateDirectory(Path(place))
        state.create()
        outbox = JournalOutbox(state)
        with closing(CatalogueContent(state)) as content, closing(outbox):
            return _run(scenario, content, outbox)


def _run(scenario: Scenario, content: Content, outbox: Outbox) -> Result:
    world = World(scenario)
    node = Node(world, content, outbox)
    register = _Register(node, scenario)
    world.passes = register.until
    Agent(node).run()
    register.until(scenario.stop)
    slots = list(register.seen)
    return Result(
        lessons=len(slots),
        taught=sum(register.seen.values()),
        optimum=optimum(scenario, slots),
        in_order=first_in_first_out(scenario, slots),
        whole_files=whole_files(scenario, slots),
        plans=node.plans,
        trace=node.watch.trace,
        seen=register.seen,
    )


def taking_place(scenario: Scenario) -> list[Slot]:
    """Give the lessons as they take place in the end."""
    lessons = Lessons()
    late: list[Event] = []
    for event in scenario.events:
        if event.kind == "timetable":
            lessons.learn(event.what)  # type: ignore[arg-type]
        elif event.kind in {"shift", "cancel"}:
            late.append(event)
    for event in late:
        lessons.change(event)
    return [slot for slot in lessons.effective() if slot.start * 60.0 >= scenario.start]
