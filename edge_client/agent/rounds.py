"""The agent's work: rounds of poll, pull and upload, each in a worker process.

Rules:
    - One worker at a time. A worker that cannot be started, crashes, hangs or talks nonsense is a
      failure of that round, told in a sentence; the agent goes on.
    - A person's wish (``sync``) does not wait for the clock. It is a round of its own, since a
      pull that is running may have polled before what the person published; the report of it
      tells what the running one brought, too.
    - An errand (``errands``) does not wait for a round: the worker makes way, and begins again
      afterwards, where it stopped.
    - So it makes way for a teacher's wish that it does not know: what was wished comes first, and
      a pull may take a night. And for other settings of the line, which hold from then on.
    - While the line brings nothing, other nodes of the network are turned to.
    - Nothing but errands is started before the node is enrolled, nor while hours, switches or
      budget keep everything from travelling; a person who asks is told so by the worker.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from cache.clock import Clock
from core.control import Status
from core.errors import AlreadyRunningError, ExitCode, NoStateError, PackhorseError
from edge_client.agent.board import Board
from edge_client.agent.errands import Errand, Errands
from edge_client.agent.reception import Reception
from edge_client.agent.schedule import Job, Schedule
from edge_client.agent.workers import Ending, Worker
from edge_client.readings import Reader
from edge_client.report import RoundReport, report_of
from edge_client.wishes import Mark
from sync.events import Event, ItemReady, PackReady, Planned, Summary

_LOOK_SECONDS: Final = 10.0
_SHORTEST_LOOK_SECONDS: Final = 0.5
_ENROLMENT_SECONDS: Final = 1.0
_COMPANY_LOOK_SECONDS: Final = 5.0

logger = logging.getLogger("agent")


@dataclass(frozen=True, slots=True)
class Means:
    """What rounds are run with.

    Attributes:
        clock: the machine's clocks.
        command: gives a worker's program and arguments for an errand, or a round's task.
        chance: gives a uniform random number in [0, 1), for jitter.
        worker: makes a worker of a command and a receiver of lines.
        is_held: says whether nothing may travel by line now; reads files.
    """

    clock: Clock
    command: Callable[[Errand], Sequence[str]]
    chance: Callable[[], float]
    worker: Callable[[Sequence[str], Callable[[bytes], None]], Worker] = Worker
    is_held: Callable[[], bool] = lambda: False


class Rounds:
    """Runs rounds for ever, and answers for the control socket.

    Args:
        board: the picture that is kept current.
        reader: looks at the node's files.
        schedule: says when what is due.
        means: what rounds are run with.
    """

    def __init__(self, board: Board, reader: Reader, schedule: Schedule, means: Means) -> None:
        self._board = board
        self._reader = reader
        self._schedule = schedule
        self._means = means
        self._round = 0
        self._wished = self._hurried = False
        self._before: list[Summary] = []
        self._waiting: dict[int, asyncio.Future[RoundReport]] = {}
        self._wish = asyncio.Event()
        self._look = asyncio.Event()
        self._reading = asyncio.Lock()
        self._errands = Errands()
        self._heeded: frozenset[Mark] | None = None
        self._running: Job | None = None
        self._anew = asyncio.Event()

    async def run(self) -> None:
        """Work until cancelled; a running worker is stopped then."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._keep_looking())
            tasks.create_task(self._keep_working())
            tasks.create_task(self._keep_company())

    def status(self) -> Status:
        """Give the status at this moment."""
        return self._board.status()

    async def changed(self, seen: int) -> int:
        """Wait until the status is newer than ``seen``; give its number."""
        return await self._board.changed(seen)

    def look(self) -> None:
        """Look at the files again soon: something has changed them."""
        self._look.set()

    def sync(self) -> int:
        """Start a round as soon as none is running; give its number.

        Raises:
            NoStateError: the node is not enrolled.
        """
        if self._reader.enrolment() is None:
            raise NoStateError(
                "This machine is not enrolled yet.",
                hint="Run `packhorse node enrol` with the token that your hub gave you.",
            )
        self._wished = True
        self._wish.set()
        return self._round + 1

    def line_changed(self) -> None:
        """Let other settings of the line hold from now on."""
        if self._running is not None:
            self._anew.set()
        else:
            self.begin_soon()

    def begin_soon(self) -> None:
        """Begin a round, unless one runs or nothing may travel: what was not possible, is."""
        if self._running is None:
            self._hurried = True
            self._wish.set()

    def errand(self, errand: Errand) -> "asyncio.Future[Summary]":
        """Do something as soon as no other errand is being done; give what will hold its end.

        Raises:
            AlreadyRunningError: too many wait.
        """
        ended = self._errands.ask(errand)
        self._wish.set()
        return ended

    async def round_ended(self, number: int) -> RoundReport:
        """Wait for the end of a round; give how it ended."""
        loop = asyncio.get_running_loop()
        return await asyncio.shield(self._waiting.setdefault(number, loop.create_future()))

    async def _keep_looking(self) -> None:
        """Look at the files every ten seconds, and soon after a worker changed them."""
        while True:
            await self._read()
            with suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_SECONDS):
                    await self._look.wait()
            await asyncio.sleep(_SHORTEST_LOOK_SECONDS)

    async def _read(self) -> None:
        # One look after the other: an older one that took longer would undo a newer one.
        async with self._reading:
            self._look.clear()
            readings = await asyncio.to_thread(self._reader.read)
            self._board.read(readings)
            self._heed(readings.wished.open)

    def _heed(self, wishes: frozenset[Mark]) -> None:
        """Begin a round for wishes that are new; a pull that runs begins again with them."""
        # The first poll comes at once, and reads them all.
        new = wishes - self._heeded if self._heeded is not None else frozenset()
        self._heeded = wishes
        if not new:
            return
        logger.info("a teacher wishes %d more", len(new))
        if self._running == "pull":
            self._anew.set()
        else:
            self._wished = True
            self._wish.set()

    async def _keep_working(self) -> None:
        while True:
            await self._do_errands()
            if not await self._is_enrolled():
                await self._sleep(_ENROLMENT_SECONDS)
                continue
            now = await self._heed_line()
            if self._wished:
                self._wished = False
                self._schedule.ask(now)
            job = self._schedule.due(now, backlog=self._board.backlog)
            if job is None:
                await self._sleep(self._schedule.wait(now, backlog=self._board.backlog))
                continue
            await self._one_round(job)

    async def _keep_company(self) -> None:
        """Turn to other nodes now and then, while the line brings nothing."""
        while True:
            await asyncio.sleep(_COMPANY_LOOK_SECONDS)
            now = self._means.clock.monotonic()
            if self._running is not None or not self._schedule.company_is_due(now):
                continue
            if self._reader.enrolment() is not None:
                with suppress(AlreadyRunningError):
                    await self.errand(Errand("peers"))

    async def _heed_line(self) -> float:
        """See whether anything may travel; give the time."""
        try:
            held = await asyncio.to_thread(self._means.is_held)
        except PackhorseError as error:
            # The worker says what is wrong with the disk, and asks for nothing.
            logger.debug("nobody can say whether the line is held: %s", error)
            held = self._schedule.is_held
        now = self._means.clock.monotonic()
        self._schedule.heed(now, self._means.chance(), held=held)
        if self._hurried:
            self._hurried = False
            self._schedule.hurry(now)
        return now

    async def _is_enrolled(self) -> bool:
        """Say whether there is an identity; enrolling writes it, here or in a command."""
        if self._reader.enrolment() is None:
            self._board.wait_for_enrolment()
            return False
        if self._board.enrolment is None:
            await self._read()
        self._board.enrolled()
        return True

    async def _sleep(self, seconds: float) -> None:
        """Sleep until then, or until someone wishes; but look up now and then at the backlog."""
        with suppress(TimeoutError):
            async with asyncio.timeout(min(seconds, _LOOK_SECONDS)):
                await self._wish.wait()
        self._wish.clear()

    async def _one_round(self, job: Job) -> None:
        self._round += 1
        runs = await self._run(job)
        if job == "pull" and self._upload_is_due():
            runs += await self._run("upload")
        waiting = self._waiting.pop(self._round, None)
        if waiting is not None:
            waiting.set_result(report_of(runs, self._before))
        self._before = runs if self._wished else []

    def _upload_is_due(self) -> bool:
        now = self._means.clock.monotonic()
        return self._schedule.due(now, backlog=self._board.backlog) == "upload"

    async def _run(self, job: Job) -> list[Summary]:
        """Run a worker to its end; give how it ended, nothing when it may not go on."""
        while (summary := await self._unless_errand(job)) is None:
            await self._do_errands()
            await self._heed_line()
            if self._schedule.is_held and not self._schedule.is_asked:
                self._board.rest()
                return []
        now = self._means.clock.monotonic()
        note = self._schedule.polled if job == "pull" else self._schedule.uploaded
        note(now, outcome(summary), self._means.chance(), summary.retry_after)
        await self._end(summary)
        return [summary]

    async def _unless_errand(self, job: Job) -> Summary | None:
        """Run a worker to its end; when something comes before it, stop it and give None."""
        self._anew.clear()
        self._running = job
        work = asyncio.create_task(self._work(Errand(job)))
        errand = asyncio.create_task(self._errands.wanted())
        anew = asyncio.create_task(self._anew.wait())
        try:
            await asyncio.wait({work, errand, anew}, return_when=asyncio.FIRST_COMPLETED)
            if work.done():
                return work.result()
            logger.info("%s makes way", job)
            return None
        finally:
            self._running = None
            errand.cancel()
            anew.cancel()
            # Waited for, so that no worker is left behind.
            work.cancel()
            await asyncio.wait({work})

    async def _do_errands(self) -> None:
        """Do all errands that wait."""
        while (found := self._errands.take()) is not None:
            errand, ended = found
            try:
                summary = await self._work(errand)
                await self._end(summary)
            except asyncio.CancelledError:
                ended.cancel()
                raise
            if summary.enrolled is not None:
                self._schedule.ask(self._means.clock.monotonic())
            if not ended.done():
                ended.set_result(summary)

    async def _work(self, errand: Errand) -> Summary:
        """Run a worker to its end; give how it ended."""
        reception = Reception(self._take)
        self._board.begin(errand.task)
        logger.info("%s starts", errand.task)
        worker = self._means.worker(self._means.command(errand), reception.line)
        try:
            ending = await worker.run(errand.given)
        # No memory for a moment, say.
        except OSError as error:
            ending = Ending(ExitCode.BUG, last_words=error.strerror or str(error))
        return reception.summary(errand.task, ending)

    async def _end(self, summary: Summary) -> None:
        # First what the worker changed: idle while a pack still seems to miss its bytes is untrue.
        await self._read()
        now = self._means.clock.monotonic()
        if summary.task in {"pull", "peers"}:
            self._schedule.joined(now, waits=summary.hold == "peer")
        self._board.end(summary, next_try=self._schedule.next_poll - now)
        narrate(summary)

    def _take(self, event: Event) -> None:
        # The catalogue changes then; what is planned is in it from the first bytes on.
        if isinstance(event, Planned | ItemReady | PackReady) or self._board.begins(event):
            self._look.set()
        self._board.take(event)


def outcome(summary: Summary) -> int:
    """Say what a run's end means for the next try: of a part that failed, whether it may help."""
    if summary.exit_code != ExitCode.PARTIAL or not summary.problems:
        return summary.exit_code
    codes = [problem.exit_code for problem in summary.problems]
    return ExitCode.OFFLINE if ExitCode.OFFLINE in codes else codes[0]


def narrate(summary: Summary) -> None:
    """Say in the log how a run ended."""
    if summary.exit_code == ExitCode.DONE:
        logger.info("%s ended well", summary.task)
    for pack in summary.removed:
        logger.info("%s made room: nobody assigns it here any more", pack)
    for problem in summary.problems:
        logger.warning("%s: %s %s", summary.task, problem.text, problem.hint)
