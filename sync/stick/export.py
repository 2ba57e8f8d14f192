"""Exporting to a stick: a waiting enrolment request, how the node is, and what it has to send.

Rules:
    - Oldest first, in batches of bounded size, the whole backlog; a batch that lies there already
      is not written again.
    - What the hub has acknowledged leaves the stick, and a batch whose numbers others on the
      stick have. Nothing else does: a journal that was damaged since may lack what lies there.
    - How far statements were put on sticks is remembered, once they are durable there, since a
      receipt counts only up to it.
"""

from contextlib import ExitStack, closing
from pathlib import Path
from typing import Final

from cache.agent_db import AgentDatabase
from cache.journal_reader import JournalReader
from cache.stick import mirror_directory, stick_in_words
from cache.stick_writer import StickWriter
from core.errors import ExitCode, PackhorseError, RefusedError
from core.statement import MAX_BATCH_BYTES, decode_batch, decode_signed_batch
from core.stick import ENROL_NAME, REPORT_NAME, UP, batch_name, parse_batch_name
from sync.batches import Batch, Signer, cut
from sync.context import SyncContext
from sync.events import Done, Exporting, Problem, Summary, problem_of
from sync.identity import Identity, load_identity, load_key
from sync.pending import pending_request
from sync.report import signed_report
from sync.stick.exported import note_exported
from sync.stick.setups import encode_request

_MOST_FILES: Final = 100_000
_MAX_FILE_BYTES: Final = MAX_BATCH_BYTES + 4096


def run_export(context: SyncContext, directory: Path) -> Summary:
    """Put on a stick what the hub has not got of this node.

    Emits events as it goes, ``Done`` at the end. What fails is in the summary's problems.

    Raises:
        NoStateError: the node is not enrolled.
        RefusedError: the node's identity or key is damaged.
    """
    started = context.clock.monotonic()
    identity = load_identity(context.state)
    signer = Signer(identity, load_key(context.state))
    root = mirror_directory(directory)
    with ExitStack() as stack:
        stick = stack.enter_context(closing(StickWriter(root)))
        agent = stack.enter_context(closing(AgentDatabase(context.state)))
        run = _Export(context, stick, agent, identity)
        try:
            with stick_in_words(root):
                run.all(signer)
        except PackhorseError as error:
            run.note(error)
        summary = run.summary(context.clock.monotonic() - started)
    context.emit(Done(summary=summary))
    return summary


class _Export:
    def __init__(
        self, context: SyncContext, stick: StickWriter, agent: AgentDatabase, identity: Identity
    ) -> None:
        self._context = context
        self._stick = stick
        self._agent = agent
        self._identity = identity
        self._folder = f"{UP}/{identity.node}"
        self._journal = JournalReader(context.state.journal)
        self._problems: list[Problem] = []
        self._statements = self._bytes = 0
        self._enrolment = False

    def all(self, signer: Signer) -> None:
        """Put everything on the stick.

        Raises:
            OSError: the stick fails.
            PackhorseError: the node's own files are damaged, or its disk is full.
        """
        self._stick.sweep(self._folder)
        self._put_request()
        self._put_report()
        known = self._agent.reader.acknowledged()
        backlog = self._journal.backlog(known).count
        reached: dict[bytes, int] = {}
        batches: set[str] = set()
        try:
            for epoch in self._journal.epochs():
                after = max(known.get(epoch.epoch, 0), epoch.pruned)
                for batch in cut(self._journal, epoch, after, signer):
                    batches.add(self._put(batch))
                    reached[batch.epoch] = batch.last
                    self._context.emit(Exporting(statements=self._statements, backlog=backlog))
        finally:
            note_exported(self._agent, reached)
        self._clear({**known, **reached}, batches)

    def note(self, error: PackhorseError) -> None:
        """Note what stopped the export."""
        problem = problem_of(error)
        self._problems.append(problem)
        self._context.emit(problem)

    def summary(self, seconds: float) -> Summary:
        """Give the run's summary."""
        return Summary(
            task="export",
            exit_code=self._problems[0].exit_code if self._problems else ExitCode.DONE,
            seconds=seconds,
            problems=self._problems,
            statements=self._statements,
            enrolment=self._enrolment,
            bytes=self._bytes,
            backlog=self._backlog(),
        )

    def _backlog(self) -> int:
        try:
            return self._journal.backlog(self._agent.reader.acknowledged()).count
        except RefusedError:
            return 0

    def _put_request(self) -> None:
        path = f"{self._folder}/{ENROL_NAME}"
        if not self._identity.pending:
            self._stick.remove(path)
            return
        data = encode_request(pending_request(self._context.state, self._identity))
        self._write(path, data)
        self._enrolment = True

    def _put_report(self) -> None:
        data = signed_report(self._context, self._agent)
        self._stick.write(f"{self._folder}/{REPORT_NAME}", data)

    def _put(self, batch: Batch) -> str:
        name = batch_name(batch.epoch, batch.first)
        self._write(f"{self._folder}/{name}", batch.data)
        self._statements += batch.last - batch.first + 1
        return name

    def _write(self, path: str, data: bytes) -> None:
        if self._stick.write(path, data):
            self._bytes += len(data)

    def _clear(self, covered: dict[bytes, int], batches: set[str]) -> None:
        """Remove batches whose numbers the hub has, or other batches on the stick."""
        names = self._stick.names(self._folder, _MOST_FILES, parse_batch_name)
        for name in names:
            if name not in batches and self._is_covered(name, covered):
                self._stick.remove(f"{self._folder}/{name}")

    def _is_covered(self, name: str, covered: dict[bytes, int]) -> bool:
        epoch, first = parse_batch_name(name) or (b"", 0)
        if first > covered.get(epoch, 0):
            return False
        try:
            data = self._stick.read(f"{self._folder}/{name}", _MAX_FILE_BYTES)
            count = len(decode_batch(decode_signed_batch(data).body))
        except (RefusedError, FileNotFoundError):
            # No hub could read it either.
            return True
        return first + count - 1 <= covered[epoch]
