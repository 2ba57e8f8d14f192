"""``python -m edge_client.worker TASK --state DIR``: one piece of work, then the end.

    pull, upload              over the line
    peers                     from other nodes of the network alone
    import DIR, export DIR    a stick, or any directory
    enrol                     with the token on stdin, over the line
    enrol-setup FILE          from a setup file, without a line

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
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Final, NoReturn, get_args

from cache import durable
from cache.clock import Clock
from cache.school_clock import SchoolClock
from cache.state import StateDirectory
from core.errors import NoStateError, PackhorseError, UsageError
from core.token import MAX_TOKEN_CHARACTERS
from edge_client import config
from edge_client.allocator import return_memory_at_once
from edge_client.floor import read_floor
from edge_client.stick_paths import is_there
from sync.context import SyncContext
from sync.events import Done, Event, Summary, Task, encode_event, problem_of
from sync.line_rules import LineRules
from sync.line_use import LineUse
from sync.peers.company import Company, Search, nobody

_NAMES: Final[dict[Task, str]] = {
    "pull": "a pull",
    "peers": "a pull from other nodes",
    "upload": "an upload",
    "import": "an import from a stick",
    "export": "an export to a stick",
    "enrol": "an enrolment",
    "enrol-setup": "an enrolment",
}
_REPORTS: Final = ("pull", "upload", "import")
_ENROLS: Final = ("enrol", "enrol-setup")
_WITH_PLACE: Final = ("import", "export", "enrol-setup")
_SIGNAL_BASE: Final = 128


def main(arguments: Sequence[str]) -> int:
    """Do one task; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m edge_client.worker", description=__doc__)
    parser.add_argument("task", choices=get_args(Task))
    parser.add_argument("place", nargs="?", metavar="DIR|FILE", help="the stick, or setup file")
    parser.add_argument("--state", metavar="DIR", help="the node's state directory")
    parser.add_argument("--again", action="store_true", help="leave the present hub")
    options = parser.parse_args(arguments)
    task: Task = options.task
    if (options.place is None) == (task in _WITH_PLACE):
        parser.error(f"{task} takes {'one' if task in _WITH_PLACE else 'no'} DIR or FILE")
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr, force=True)
    # Every request would be told otherwise.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _stop)
    return_memory_at_once()
    state = StateDirectory(config.state_root(options.state).absolute())
    place = Path(options.place).absolute() if options.place else None
    try:
        return work(task, state, place, again=options.again)
    except PackhorseError as error:
        logging.getLogger("worker").error("%s %s", error, error.hint)  # noqa: TRY400 - a sentence
        problem = problem_of(error)
        emit(problem)
        emit(Done(summary=Summary(task=task, exit_code=error.exit_code, problems=[problem])))
        return error.exit_code


def work(
    task: Task, state: StateDirectory, place: Path | None = None, *, again: bool = False
) -> int:
    """Do one task on a node; return the exit code.

    Args:
        task: what to do.
        state: the node's state directory.
        place: the stick or setup file, for tasks that take one.
        again: enrol, though the node is enrolled elsewhere.

    Raises:
        AlreadyRunningError: another process changes this node's content.
        NoStateError: there is no node.
        PackhorseError: whatever stops the whole task.
    """
    # The codecs and the network take their time to load; a usage error should not wait for it.
    if place is not None:
        _check_place(task, place)
    if task in _ENROLS:
        state.create()
    elif not state.root.is_dir():
        raise NoStateError(
            "There is no node in {path}.",
            hint="Run `packhorse node enrol` with the token that your hub gave you.",
            path=str(state.root),
        )
    settings = config.load(state.root)
    with durable.lock(state.lock, _NAMES[task]), closing(_line(task, state, settings)) as line:
        run = _runner(task, place or state.root, again=again)
        context = SyncContext(
            state=state,
            clock=Clock(),
            emit=emit,
            chance=lambda: secrets.randbelow(1 << 30) / (1 << 30),
            packs=settings.packs,
            line=line,
            disk_floor=settings.disk_floor,
            zone=settings.time_zone,
            poll_seconds=settings.line_poll_minutes * 60,
            company=_company(settings),
        )
        if task in _REPORTS:
            return _with_report(context, run).exit_code
        return run(context).exit_code


