"""Runs a worker from a command, when no agent is there to do it."""

import subprocess
import sys
from collections.abc import Generator, Sequence
from contextlib import suppress

from cache.state import StateDirectory
from core.control import Status
from edge_client.agent.board import Board
from edge_client.agent.reception import Reception
from edge_client.agent.workers import Ending
from sync.events import Summary, Task

_STOP_SECONDS = 15.0


def run_worker(
    task: Task,
    where: StateDirectory,
    board: Board,
    arguments: Sequence[str] = (),
    given: bytes = b"",
) -> Generator[Status, None, Summary]:
    """Run one task to its end; give a status at every event, and the summary at last.

    Ended early (Ctrl-C), it stops the worker first.

    Args:
        task: what to do.
        where: the node's state directory.
        board: makes the statuses.
        arguments: more of the worker's command line.
        given: what the worker reads from its standard input; a few kilobytes.
    """
    reception = Reception(board.take)
    command = [sys.executable, "-m", "edge_client.worker", task, *arguments]
    process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
        [*command, "--state", str(where.root)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        if process.stdin is not None:
            with suppress(BrokenPipeError), process.stdin as pipe:
                pipe.write(given)
        for line in process.stdout or ():
            reception.line(line)
            yield board.status()
        return reception.summary(task, Ending(process.wait()))
    finally:
        if process.stdout is not None:
            process.stdout.close()
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
