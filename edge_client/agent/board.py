"""The agent's picture of the node: events and readings in, ``Status`` out.

Rules:
    - No I/O: the agent hands in what it has read and received. Ages are counted on the monotonic
      clock from the moment when they were read, so that a clock that jumps cannot change them.
    - Every change has a number, so that watchers can wait for the next one.
"""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import msgspec

from cache.clock import Clock
from cache.school_clock import LocalTime
from cache.space import nearly_full
from core.control import Activity, LineState, Status, Transfer, WishStatus
from core.control_line import MOST_TOLD, LineReport, bounded
from core.errors import ExitCode, UnavailableError
from core.expiry import expiry_problems
from core.plan.model import Plan
from core.trusted_time import format_moment, trusted_now
from edge_client.agent.pace import Pace
from edge_client.agent.reception import wording_of
from edge_client.readings import Enrolment, Readings, age
from sync import events
from sync.events import Event, Problem, Summary

_NOT_ENROLLED: Final = Problem(
    kind="usage",
    text="This machine is not enrolled yet.",
    hint="Run `packhorse node enrol` with the token that your hub gave you.",
    template="This machine is not enrolled yet.",
    hint_template="Run `packhorse node enrol` with the token that your hub gave you.",
    exit_code=ExitCode.NO_STATE,
)
_NO_LINK: Final = events.problem_of(
    UnavailableError(
        "This machine is connected to no network.",
        hint="Plug in its network cable, or look at the Wi-Fi or the modem.",
    )
)
_NEVER: Final = -1e9
_ROUNDS: Final = {"pull", "upload"}
_BY_LINE: Final = {*_ROUNDS, "enrol"}


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is outside the node's files.

    Attributes:
        addresses: under which the school's devices reach the portal, best first.
        sticks: how many sticks are plugged in.
        is_linked: whether there may be a way to the hub at all.
    """

    addresses: list[str] = field(default_factory=list)
    sticks: int = 0
    is_linked: bool = True


class Board:
    """What is known, and since when.

    Args:
        clock: the machine's clocks.
        portal: address of the portal.
        school_time: gives what the school's clock shows, from a moment that has certainly passed.
        software: this Packhorse's version.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        portal: str = "",
        school_time: Callable[[datetime], LocalTime] = lambda _: LocalTime("", known=False),
        software: str = "",
    ) -> None:
        self._clock = clock
        self._portal = portal
        self._school_time = school_time
        self._software = software
        self._around = Surroundings([portal] if portal else [])
        self._number = 0
        self._news = asyncio.Event()
        self._readings = Readings()
        self._read_at = clock.monotonic()
        self._contact_at: float | None = None
        self._down_at = 0.0
        self._line: LineState = "unknown"
        self._reason: Problem | None = None
        self._activity: Activity = "idle"
        self._next_try = _NEVER
        self._transfer: Transfer | None = None
        self._pace = Pace()
        self._uploading: int | None = None
        self._by_line = True
        self._problems: dict[str, list[Problem]] = {}
        self._plan: Plan | None = None
        self._report = LineReport()

    @property
    def enrolment(self) -> Enrolment | None:
        """Who the node is, as last read."""
        return self._readings.enrolment

    @property
    def is_up(self) -> bool | None:
        """Whether the line is there; None while this agent has not tried it."""
        return None if self._line == "unknown" else self._line == "up"

    @property
    def silence(self) -> float | None:
        """Seconds since the hub last answered; None for never."""
        if self._contact_at is None:
            return None
        return max(0.0, self._clock.monotonic() - self._contact_at)

    @property
    def down_for(self) -> float:
        """Seconds since this agent found that the line is down; 0 while it is not."""
        return self._clock.monotonic() - self._down_at if self._line == "down" else 0.0

    @property
    def stir(self) -> tuple[bool | None, bool]:
        """What is a reason to plan anew: whether the line is there, and whether a worker works."""
        return self.is_up, self._activity in {"idle", "waiting"}

    @property
    def backlog(self) -> int:
        """Statements not yet acknowledged, as last read."""
        return self._readings.backlog.count

    def read(self, readings: Readings) -> None:
        """Take a new look at the files."""
        first = self._contact_at is None and self._line == "unknown"
        same = readings == self._readings
        self._readings = readings
        self._read_at = self._clock.monotonic()
        since = age(self._clock, readings.contact.answered)
        if first and since is not None:
            self._contact_at = self._read_at - since
        if not same:
            self._change()

    def take(self, event: Event) -> None:
        """Take an event of the worker."""
        match event:
            case events.Checking():
                self._activity = "checking"
            case events.Contact():
                self._answered()
            case events.Exporting():
                self._activity = "uploading"
            case events.Planned() | events.Fetching():
                self._fetch(event)
            case events.Uploading():
                self._activity, self._uploading = "uploading", event.backlog
            case events.Problem(kind="unavailable", pack="") if self._by_line:
                self._goes_down(event)
            case _:
                return
        self._change()

    def look_around(self, around: Surroundings) -> None:
        """Take a new look at what is outside the node's files."""
        if around == self._around:
            return
        before, self._around = self._around, around
        if before.is_linked and not around.is_linked:
            self._goes_down(_NO_LINK)
        elif around.is_linked and self._reason == _NO_LINK:
            self._line, self._reason = "unknown", None
        self._change()

    def planned(self, plan: Plan, report: LineReport) -> None:
        """Take a new plan, and how the line stands."""
        if (plan, report) != (self._plan, self._report):
            self._plan, self._report = plan, report
            self._change()

    def touch(self) -> None:
        """Let watchers know that the status is another, though nothing was read or received."""
        self._change()

    def begins(self, event: Event) -> bool:
        """Say whether the first bytes of a version have come."""
        return (
            isinstance(event, events.Fetching)
            and self._transfer is not None
            and not self._transfer.done
        )

    def begin(self, task: events.Task) -> None:
        """Note that a worker starts."""
        self._activity = "uploading" if task in {"upload", "export"} else "checking"
        self._by_line = task in _BY_LINE
        # Of a worker that made way for this one.
        self._transfer, self._uploading = None, None
        self._next_try = _NEVER
        self._pace = Pace()
        self._change()

    def end(self, summary: Summary, *, next_try: float) -> None:
        """Note how a worker ended, and in how many seconds the next poll comes."""
        if summary.task in _ROUNDS:
            self._note(summary)
        self._activity, self._transfer, self._uploading = "idle", None, None
        self._next_try = self._clock.monotonic() + next_try
        self._change()

    def rest(self) -> None:
        """Note that a worker was stopped, since nothing may travel any more."""
        self._activity, self._transfer, self._uploading = "idle", None, None
        self._next_try = _NEVER
        self._change()

    def _note(self, summary: Summary) -> None:
        """Keep what a round's run says of line and node; an errand's end is its caller's."""
        # Another worker at work, such as a killed agent's, is no trouble of the node.
        lasting = [
            problem
            for problem in summary.problems
            if not _of_the_line(problem) and problem.exit_code != ExitCode.ALREADY_RUNNING
        ]
        passing = [problem for problem in summary.problems if _of_the_line(problem)]
        self._problems[summary.task] = lasting
        if passing:
            self._goes_down(passing[-1])
        elif summary.reached:
            self._line, self._reason = "up", None

    def wait_for_enrolment(self) -> None:
        """Note that nothing can be done before enrolment."""
        if self._reason != _NOT_ENROLLED or self._activity != "waiting":
            self._activity, self._reason = "waiting", _NOT_ENROLLED
            self._next_try = _NEVER
            self._change()

    def enrolled(self) -> None:
        """Note that enrolment is done."""
        if self._reason == _NOT_ENROLLED:
            self._activity, self._reason = "idle", None
            self._change()

    async def changed(self, seen: int) -> int:
        """Wait until there is something newer than ``seen``; give its number."""
        while self._number <= seen:
            await self._news.wait()
        return self._number

    def status(self) -> Status:
        """Give the picture at this moment."""
        now = self._clock.monotonic()
        readings = self._readings
        enrolment = readings.enrolment or Enrolment()
        trusted, verified = trusted_now(
            readings.floor, self._clock.wall(), synchronised=self._clock.synchronised()
        )
        standing = self._standing(trusted)
        problems = [*standing, *(p for some in self._problems.values() for p in some)]
        oldest = age(self._clock, readings.backlog.oldest)
        school_time = self._school_time(readings.floor)
        return Status(
            node=enrolment.node,
            school=enrolment.school,
            hub=enrolment.url,
            line="paused" if self._report.settings.paused else self._line,
            activity=self._activity,
            reason=self._reason.text if self._reason else "",
            reason_wording=wording_of(self._reason) if self._reason else None,
            last_contact=self.silence,
            next_try=max(0.0, self._next_try - now) if self._next_try > _NEVER else None,
            packs=readings.packs,
            transfer=self._transfer,
            disk_total=readings.disk.total,
            disk_free=readings.disk.free,
            disk_floor=readings.disk.floor,
            backlog=readings.backlog.count if self._uploading is None else self._uploading,
            backlog_oldest=oldest,
            clock_verified=verified,
            trusted_time=format_moment(trusted),
            portal=self._around.addresses[0] if self._around.addresses else self._portal,
            problems=[problem.text for problem in problems],
            problem_wordings=[wording_of(problem) for problem in problems],
            pending=enrolment.pending,
            school_name=readings.names.school or enrolment.name,
            node_name=readings.names.node,
            addresses=self._around.addresses,
            school_time=school_time.text,
            school_time_known=school_time.known,
            school_offset=school_time.offset,
            software=self._software,
            sticks=self._around.sticks,
            wishes=[self._wish(one) for one in readings.wished.told],
            channels=readings.channels,
            plan=self._plan and bounded(self._plan, MOST_TOLD),
            line_settings=self._report.settings,
            ledger=self._report.ledger,
            line_rate=self._report.estimate.rate if self._report.estimate.is_measured else 0.0,
        )

    def _fetch(self, event: events.Planned | events.Fetching) -> None:
        done, item = (event.done, event.item) if isinstance(event, events.Fetching) else (0, "")
        if done:
            self._answered()
        self._activity = "fetching"
        self._pace.observe(self._clock.monotonic(), done)
        self._transfer = Transfer(
            pack=event.pack,
            title=event.title,
            version=event.version,
            done=done,
            total=event.total,
            rate=self._pace.rate,
            seconds_left=self._pace.seconds_left(event.total),
            item=item,
        )

    def _wish(self, one: WishStatus) -> WishStatus:
        """Say that a wish is being fetched, if it is."""
        transfer = self._transfer
        if one.state != "waiting" or transfer is None:
            return one
        comes = (transfer.pack, transfer.item) == (one.pack, one.item)
        return msgspec.structs.replace(one, state="fetching") if comes else one

    def _goes_down(self, reason: Problem) -> None:
        if self._line != "down":
            self._down_at = self._clock.monotonic()
        self._line, self._reason = "down", reason

    def _answered(self) -> None:
        if not self._by_line:
            return
        self._line, self._reason = "up", None
        self._contact_at = self._clock.monotonic()

    def _standing(self, trusted: datetime) -> Iterable[Problem]:
        """Problems that are seen in the readings."""
        full = nearly_full(self._readings.disk)
        if full is not None:
            yield events.problem_of(full)
        yield from map(events.problem_of, self._readings.problems)
        yield from map(events.problem_of, expiry_problems(self._readings.expiries, trusted))

    def _change(self) -> None:
        self._number += 1
        self._news.set()
        self._news = asyncio.Event()


def _of_the_line(problem: Problem) -> bool:
    """Say whether a problem means that the line is down; that of one pack does not."""
    return problem.kind == "unavailable" and not problem.pack