def _company(settings: config.NodeConfig) -> Company:
    """Say whom this node may turn to beside its hub."""
    seek: Search = nobody
    if settings.is_among_peers:
        from sync.peers.search import search  # noqa: PLC0415 - as below

        seek = search
    parent = config.written(settings.parent) if settings.parent else ""
    return Company(tuple(map(config.written, settings.peers)), parent, seek)


def _line(task: Task, state: StateDirectory, settings: config.NodeConfig) -> LineUse:
    """Make the run's use of the line; a person waits for an enrolment, whatever the hour."""
    clock = Clock()
    school = SchoolClock(state, clock, zone=settings.time_zone)
    rules = LineRules(state, school, lambda: read_floor(state), clock.monotonic)
    return LineUse(
        state, rules, clock.monotonic, limit=settings.line_rate, by_person=task in _ENROLS
    )


def _with_report(context: SyncContext, run: Callable[[SyncContext], Summary]) -> Summary:
    """Do a task and tell the hub how this node is, before the task is told to be done."""
    from sync.report import send_report  # noqa: PLC0415 - as below

    summary = run(replace(context, emit=lambda one: None if isinstance(one, Done) else emit(one)))
    try:
        send_report(context, summary)
    except PackhorseError as error:
        # The task has ended as it has; the next report tells the hub as much.
        logging.getLogger("worker").info("no report was sent: %s", error)
    emit(Done(summary=summary))
    return summary


def emit(event: Event) -> None:
    """Write one event; when nobody reads any more, end."""
    try:
        sys.stdout.buffer.write(encode_event(event))
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        raise SystemExit(_SIGNAL_BASE + signal.SIGPIPE) from None


def _check_place(task: Task, place: Path) -> None:
    """Check that there is a directory to import from or export to.

    Raises:
        UsageError: there is none.
    """
    if task != "enrol-setup" and not is_there(place.is_dir):
        raise UsageError(
            "There is no folder {path}.",
            hint="Check that the stick is plugged in, and where it is: lsblk shows it.",
            path=str(place),
        )


def _runner(task: Task, place: Path, *, again: bool) -> Callable[[SyncContext], Summary]:
    """Load what a task needs; give what does it."""
    # Here, not above: these load tuf, the codecs and the network, each only what it needs.
    if task == "pull":
        from sync.pull import run_pull  # noqa: PLC0415

        return run_pull
    if task == "peers":
        from sync.pull import run_pull  # noqa: PLC0415

        return lambda context: run_pull(replace(context, by_peers=True))
    if task == "upload":
        from sync.upload import run_upload  # noqa: PLC0415

        return run_upload
    if task == "import":
        from sync.stick.importing import run_import  # noqa: PLC0415

        return lambda context: run_import(context, place)
    if task == "export":
        from sync.stick.export import run_export  # noqa: PLC0415

        return lambda context: run_export(context, place)
    return _enroller(task, place, again=again)


def _enroller(task: Task, place: Path, *, again: bool) -> Callable[[SyncContext], Summary]:
    from sync.enrol_run import run_enrol, run_enrol_setup  # noqa: PLC0415 - as above

    if task == "enrol-setup":
        return lambda context: run_enrol_setup(context, place, again=again)
    # Not as an argument: whoever lists processes would read the secret.
    text = sys.stdin.buffer.read(2 * MAX_TOKEN_CHARACTERS).decode("utf-8", "replace")
    return lambda context: run_enrol(context, text, again=again)


def _stop(number: int, _frame: object) -> NoReturn:
    raise SystemExit(_SIGNAL_BASE + number)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
