"""Judges what a simulated node does, all the time: the invariants of the design, and the budget."""

from typing import TYPE_CHECKING, Final

from core.line.ledger import Ledger
from core.line.week import share_at
from tests.simulation.content import blob_of, every_step
from tests.simulation.scenario import here
from tests.simulation.statements import Outbox
from tests.simulation.world import World

if TYPE_CHECKING:
    from tests.simulation.books import Books
    from tests.simulation.disk import Disk

_MOST_IDLE: Final = 50
# The node's clocks count microseconds.
_A_MOMENT: Final = 0.001


class ViolationError(AssertionError):
    """An invariant does not hold."""


class Watch:
    """Looks at a node from outside.

    Args:
        world: true time.
        books: the node's settings and ledger.

    Attributes:
        trace: what happened, in order, for comparing runs.
        line_bytes: bytes that have travelled.
    """

    def __init__(self, world: World, books: "Books") -> None:
        self.trace: list[tuple[float, str]] = []
        self.line_bytes = 0
        self._world = world
        self._books = books
        self._by_month = {books.ledger.month: books.ledger.used}
        self._can_tell_time = all(event.kind != "jump" for event in world.scenario.events)
        self._served: dict[tuple[str, str], int] = {}
        self._said: set[bytes] = set()
        self._idle = 0
        self._progress = (-1.0, -1)
        books.checks.append(self._look_at_ledger)

    def note(self, what: str) -> None:
        """Note what happened."""
        self.trace.append((round(self._world.now, 3), what))

    def require(self, holds: object, sentence: str) -> None:
        """Raise unless it holds.

        Raises:
            ViolationError: it does not.
        """
        if not holds:
            raise ViolationError(f"{sentence} (at {self._world.now:.0f})")

    def travelled(self, count: int) -> None:
        """Judge bytes on the wire at the moment at which they have travelled."""
        if not count:
            return
        self.line_bytes += count
        month = self._books.ledger.month
        self._by_month[month] = self._by_month.get(month, 0) + count
        budget = self._books.settings.budget
        self.require(budget is None or self._by_month[month] <= budget, "the budget is exceeded")

    def begins_to_travel(self, share: float, *, is_time_sure: bool) -> None:
        """Judge that something may travel now."""
        settings = self._books.settings
        self.require(not settings.paused, "bytes travel although the line is paused")
        if is_time_sure and self._can_tell_time:
            moments = (self._world.now, self._world.now - _A_MOMENT)
            is_allowed = any(share <= share_at(settings, one, here) for one in moments)
            self.require(is_allowed, "more of the line is taken than the hour allows")

    def _look_at_ledger(self, ledger: Ledger) -> None:
        budget = self._books.settings.budget
        known = ledger.used + ledger.reserved
        self.require(budget is None or known <= budget, "more is reserved than the budget has")
        real = self._by_month.get(ledger.month, 0)
        self.require(known >= real, "more has travelled than the ledger knows")

    def planned(self) -> None:
        """Judge that plans bring something on."""
        progress = (self._world.now, self.line_bytes)
        self._idle = self._idle + 1 if progress == self._progress else 0
        self._progress = progress
        self.require(self._idle < _MOST_IDLE, "the node plans again and again and does nothing")

    def look(self, disk: "Disk") -> None:
        """Judge what is on the disk and what is served."""
        self.require(not disk.is_below_floor, "the disk is filled below its floor")
        served = disk.content.served()
        for (pack, item), version in served.items():
            gone = disk.withdrawn.get(pack, frozenset())
            self.require(item not in gone, f"{pack} {item} is served although it was withdrawn")
            before = self._served.get((pack, item), 0)
            self.require(version >= before, f"{pack} {item} goes back to version {version}")
            self._require_whole(disk, pack, item, version)
            self._require_newest(disk, pack, item, version)
        self._served.update(served)

    def _require_whole(self, disk: "Disk", pack: str, item: str, version: int) -> None:
        facts = next(
            one for one in self._world.published.history[pack, version].items if one.item == item
        )
        whole = any(blob_of(pack, facts, step) in disk.sizes for step in every_step(facts))
        self.require(whole, f"{pack} {item} is served and its files are not here")

    def _require_newest(self, disk: "Disk", pack: str, item: str, version: int) -> None:
        newest = disk.listed[pack]
        facts = next(
            one for one in self._world.published.history[pack, newest].items if one.item == item
        )
        lowest = facts.steps[0]
        is_here = not lowest.sound_alone and blob_of(pack, facts, lowest) in disk.sizes
        self.require(
            version == newest or not is_here,
            f"{pack} {item} is served in version {version}, and version {newest} is here",
        )

    def served_again(self) -> None:
        """Note a removal: what comes back later may be any version."""
        self._served = {}

    def said(self, records: list[bytes]) -> None:
        """Note statements of which the player was told that they are durable."""
        self._said.update(records)

    def look_at_statements(self, outbox: Outbox) -> None:
        """Judge that no statement is lost."""
        there = set(self._world.hub.records.values()) | outbox.waiting()
        self.require(self._said <= there, "statements are lost")
