"""A node's line in tests: rules and use with a clock that tests move, and settings."""

from contextlib import closing
from pathlib import Path

from cache.agent_reader import AgentReader
from cache.line_settings import write_line_settings
from cache.school_clock import SchoolClock
from core.line.ledger import Ledger
from core.line.settings import LineSettings
from core.trusted_time import BUILD_DATE, parse_moment
from sync.http_client import HttpClient
from sync.http_source import HttpSource
from sync.line_rules import LineRules
from sync.line_use import LineUse
from sync.patience import Patience, Timing
from sync.tls import unused
from tests.support.clock import FixedClock
from tests.support.nodes import make_state

ALWAYS = (100,) * 168
_FLOOR = parse_moment(BUILD_DATE)


class Line:
    """One node's line.

    Attributes:
        slept: the pauses that were made, seconds; the clock moved on, nothing really slept.
    """

    def __init__(self, path: Path) -> None:
        self.state = make_state(path)
        self.clock = FixedClock()
        self.slept: list[float] = []
        self.set(week=ALWAYS)

    def set(self, **settings: object) -> None:
        """Set what the technician may set, all of it anew."""
        write_line_settings(self.state.line_settings, LineSettings(**settings))  # type: ignore[arg-type]

    def rules(self) -> LineRules:
        """Look at the rules."""
        school = SchoolClock(self.state, self.clock)
        return LineRules(self.state, school, lambda: _FLOOR, self.clock.monotonic)

    def use(self, *, limit: int | None = None, by_person: bool = False) -> LineUse:
        """Begin a run's use."""
        return LineUse(
            self.state, self.rules(), self.clock.monotonic, limit=limit, by_person=by_person
        )

    def source(self, url: str, use: LineUse) -> HttpSource:
        """Open a web server as a source."""
        patience = Patience(connect=60, gap=60, stretch=30, least_rate=1)
        timing = Timing(self.clock.monotonic, self._sleep, patience, cap=use.cap)
        return HttpSource(HttpClient(url, unused(), timing, use))

    def fetch(self, url: str, use: LineUse, start: int = 0, stop: int = 100_000) -> bytes:
        """Fetch a part of ``file``."""
        with closing(self.source(url, use)) as source:
            return b"".join(source.open_range("file", start, stop))

    def ledger(self) -> Ledger:
        """Give what is counted."""
        return AgentReader(self.state.agent).ledger()

    def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.clock.advance(seconds)
