"""``python -m edge_client.agent --state DIR``: the resident agent of one node."""

import argparse
import asyncio
import logging
import secrets
import signal
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from cache import durable
from cache.clock import Clock
from cache.state import StateDirectory
from core.control import SOCKET_NAME
from core.errors import PackhorseError
from edge_client import config, notify
from edge_client.addresses import portal_address
from edge_client.agent import examining, line, people, usage
from edge_client.agent.board import Board
from edge_client.agent.carrying import Carrying
from edge_client.agent.errands import Errand
from edge_client.agent.planning import Planning
from edge_client.agent.rounds import Means, Rounds
from edge_client.agent.schedule import Schedule
from edge_client.agent.server import serving
from edge_client.agent.surroundings import keep_looking
from edge_client.agent.timekeeping import Timekeeper
from edge_client.config import NodeConfig
from edge_client.parts import put_together
from edge_client.readings import Reader
from sync.line_rules import LineRules

_MINUTE = 60.0


def main(arguments: Sequence[str]) -> int:
    """Run the agent until SIGTERM; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m edge_client.agent", description=__doc__)
    parser.add_argument("--state", metavar="DIR", help="the node's state directory")
    root = config.state_root(parser.parse_args(arguments).state).absolute()
    logging.basicConfig(
        level=logging.INFO, format="%(name)s: %(message)s", stream=sys.stderr, force=True
    )
    state = StateDirectory(root)
    try:
        settings = config.load(root)
        durable.make_directory(root, mode=0o770)
        with durable.lock(root / "agent.lock", "the node's agent"):
            asyncio.run(serve(state, settings))
    except PackhorseError as error:
        logging.getLogger("agent").error("%s %s", error, error.hint)  # noqa: TRY400 - a sentence
        return error.exit_code
    return 0


async def serve(state: StateDirectory, settings: NodeConfig) -> None:
    """Work and answer until SIGTERM or SIGINT."""
    agent = Agent(state, settings, Clock())
    async with serving(state.root / SOCKET_NAME, agent.rounds, agent.methods), notify.alive():
        work = asyncio.create_task(agent.run())
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, work.cancel)
        logging.getLogger("agent").info("ready in %s", state.root)
        try:
            await work
        except asyncio.CancelledError:
            logging.getLogger("agent").info("stopped")


class Agent:
    """The parts of the agent, put together.

    Args:
        state: the node's state directory.
        settings: what the operator has set.
        clock: the machine's clocks.

    Raises:
        UsageError: the configuration names a time zone that is not there.
    """

    def __init__(self, state: StateDirectory, settings: NodeConfig, clock: Clock) -> None:
        parts = put_together(state, settings, clock)
        school, planned = parts.school, parts.planned
        reader = Reader(state, disk_floor=settings.disk_floor, school=school)
        board = Board(
            clock,
            portal=portal_address(settings.portal_listen),
            school_time=school.local,
            software=version("packhorse"),
        )
        self._board, self._settings = board, settings
        self._planning = Planning(
            planned,
            board,
            clock,
            forecast=state.forecast,
            offset=lambda: school.local(reader.floor()).offset,
        )
        self._timekeeper = Timekeeper(school, reader.floor, self._time_is_other)
        rules = LineRules(state, school, reader.floor, clock.monotonic, seconds=0)
        self.rounds = Rounds(
            board,
            reader,
            Schedule(settings.line_poll_minutes * _MINUTE, has_company=settings.has_company),
            Means(
                clock,
                command=lambda errand: worker_command(errand, state.root),
                chance=lambda: secrets.randbelow(1 << 30) / (1 << 30),
                is_held=lambda: bool(rules.now().hold),
            ),
        )
        today, look = self._timekeeper.today, self.rounds.look
        self.methods = {
            **people.methods(clock, state, today=today, changed=look),
            **self._timekeeper.methods(clock),
            **usage.methods(clock, state, school, reader.floor),
            **examining.methods(clock, state),
            **line.methods(
                clock,
                state,
                school,
                planned,
                known=self._planning.known,
                changed=self._line_is_other,
            ),
            **Carrying(state, settings.stick_places, self.rounds.errand).methods(clock),
        }

    def _time_is_other(self) -> None:
        """Let a time that a person has confirmed be seen, and hold for whatever runs, too."""
        self._board.touch()
        self._line_is_other()

    def _line_is_other(self) -> None:
        """Let other settings of the line hold from now on."""
        self.rounds.line_changed()
        self._planning.wake()

    async def run(self) -> None:
        """Work until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.rounds.run())
            tasks.create_task(self._planning.run())
            tasks.create_task(self._timekeeper.run())
            tasks.create_task(
                keep_looking(
                    self._board,
                    self._settings.portal_listen,
                    self._settings.stick_places,
                    self.rounds.begin_soon,
                )
            )


def worker_command(errand: Errand, root: Path) -> list[str]:
    """Give program and arguments of a worker."""
    program = [sys.executable, "-m", "edge_client.worker", errand.task]
    return [*program, *errand.arguments, "--state", str(root)]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
