"""What a run of the worker is given: everything that reaches outside, so that tests can give it."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from cache.clock import Clock
from cache.state import StateDirectory
from core.errors import PackhorseError
from sync.events import Alive, Event, problem_of
from sync.line_use import LineUse
from sync.peers.company import NOBODY, Company
from sync.source import Source


@dataclass(frozen=True, kw_only=True)
class SyncContext:
    """The surroundings of one run.

    Attributes:
        state: the node's state directory; the caller holds the worker's lock.
        clock: the machine's clocks.
        emit: takes each event as it happens; must be quick.
        chance: gives a uniform random number in [0, 1), for jitter.
        sleep: waits for some seconds.
        packs: glob patterns of the pack ids that this node takes.
        line: the use of the line, which knows hours, switches and budget and counts what
            travels; None where nobody looks after these.
        disk_floor: bytes that stay free; None for the usual share.
        open_source: opens the upstream; None for the hub that the node is enrolled at.
        zone: name of the school's time zone; empty for the machine's.
        by_line: whether the upstream is reached by line: how that went says whether the line is
            up, and a tip that has not changed need not be read again.
        by_peers: whether other nodes of the network alone are turned to, and nothing travels by
            line.
        company: other nodes of the network, to which it may turn.
        poll_seconds: how long a pull goes on before it asks again what is published.
    """

    state: StateDirectory
    clock: Clock
    emit: Callable[[Event], None]
    chance: Callable[[], float]
    sleep: Callable[[float], None] = time.sleep
    packs: tuple[str, ...] = ("*",)
    line: LineUse | None = None
    disk_floor: int | None = None
    open_source: Callable[[], Source] | None = None
    zone: str = ""
    by_line: bool = True
    by_peers: bool = False
    company: Company = NOBODY
    poll_seconds: float = 900.0

    def alive(self) -> None:
        """Tell that the run goes on, though nothing else is to be told."""
        self.emit(Alive())

    def faltered(self, error: PackhorseError) -> None:
        """Tell that the line is away just now, though the run goes on."""
        if self.by_line:
            self.emit(problem_of(error))
