"""A run's use of the line: whether, how fast, how much; and what it teaches about the line.

Rules:
    - Nothing is asked for that hours, switches or budget do not allow; what is coming is given up
      within seconds when they change.
    - All bytes on the wire are counted, both ways, whoever asked for them; they are reserved on
      the disk before they travel (``sync.purse``).
    - A share of the line is a share of what it was seen to carry. So a line that nobody has
      measured is measured first, for the five seconds that it takes.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from threading import RLock
from typing import TYPE_CHECKING, Final

import msgspec

from cache.agent_db import AgentDatabase
from cache.agent_reader import AgentReader
from cache.state import StateDirectory
from core.line.estimate import Estimate
from core.line.estimator import Stopwatch, Stretch, with_rate, with_round_trip
from core.line.requests import affordable, largest_request, lead_bytes
from core.line.wire import SEGMENT_BYTES, Wire, wire_bytes
from sync.held import HeldError, held
from sync.line_rules import LineRules, Rules
from sync.purse import Promise, Purse
from sync.rate import RateCap
from sync.use import Wanted

if TYPE_CHECKING:
    from datetime import date

_FRAME: Final = 66
# Headers, too, travel at the capped rate.
_CONTENT_SHARE: Final = SEGMENT_BYTES / (SEGMENT_BYTES + _FRAME)
# Segments that are lost on the way are sent again.
_WITH_LOSSES: Final = 1.02
# A small file of unknown size is thought to have no more than this; more is asked for then.
_AT_FIRST: Final = 32 * 1024
# With less, beside what a connection costs, nothing useful can be done.
_LEAST_BUDGET: Final = 2_000
# Slower, an upstream takes a capped line for a broken one.
_SLOWEST: Final = 500.0


class LineUse:
    """One run's use of the line.

    Args:
        state: the node's state directory.
        rules: what may be done with the line.
        monotonic: gives seconds that only rise.
        limit: cap that the operator has configured, bytes a second; None for none.
        by_person: whether a person waits for it, so that hours, switches and budget do not stop
            it; it is counted all the same.

    Attributes:
        cap: the cap for content that is received, which follows the hours.
        limit: cap that the operator has configured, bytes a second; None for none.
        lock: held while this is asked or changed: requests that are sent ahead are sent by
            threads of their own.
    """

    def __init__(
        self,
        state: StateDirectory,
        rules: LineRules,
        monotonic: Callable[[], float],
        *,
        limit: int | None = None,
        by_person: bool = False,
    ) -> None:
        self._state = state
        self._rules = rules
        self._monotonic = monotonic
        self.limit = limit
        self._by_person = by_person
        self._watch = Stopwatch()
        self._steady = self._telling = 0
        self._estimate = AgentReader(state.agent).estimate()
        self._is_news = False
        self._today: date | None = None
        self._agent: AgentDatabase | None = None
        self.lock = RLock()
        self.cap = RateCap(self._rate, monotonic, self._watch.hold)

    @property
    def estimate(self) -> Estimate:
        """What the line is believed to carry."""
        return self._estimate

    @contextmanager
    def request(self, wanted: Wanted, wire: Wire) -> Iterator["_Ticket"]:
        """Ask for a request.

        Raises:
            HeldError: nothing may travel now, or not so much.
            ExhaustedError: the disk is full, broken or read-only.
        """
        with self.lock:
            promise = self._promise(wanted, wire)
            self._begin(wanted)
        ticket = _Ticket(self, promise, wanted)
        try:
            yield ticket
        finally:
            ticket.close()
            with self.lock:
                self._end(wanted)

    def largest(self, wire: Wire) -> int:
        """Give bytes of content that one request may ask for.

        Raises:
            HeldError: nothing may travel now.
            ExhaustedError: the disk is full, broken or read-only.
        """
        with self.lock:
            free = self._purse.free(self._budget(self.permitted()))
        if free is None:
            return largest_request(self._estimate, self._rate(), self._watch.pace)
        # Of a budget little is to be reserved in vain.
        most = largest_request(self._estimate, self._rate())
        return min(most, affordable(int(free / _WITH_LOSSES), wire, connect=True))

    def lead(self) -> int:
        """Give how many bytes before the end of an answer the next request is sent; 0 for after."""
        return lead_bytes(self._estimate)

    def round_trip(self, seconds: float) -> None:
        """Note how long a round trip takes."""
        with self.lock:
            # Behind another answer that is coming it is longer.
            if self._steady <= 1:
                self._estimate = with_round_trip(self._estimate, seconds)
                self._is_news = True

    def permitted(self) -> Rules:
        """Give what holds now; the caller holds the lock.

        Raises:
            HeldError: nothing may travel.
        """
        rules = self._rules.now()
        if rules.hold and not self._by_person:
            raise held(rules.hold, rules.until, self._rules.local, rules.today)
        if rules.today is not None and rules.today != self._today:
            self._purse.turn(rules.today, rules.settings.budget_day)
            self._today = rules.today
        return rules

    def more(self, content: int) -> Promise:
        """Promise bytes to an answer that is larger than was thought; the caller holds the lock.

        Raises:
            HeldError: the budget has no more.
        """
        rules = self.permitted()
        count = int(wire_bytes(content, Wire(), requests=0) * _WITH_LOSSES)
        promise = self._purse.promise(count, self._budget(rules))
        if promise is None:
            raise self._spent(rules)
        return promise

    def received(self, count: int) -> None:
        """Learn from bytes of a steady answer; the caller holds the lock."""
        self._learn(self._watch.came(self._monotonic(), count))

    def close(self) -> None:
        """Settle what was reserved, and keep what was learnt.

        Raises:
            ExhaustedError: the disk is full, broken or read-only.
        """
        # A request that was sent ahead may still hang in its connection.
        with self.lock:
            self._learn(self._watch.rest())
            if self._is_news:
                self._keep()
            if self._agent is not None:
                self._purse.settle()
                self._agent.close()
                self._agent = None

    def _begin(self, wanted: Wanted) -> None:
        self._steady += wanted.is_steady
        self._telling += wanted.tells_pace
        if wanted.tells_pace and self._telling == 1:
            self._watch.begin(self._monotonic())

    def _end(self, wanted: Wanted) -> None:
        self._steady -= wanted.is_steady
        self._telling -= wanted.tells_pace
        if not self._telling:
            self._watch.end()

    def _promise(self, wanted: Wanted, wire: Wire) -> Promise:
        rules = self.permitted()
        content = wanted.content if wanted.is_steady else min(wanted.content, _AT_FIRST)
        count = wire_bytes(max(1, content + wanted.sent), wire, requests=1)
        count = int((count + wire.connection * wanted.connects) * _WITH_LOSSES)
        budget = self._budget(rules)
        free = self._purse.free(budget)
        sent = wire_bytes(wanted.sent, wire, requests=0)
        least = _LEAST_BUDGET + sent + wire.connection * wanted.connects
        if free is not None and count > free >= least and not wanted.is_steady:
            # Most small files are much smaller than they might be.
            count = free
        promise = self._purse.promise(count, budget)
        if promise is None:
            raise self._spent(rules)
        return promise

    def _spent(self, rules: Rules) -> HeldError:
        return held("budget", rules.renews, self._rules.local)

    def _budget(self, rules: Rules) -> int | None:
        return None if self._by_person else rules.settings.budget

    def _rate(self) -> float | None:
        """Give the present cap, bytes of content a second; None for none."""
        with self.lock:
            rules = self._rules.now()
        known = self._estimate.rate if self._estimate.is_measured else None
        if rules.share >= 1 or self._by_person:
            rate: float | None = self.limit
        else:
            full = min((one for one in (known, self.limit) if one), default=None)
            rate = None if full is None else max(_SLOWEST, full * rules.share)
        return None if rate is None else rate * _CONTENT_SHARE

    def _learn(self, stretch: Stretch | None) -> None:
        if stretch is None:
            return
        self._estimate = with_rate(self._estimate, stretch.rate, held_back=stretch.held_back)
        self._keep()

    def _keep(self) -> None:
        mine, self._is_news = self._estimate, False
        # Whether the line is there is learnt elsewhere, meanwhile perhaps.
        self._open().learn(
            lambda kept: msgspec.structs.replace(kept, samples=mine.samples, latency=mine.latency)
        )

    def _open(self) -> AgentDatabase:
        if self._agent is None:
            self._agent = AgentDatabase(self._state)
        return self._agent

    @cached_property
    def _purse(self) -> Purse:
        return Purse(self._open())


class _Ticket:
    """What one request has moved."""

    def __init__(self, use: LineUse, promise: Promise, wanted: Wanted) -> None:
        self._use = use
        self._promise = promise
        self._is_steady = wanted.is_steady
        self._most = wanted.content

    def moved(self, received: int, sent: int) -> None:
        """Note bytes that have travelled."""
        with self._use.lock:
            self._promise.moved(received + sent)
            # The stopwatch passes over what comes while no answer tells of the line's pace.
            if self._is_steady and received:
                self._use.received(received)

    def expect(self, count: int) -> None:
        """Note how many bytes of content the answer says to have.

        Raises:
            HeldError: so many may not travel.
        """
        # Whatever it says: more is not read.
        count = min(count, self._most)
        with self._use.lock:
            if not self._is_steady and count > self._promise.left:
                self._renew(count)

    def check(self) -> None:
        """See whether more may travel.

        Raises:
            HeldError: it may not.
        """
        with self._use.lock:
            self._use.permitted()
            if not self._promise.left:
                self._renew(_AT_FIRST)

    def _renew(self, content: int) -> None:
        self._promise.close()
        self._promise = self._use.more(content)

    def close(self) -> None:
        """Let go of what was not used."""
        with self._use.lock:
            self._promise.close()
