"""Requests of a simulated node: what they take, what they cost, and how the line breaks them.

Every byte is counted here as it really travels; the node's own ledger is judged by that.
"""

from collections.abc import Callable
from typing import Final

from core.errors import ExhaustedError
from core.line.requests import affordable, largest_request
from core.line.week import share_at
from core.line.wire import Wire, wire_bytes
from sync.faults import Fault
from sync.purse import Purse
from sync.source import SourceError
from tests.simulation.books import Books
from tests.simulation.clocks import NodeClocks
from tests.simulation.scenario import HOUR, here
from tests.simulation.watch import Watch
from tests.simulation.world import World

_TIMEOUT: Final = 20.0
_LEAST: Final = 2_000
# Segments that are lost are sent again; so much is kept ready for them.
_WITH_LOSSES: Final = 1.02
# Without a budget requests may be longer: a week is over sooner.
_LONGEST: Final = 16 * 1024 * 1024


class Channel:
    """Sends requests by the line.

    Args:
        world: where time passes.
        clocks: of the node.
        books: the node's settings, ledger and estimate.
        watch: judges what travels.
    """

    def __init__(self, world: World, clocks: NodeClocks, books: Books, watch: Watch) -> None:
        self._world = world
        self._clocks = clocks
        self._books = books
        self._watch = watch
        self._is_open = False
        self.wire = Wire()
        self.purse: Purse | None = None

    def begin(self) -> None:
        """Begin a run: what one before it that was killed had reserved is used up."""
        self.purse = Purse(self._books)

    def end(self, *, is_killed: bool = False) -> None:
        """End a run and close the connection."""
        if self.purse is not None and not is_killed:
            self.purse.settle()
        self.purse = None
        self._is_open = False

    def largest(self) -> int:
        """Give how many bytes of content a request may ask for, by what the budget has left.

        Raises:
            ExhaustedError: nothing.
        """
        free = self._purse.free(self._books.settings.budget)
        if free is None:
            return _LONGEST
        most = affordable(int(free / _WITH_LOSSES), self.wire, connect=True)
        if most < _LEAST:
            raise _used_up()
        return min(most, largest_request(self._books.estimate))

    @property
    def _purse(self) -> Purse:
        if self.purse is None:
            raise AssertionError("nothing travels outside a run")
        return self.purse

    def request(self, content: int, came: Callable[[int], None]) -> None:
        """Ask for bytes, and give them as they come.

        Raises:
            SourceError: the line failed.
            ExhaustedError: budget or hours allow nothing.
        """
        bound = wire_bytes(max(1, content), self.wire, requests=1) + self.wire.connection
        promise = self._purse.promise(int(bound * _WITH_LOSSES), self._books.settings.budget)
        if promise is None:
            raise _used_up()

        def travelled(count: int) -> None:
            self._watch.travelled(count)
            promise.moved(count)

        try:
            self._exchange(content, came, travelled)
        except (SourceError, ExhaustedError):
            self._is_open = False
            promise.close()
            raise
        promise.close()

    def _exchange(
        self, content: int, came: Callable[[int], None], travelled: Callable[[int], None]
    ) -> None:
        self._connect(travelled)
        self._move(self.wire.request, lambda _: None, travelled, 1.0)
        share = wire_bytes(content, self.wire, requests=0) / content if content else 1.0
        self._move(content, came, travelled, share)

    def _connect(self, travelled: Callable[[int], None]) -> None:
        world, latency = self._world, self._world.scenario.latency
        stretch = world.line.at(world.now)
        if not stretch.rate:
            if self._is_open:
                world.advance(world.now + _TIMEOUT)
                raise _failed("stalled")
            world.advance(world.now + latency)
            raise _failed("name")
        if not self._is_open:
            self._move(self.wire.connection, lambda _: None, travelled, 1.0)
        world.advance(world.now + latency)
        if stretch.is_captive:
            raise _failed("portal")
        self._is_open = True

    def _move(
        self,
        content: int,
        came: Callable[[int], None],
        travelled: Callable[[int], None],
        overhead: float,
    ) -> None:
        """Move bytes, one stretch of the same rate after the other."""
        left = content
        owed = 0.0
        while left > 0:
            start, stop, rate, share = self._stretch()
            count = min(left, max(0, int((stop - start) * rate / overhead)))
            is_last = count == left
            owed += count * overhead
            try:
                self._world.advance(start + count * overhead / rate if is_last else stop)
            finally:
                # Also when the power fails: stretches end there at the latest.
                travelled(int(owed))
                came(count)
            owed -= int(owed)
            self._books.came(self._world.now - start, count * overhead, share)
            left -= count
            if not is_last and self._world.line.next_cut(start) <= stop:
                raise _failed("cut")

    def _stretch(self) -> tuple[float, float, float, float]:
        """Give from when until when nothing changes, how quickly bytes come, and the share.

        Raises:
            SourceError: the line is down.
            ExhaustedError: the hours allow nothing.
        """
        world = self._world
        now = world.now
        stretch = world.line.at(now)
        if not stretch.rate:
            world.advance(now + _TIMEOUT)
            raise _failed("stalled")
        moment, is_sure = self._clocks.believed(now)
        share = share_at(self._books.settings, moment, here)
        if not share:
            raise ExhaustedError("The hours do not allow it.")
        self._watch.begins_to_travel(share, is_time_sure=is_sure)
        hour = now - now % HOUR + HOUR
        opened = self._books.settings.open_until
        marks = [stretch.stop, world.line.next_cut(now), world.next_event, hour]
        marks += [opened] if opened > now else []
        return now, max(now + 1e-3, min(marks)), stretch.rate * share, share

    def share(self) -> float:
        """Give the share of the line that the node may take, as it believes."""
        moment, _ = self._clocks.believed(self._world.now)
        return share_at(self._books.settings, moment, here)


def _failed(fault: Fault) -> SourceError:
    return SourceError("The line failed.", fault=fault)


def _used_up() -> ExhaustedError:
    return ExhaustedError("The budget of this month is used up.")
