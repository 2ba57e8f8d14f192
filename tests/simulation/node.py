"""A simulated node: the real planner, retry, schedule, school time and ledger; the rest is simple.

Rules:
    - The disk, the books, the outbox and the lessons survive a power cut; everything else is gone.
    - Whoever changes what the plan depends on stops the worker, as the agent does.
"""

from random import Random
from typing import Final, cast

from core.plan.model import Plan
from core.plan.planner import work
from core.plan.situation import Absence, Occurrence, Situation
from tests.simulation.books import Books
from tests.simulation.clocks import NodeClocks
from tests.simulation.content import Content, blob_of
from tests.simulation.disk import Disk
from tests.simulation.lessons import Lessons, occurrence
from tests.simulation.scenario import DAY, Event, Slot, VersionFacts, here, local
from tests.simulation.statements import BYTES_A_STATEMENT, Outbox
from tests.simulation.watch import Watch
from tests.simulation.wire import Channel
from tests.simulation.world import World

_POLL: Final = 0
_NEWS: Final = 600
_LOOK_AHEAD: Final = 15 * DAY


class Node:
    """What survives a power cut, and what acts on it.

    Args:
        world: where it stands.
        content: decides what is served.
        outbox: keeps statements.
    """

    def __init__(self, world: World, content: Content, outbox: Outbox) -> None:
        scenario = world.scenario
        self.world = world
        self.books = Books(scenario)
        self.clocks = NodeClocks(scenario)
        self.disk = Disk(content, scenario.disk)
        self.outbox = outbox
        self.lessons = Lessons()
        self.watch = Watch(world, self.books)
        self.channel = Channel(world, self.clocks, self.books, self.watch)
        self.chance = Random(f"packhorse node {scenario.seed}")
        self.is_up = True
        self.down_since: float | None = None
        self.plans = 0
        self._serial = 0
        self._said = 0
        self._effective: list[Slot] | None = None
        for version in scenario.held:
            self._hold(version)
        world.listener = self

    def _hold(self, version: VersionFacts) -> None:
        self.disk.learn({version.pack: version, **self.disk.known}, {}, set())
        for item in version.items:
            for step in item.steps:
                self.disk.sizes[blob_of(version.pack, item, step)] = step.size
        self.disk.list_pack(version.pack)

    def boot(self) -> None:
        """Begin to run."""
        self.clocks.boot(self.world.now)
        self.channel.end(is_killed=True)
        self.outbox.open(self.chance.randbytes(8), self.world.now)

    def lose_power(self) -> None:
        """Lose what was not durable."""
        self.outbox.close()
        self.disk.lose_power()
        self.disk.content.reopen()

    def heard(self, event: Event) -> bool:
        """Take what happens at the school; say whether a running worker must make way."""
        if event.kind == "settings":
            self.books.change(event.what)  # type: ignore[arg-type]
        elif event.kind in {"shift", "cancel", "wish"}:
            self.lessons.change(event)
            self._effective = None
        elif event.kind == "fill":
            self.disk.filled += cast("int", event.what[0])
        elif event.kind == "jump":
            self.clocks.jump(self.world.now, cast("float", event.what[0]))
        elif self.world.is_on:
            self._teach(cast("int", event.what[0]))
        return event.kind in {"settings", "shift", "cancel", "wish"}

    def _teach(self, count: int) -> None:
        """Let a class begin: it tells the time where that is asked for, and leaves statements."""
        _, is_known = self.clocks.believed(self.world.now)
        if not is_known and self.world.scenario.has_people:
            self.clocks.tell(self.world.now)
        records = [f"{self._said + n}".encode() for n in range(count)]
        self._said += count
        self.outbox.append(records, self.world.now)
        self.watch.said(records)

    def now(self) -> tuple[float, bool]:
        """Give school time as the node believes, and begin a new month when it is one."""
        moment, is_known = self.clocks.believed(self.world.now)
        today = local(moment).date() if is_known else None
        turn = self.channel.purse.turn if self.channel.purse else self.books.turn_month
        turn(today, self.books.settings.budget_day)
        return moment, is_known

    def poll(self) -> None:
        """Ask the hub for news, and let them take effect.

        Raises:
            SourceError: the line failed.
            ExhaustedError: budget or hours do not allow it.
        """
        published = self.world.published
        news = _NEWS if published.serial != self._serial else _POLL
        self.channel.request(news, lambda _: None)
        self.clocks.hear()
        self.is_up, self.down_since = True, None
        self.books.tried(self.world.now, is_up=True)
        if published.serial != self._serial:
            self._serial = published.serial
            self.disk.learn(published.newest, published.withdrawn, published.unassigned)
            self.lessons.learn(published.slots)
            self._effective = None
            self.watch.look(self.disk)

    def fail(self) -> None:
        """Note that the line is down."""
        self.books.tried(self.world.now, is_up=False)
        if self.is_up:
            self.is_up, self.down_since = False, self.now()[0]

    def make(self, situation: Situation) -> Plan:
        """Make the plan."""
        self.plans += 1
        self.watch.planned()
        return work(situation)

    def situation(self) -> Situation:
        """Give what the planner looks at."""
        moment, is_known = self.now()
        return Situation(
            now=moment,
            is_time_known=is_known,
            here=here,
            outstanding=self.disk.outstanding(),
            lessons=[
                self._occurrence(slot)
                for slot in self._slots()
                if (slot.start + slot.minutes) * 60.0 > moment
            ],
            wishes=[
                wish
                for wish in self.lessons.wishes
                if (wish.pack, wish.item) not in self.disk.content.served()
            ],
            estimate=self.books.estimate,
            is_up=self.is_up,
            down_since=self.down_since,
            settings=self.books.settings,
            ledger=self.books.ledger,
            wire=self.channel.wire,
            usable=self.disk.usable,
            backlog=self.outbox.backlog() * BYTES_A_STATEMENT,
        )

    def _slots(self) -> list[Slot]:
        if self._effective is None:
            self._effective = self.lessons.effective()
        return self._effective

    def _occurrence(self, slot: Slot) -> Occurrence:
        is_here = (slot.pack, slot.item) in self.disk.content.served()
        absence: Absence = ""
        if slot.item in self.disk.withdrawn.get(slot.pack, frozenset()):
            absence = "withdrawn"
        elif slot.pack in self.disk.unassigned:
            absence = "unassigned"
        elif slot.pack not in self.disk.known:
            absence = "unpublished"
        return occurrence(slot, is_here=is_here, absence=absence)
