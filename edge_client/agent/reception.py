"""Takes one worker's lines, and says how its run ended, also when it could not say so itself."""

import logging
import signal
from collections.abc import Callable
from typing import Final

from core.control import Wording, error_of
from core.errors import ExitCode, PackhorseError, RefusedError
from edge_client.agent.workers import Ending
from sync.events import Done, Event, Problem, Summary, Task, decode_event

_HUNG: Final[dict[Task, str]] = {
    "pull": "Fetching stopped: nothing was heard of it for too long.",
    "peers": "Fetching from other nodes stopped: nothing was heard of it for too long.",
    "upload": "Sending usage records stopped: nothing was heard of it for too long.",
    "import": "The import from the stick stopped: nothing was heard of it for too long.",
    "export": "The export to the stick stopped: nothing was heard of it for too long.",
    "enrol": "The enrolment stopped: nothing was heard of it for too long.",
    "enrol-setup": "The enrolment stopped: nothing was heard of it for too long.",
}
_CRASHED: Final[dict[Task, str]] = {
    "pull": "Fetching stopped unexpectedly ({ending}).",
    "peers": "Fetching from other nodes stopped unexpectedly ({ending}).",
    "upload": "Sending usage records stopped unexpectedly ({ending}).",
    "import": "The import from the stick stopped unexpectedly ({ending}).",
    "export": "The export to the stick stopped unexpectedly ({ending}).",
    "enrol": "The enrolment stopped unexpectedly ({ending}).",
    "enrol-setup": "The enrolment stopped unexpectedly ({ending}).",
}

logger = logging.getLogger("agent.worker")


class Reception:
    """The events of one run.

    Args:
        take: called with each event but the last.
    """

    def __init__(self, take: Callable[[Event], None]) -> None:
        self._take = take
        self._summary: Summary | None = None
        self._garbage = 0

    def line(self, line: bytes) -> None:
        """Take one line; one that is no event is left out, and told once."""
        try:
            event = decode_event(line)
        except RefusedError:
            self._garbage += 1
            if self._garbage == 1:
                logger.warning("the worker wrote a line that is no event; it is left out")
            return
        if isinstance(event, Done):
            self._summary = event.summary
        else:
            self._take(event)

    def summary(self, task: Task, ending: Ending) -> Summary:
        """Give what the worker said of its run, or what its end says."""
        return self._summary or crashed(task, ending)


def crashed(task: Task, ending: Ending) -> Summary:
    """Describe the end of a worker that could not say how it ended."""
    error = _CrashError(
        _HUNG[task] if ending.hung else _CRASHED[task],
        hint="It is tried again by itself. If this stays, send the node's log to your admin.",
        ending=_how(ending),
    )
    problem = Problem(
        kind="usage",
        text=str(error),
        hint=error.hint,
        template=error.template,
        hint_template=error.hint_template,
        fields={name: str(value) for name, value in error.fields.items()},
        exit_code=ExitCode.BUG,
    )
    return Summary(task=task, exit_code=ExitCode.BUG, problems=[problem])


def failure_of(summary: Summary) -> PackhorseError:
    """Give the error that ended a run, to be raised where it was asked for."""
    problems = summary.problems or crashed(summary.task, Ending(summary.exit_code)).problems
    return error_of(wording_of(problems[0]), summary.exit_code)


def wording_of(problem: Problem) -> Wording:
    """Give a problem's sentence for translation."""
    return Wording(
        template=problem.template or problem.text,
        hint=problem.hint_template or problem.hint,
        fields=problem.fields,
    )


class _CrashError(PackhorseError):
    """Only shown, never raised."""


def _how(ending: Ending) -> str:
    words = f": {ending.last_words}" if ending.last_words else ""
    if ending.exit_code >= 0:
        return f"exit code {ending.exit_code}{words}"
    try:
        return f"killed by {signal.Signals(-ending.exit_code).name}{words}"
    except ValueError:
        return f"killed by signal {-ending.exit_code}{words}"
