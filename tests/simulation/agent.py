"""A simulated agent: rounds of poll, pull and upload by the real schedule."""

from collections.abc import Callable
from contextlib import suppress
from typing import Final

from core.errors import ExhaustedError, ExitCode
from edge_client.agent.schedule import Job, Schedule
from sync.pull.drive import drive
from sync.pull.retry import Persistence
from sync.source import SourceError
from tests.simulation.hands import SimulatedHands
from tests.simulation.node import Node
from tests.simulation.world import MakeWayError, PowerCutError, WeekOverError

_LOOK_SECONDS: Final = 600.0


class Agent:
    """Runs a node until the week is over.

    Args:
        node: what survives.
    """

    def __init__(self, node: Node) -> None:
        self._node = node
        self._world = node.world
        self._rounds = 0

    def run(self) -> None:
        """Run until the week is over, through every power cut."""
        with suppress(WeekOverError):
            while True:
                self._until_the_power_fails()
        self._node.watch.look(self._node.disk)
        self._node.watch.look_at_statements(self._node.outbox)

    def _until_the_power_fails(self) -> None:
        try:
            self._node.boot()
            self._work()
        except PowerCutError:
            self._world.has_worker = False
            self._node.watch.note("power cut")
            self._node.lose_power()
            self._world.wait_for_power()

    def _work(self) -> None:
        """Work until the power fails or the week is over."""
        world, node = self._world, self._node
        schedule = Schedule(world.scenario.poll_seconds, next_poll=world.now)
        while True:
            backlog = node.outbox.backlog()
            job = schedule.due(world.now, backlog=backlog)
            if job is None or not node.channel.share():
                wait = schedule.wait(world.now, backlog=backlog) if job is None else _LOOK_SECONDS
                world.advance(world.now + max(1.0, min(wait, _LOOK_SECONDS)))
                continue
            self._round(schedule, job)

    def _round(self, schedule: Schedule, job: Job) -> None:
        """Run a worker to its end, and note how it ended."""
        world, node = self._world, self._node
        work = self._pull if job == "pull" else self._upload
        world.has_worker = True
        node.channel.begin()
        try:
            code = self._outcome(work)
        except MakeWayError:
            node.watch.note("made way")
            node.channel.end(is_killed=True)
            schedule.ask(world.now)
            return
        finally:
            world.has_worker = False
        note = schedule.polled if job == "pull" else schedule.uploaded
        note(world.now, code, node.chance.random())
        node.channel.end()

    def _outcome(self, work: Callable[[SimulatedHands], None]) -> ExitCode:
        node = self._node
        persistence = Persistence(
            node.chance.random,
            lambda seconds: self._world.advance(self._world.now + seconds),
            _calm,
        )
        try:
            work(SimulatedHands(node, persistence))
        except SourceError:
            node.fail()
            node.watch.note("line failed")
            return ExitCode.OFFLINE
        except ExhaustedError:
            node.watch.note("exhausted")
            return ExitCode.EXHAUSTED
        return ExitCode.DONE

    def _pull(self, hands: SimulatedHands) -> None:
        """Poll, then do what the plan begins with, until it begins with nothing."""
        hands.poll()
        drive(hands, self._node.make)

    @staticmethod
    def _upload(hands: SimulatedHands) -> None:
        hands.upload()


def _calm() -> None:
    """Nobody watches."""
