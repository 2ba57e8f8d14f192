"""``python -m edge_client.worker pull|upload --state DIR``: one piece of work, then the end.

Rules:
    - This is the only place where sync is given its clock, state directory and source.
    - stdout carries events (``sync.events``), one JSON line each, the last one ``Done``; stderr
      narrates. The exit code is the summary's.
    - One worker at a time, under the lock of whoever changes content.
    - SIGTERM ends it in good order; so does a reader of its events that has gone, since a worker
      that nobody follows would hold the lock against its successor.
"""

import argparse
import logging
import secrets
import signal
import sys
from collections.abc import Callable, Sequence
from typing import Final, NoReturn

from cache import durable
from cache.clock import Clock
from cache.state import StateDirectory
from core.errors import NoStateError, PackhorseError
from edge_client import config
from sync.context import SyncContext
from sync.events import Done, Event, Summary, Task, encode_event, problem_of

_NAMES: Final = {"pull": "a pull", "upload": "an upload"}
_SIGNAL_BASE: Final = 128


def main(arguments: Sequence[str]) -> int:
    """Do one task; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m edge_client.worker", description=__doc__)
    parser.add_argument("task", choices=["pull", "upload"])
    parser.add_argument("--state", metavar="DIR", help="the node's state directory")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr, force=True)
    # Every request would be told otherwise.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _stop)
    task: Task = options.task
    try:
        return work(task, StateDirectory(config.state_root(options.state).absolute()))
    except PackhorseError as error:
        logging.getLogger("worker").error("%s %s", error, error.hint)  # noqa: TRY400 - a sentence
        problem = problem_of(error)
        emit(problem)
        emit(Done(summary=Summary(task=task, exit_code=error.exit_code, problems=[problem])))
        return error.exit_code


def work(task: Task, state: StateDirectory) -> int:
    """Do one task on a node; return the exit code.

    Raises:
        AlreadyRunningError: another process changes this node's content.
        NoStateError: there is no node.
        PackhorseError: whatever stops the whole task.
    """
    # The codecs and the network take their time to load; a usage error should not wait for it.
    if not state.root.is_dir():
        raise NoStateError(
            "There is no node in {path}.",
            hint="Run `packhorse node enrol` with the token that your hub gave you.",
            path=str(state.root),
        )
    settings = config.load(state.root)
    with durable.lock(state.lock, _NAMES[task]):
        run = _runner(task)
        context = SyncContext(
            state=state,
            clock=Clock(),
            emit=emit,
            chance=lambda: secrets.randbelow(1 << 30) / (1 << 30),
            packs=settings.packs,
            rate=settings.line_rate,
            disk_floor=settings.disk_floor,
        )
        return run(context).exit_code


def emit(event: Event) -> None:
    """Write one event; when nobody reads any more, end."""
    try:
        sys.stdout.buffer.write(encode_event(event))
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        raise SystemExit(_SIGNAL_BASE + signal.SIGPIPE) from None


def _runner(task: Task) -> Callable[[SyncContext], Summary]:
    if task == "pull":
        from sync.pull import run_pull  # noqa: PLC0415 - loads tuf and the codecs

        return run_pull
    from sync.upload import run_upload  # noqa: PLC0415 - loads the network

    return run_upload


def _stop(number: int, _frame: object) -> NoReturn:
    raise SystemExit(_SIGNAL_BASE + number)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
