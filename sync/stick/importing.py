"""Importing a stick: the receipt first, then its packs, exactly as from the network."""

from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Final

import msgspec

from cache.agent_db import AgentDatabase
from cache.stick import StickDirectory, mirror_directory, stick_in_words
from core.errors import ExitCode, PackhorseError, RefusedError
from core.token import hub_name
from core.trust.roles import MAX_ROOT_BYTES, TIMESTAMP_PATH, metadata_path
from sync.context import SyncContext
from sync.directory_source import DirectorySource
from sync.events import Done, Problem, Summary, problem_of
from sync.identity import Identity, load_identity
from sync.peers.company import NOBODY
from sync.pull import pull
from sync.pull.bundle import DAMAGED
from sync.stick.look import stick_last_day, stick_timestamp_version
from sync.stick.receipts import Taken, take_receipt
from sync.trust.floor import read_floor

_CURE: Final = (
    "What was right of it is kept. Let the hub fill the stick again: packhorse hub export --check"
)
_FIRST_ROOT: Final = metadata_path("root", 1)


def run_import(context: SyncContext, directory: Path) -> Summary:
    """Take from a stick what is for this node, and what it carries of packs.

    Emits events as it goes, ``Done`` at the end. What fails is in the summary's problems.

    Raises:
        NoStateError: the node is not enrolled.
        RefusedError: the node's identity is damaged.
    """
    started = context.clock.monotonic()
    identity = load_identity(context.state)
    root = mirror_directory(directory)
    with closing(StickDirectory(root)) as stick:
        summary = _Import(context, stick, identity).run()
    seconds = context.clock.monotonic() - started
    summary = msgspec.structs.replace(summary, task="import", seconds=seconds)
    context.emit(Done(summary=summary))
    return summary


class _Import:
    def __init__(self, context: SyncContext, stick: StickDirectory, identity: Identity) -> None:
        self._context = context
        self._stick = stick
        self._identity = identity
        self._problems: list[Problem] = []

    def run(self) -> Summary:
        """Take receipt and packs; give the summary."""
        taken = Taken()
        summary = Summary(task="import", exit_code=ExitCode.DONE)
        try:
            with stick_in_words(self._stick.root):
                taken = self._take_receipt()
                if self._has_packs():
                    summary = self._pull()
        except PackhorseError as error:
            self._note(error)
        problems = [*self._problems, *summary.problems]
        return msgspec.structs.replace(
            summary,
            exit_code=self._exit_code(summary, taken),
            acknowledged=taken.acknowledged,
            rejected=taken.rejected,
            problems=problems,
            bytes=sum(one.bundle_bytes for one in summary.packs),
        )

    def _exit_code(self, summary: Summary, taken: Taken) -> int:
        if not self._problems:
            return summary.exit_code
        if summary.packs or taken.acknowledged:
            return ExitCode.PARTIAL
        return self._problems[0].exit_code

    def _take_receipt(self) -> Taken:
        """Take the receipt; a bad one is no reason to leave the packs."""
        state, now = self._context.state, self._context.clock.wall()
        try:
            with closing(AgentDatabase(state)) as agent:
                return take_receipt(state, self._identity, self._stick, agent, now)
        except RefusedError as error:
            self._note(error)
            return Taken()

    def _has_packs(self) -> bool:
        """Say whether there is a repository on the stick.

        Raises:
            RefusedError: it is another hub's.
        """
        first = self._stick.find(_FIRST_ROOT, MAX_ROOT_BYTES)
        if first is None and self._stick.size(TIMESTAMP_PATH) is None:
            return False
        if first is not None and hub_name(first) != self._identity.hub:
            raise RefusedError(
                "The packs on the stick at {place} are of another hub, not of this node's.",
                hint="Take a stick that your own hub has made.",
                place=str(self._stick.root),
            )
        return True

    def _pull(self) -> Summary:
        root = self._stick.root
        context = replace(
            self._context,
            by_line=False,
            open_source=lambda: DirectorySource(root),
            company=NOBODY,
        )
        summary = pull(context)
        if summary.exit_code == ExitCode.REFUSED and not summary.packs and self._is_older():
            # An old stick in a drawer is more likely than somebody who replays old files.
            raise RefusedError(
                "What is on the stick is older than what this node has seen already; nothing was"
                " taken from it.",
                hint="Take a stick that the hub has filled since then.",
            )
        problems = [_with_cure(problem) for problem in summary.problems]
        last_day = stick_last_day(self._stick)
        return msgspec.structs.replace(summary, problems=problems, last_day=last_day)

    def _is_older(self) -> bool:
        """Say whether the stick's timestamp, unverified, is older than the newest that was seen."""
        found = stick_timestamp_version(self._stick)
        return 0 < found < read_floor(self._context.state.root).timestamp

    def _note(self, error: PackhorseError) -> None:
        problem = problem_of(error)
        self._problems.append(problem)
        self._context.emit(problem)


def _with_cure(problem: Problem) -> Problem:
    """Say what helps against a damaged bundle on a stick, which no line will bring again."""
    if problem.template != DAMAGED:
        return problem
    return msgspec.structs.replace(problem, hint=_CURE, hint_template=_CURE)
