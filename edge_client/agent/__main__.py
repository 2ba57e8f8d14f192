"""``python -m edge_client.agent --state DIR``: the resident agent of one node."""

import argparse
import asyncio
import logging
import secrets
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from cache import durable
from cache.clock import Clock
from cache.state import StateDirectory
from core.control import SOCKET_NAME
from core.errors import PackhorseError
from edge_client import config, notify
from edge_client.addresses import portal_address
from edge_client.agent.board import Board
from edge_client.agent.rounds import Means, Rounds
from edge_client.agent.schedule import Job, Schedule
from edge_client.agent.server import serving
from edge_client.config import NodeConfig
from edge_client.readings import Reader

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
    clock = Clock()
    rounds = Rounds(
        Board(clock, portal=portal_address(settings.portal_listen)),
        Reader(state, disk_floor=settings.disk_floor),
        Schedule(settings.line_poll_minutes * _MINUTE),
        Means(
            clock,
            command=lambda job: worker_command(job, state.root),
            chance=lambda: secrets.randbelow(1 << 30) / (1 << 30),
        ),
    )
    async with serving(state.root / SOCKET_NAME, rounds), notify.alive():
        work = asyncio.create_task(rounds.run())
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, work.cancel)
        logging.getLogger("agent").info("ready in %s", state.root)
        try:
            await work
        except asyncio.CancelledError:
            logging.getLogger("agent").info("stopped")


def worker_command(job: Job, root: Path) -> list[str]:
    """Give program and arguments of a worker."""
    return [sys.executable, "-m", "edge_client.worker", job, "--state", str(root)]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
