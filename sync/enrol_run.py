"""Enrolment as a task of the worker: with events, and a summary at its end."""

from pathlib import Path

from cache.agent_db import AgentDatabase
from core.control_calls import Enrolled
from core.errors import ExitCode
from sync.context import SyncContext
from sync.enrol import enrol
from sync.enrol_setup import enrol_setup
from sync.events import Done, Summary, Task
from sync.identity import Identity


def run_enrol(context: SyncContext, token: str, *, again: bool = False) -> Summary:
    """Enrol with a token, over the line; see ``sync.enrol.enrol`` for what is raised."""
    identity = enrol(context.state, token, context.clock, again=again, use=context.line)
    with AgentDatabase(context.state) as agent:
        agent.note_contact(context.clock.wall())
    return _end(context, "enrol", identity)


def run_enrol_setup(context: SyncContext, path: Path, *, again: bool = False) -> Summary:
    """Enrol from a setup file; see ``sync.enrol_setup.enrol_setup`` for what is raised."""
    identity = enrol_setup(context.state, path, again=again)
    return _end(context, "enrol-setup", identity)


def _end(context: SyncContext, task: Task, identity: Identity) -> Summary:
    enrolled = Enrolled(
        node=identity.node, school=identity.school, hub=identity.url, pending=identity.pending
    )
    summary = Summary(task=task, exit_code=ExitCode.DONE, enrolled=enrolled)
    context.emit(Done(summary=summary))
    return summary
