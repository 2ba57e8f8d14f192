"""Uploading usage: oldest first, signed, once.

Rules:
    - Epochs in the order in which they began, statements by number, nothing left out; the next
      batch goes only after the hub has answered the one before.
    - Sending again is harmless, so a batch whose answer was lost is sent again.
    - The hub isolates records that it cannot take. Should it refuse a whole batch, the batch is
      halved until the one record is found, which then counts as acknowledged, with the reason.
"""

from collections.abc import Sequence
from contextlib import ExitStack, closing
from typing import Final

from cache.agent_db import AgentDatabase
from cache.journal_reader import Epoch, JournalReader, JournalRow
from core.codec import decode_json
from core.errors import ExitCode, PackhorseError, RefusedError
from core.statement import Acknowledgement, Rejection
from sync.batches import MOST_BYTES, MOST_STATEMENTS, REFUSED, Signer, encode_rows
from sync.context import SyncContext
from sync.events import Contact, Done, Problem, Summary, Uploading, problem_of
from sync.held import HeldError
from sync.http_client import HttpClient
from sync.hub_api import HubRefusedError, post
from sync.identity import Identity, load_identity, load_key
from sync.last_used import note_used
from sync.pending import confirm_by_line
from sync.pull.retry import Persistence
from sync.source import SourceError
from sync.upstream import open_client

_PATH: Final = "v1/statements"
_TYPE: Final = "application/msgpack"
_MAX_ANSWER_BYTES: Final = 1024 * 1024
# What the hub answers to content that it cannot take, as opposed to a node that it does not know.
_POISON: Final = frozenset({400, 413, 422})


def run_upload(context: SyncContext) -> Summary:
    """Send statements that the hub has not acknowledged, in batches, until none is left.

    Emits events as it goes, ``Done`` at the end. Failures are in the summary's problems.

    Raises:
        NoStateError: the node is not enrolled.
        RefusedError: the node's identity or key is damaged.
    """
    started = context.clock.monotonic()
    identity = load_identity(context.state)
    with ExitStack() as stack:
        client = stack.enter_context(closing(open_client(context, identity)))
        agent = stack.enter_context(closing(AgentDatabase(context.state)))
        note_used(context.state, agent)
        run = Upload(context, client, agent, identity)
        run.all()
        summary = run.summary(context.clock.monotonic() - started)
    context.emit(Done(summary=summary))
    return summary


class Upload:
    """Sends what the hub has not acknowledged; may be done again and again.

    Args:
        context: the run's surroundings.
        client: the hub.
        agent: where acknowledgements are kept.
        identity: the node's.

    Attributes:
        acknowledged: statements acknowledged so far.
        rejected: statements that the hub will never accept, of those.
        problems: what stopped it.

    Raises:
        RefusedError: the node's key is damaged.
    """

    def __init__(
        self, context: SyncContext, client: HttpClient, agent: AgentDatabase, identity: Identity
    ) -> None:
        self.acknowledged = self.rejected = 0
        self.problems: list[Problem] = []
        self._context = context
        self._client = client
        self._agent = agent
        self._identity = identity
        self._signer = Signer(identity, load_key(context.state))
        self._journal = JournalReader(context.state.journal)
        self._persistence = Persistence(
            context.chance, context.sleep, context.alive, context.faltered
        )
        self._reached = False
        self._held: HeldError | None = None
        self._retry_after = 0.0
        # Numbers that the hub will never have are no reason to send again what follows them.
        self._refused = {(one.epoch, one.sequence) for one in agent.reader.refused()}

    def all(self) -> None:
        """Send everything; a failure is noted."""
        now = self._context.clock.wall
        try:
            self.send()
        except HeldError as error:
            self._held = error
            # What stops for its hour, or a pause, has not failed; what never began has.
            if not self._reached:
                self._fail(error)
        except PackhorseError as error:
            self._fail(error)
            if isinstance(error, SourceError):
                self._agent.note_contact(now(), str(error))
            return
        if self._reached:
            self._agent.note_contact(now())

    def _fail(self, error: PackhorseError) -> None:
        problem = problem_of(error)
        self.problems.append(problem)
        self._retry_after = getattr(error, "retry_after", 0.0)
        self._context.emit(problem)

    def send(self) -> None:
        """Send everything, first an enrolment that waits for its answer.

        Raises:
            SourceError: the line or the hub failed.
            RefusedError: the hub does not take it.
            DamagedError: the journal is damaged; the portal salvages it.
        """
        try:
            if self._identity.pending:
                self._confirm(self._identity)
            for epoch in self._journal.epochs():
                self._send_epoch(epoch)
        except RefusedError:
            self._remember(refused=True)
            raise
        self._remember(refused=False)

    def _remember(self, *, refused: bool) -> None:
        text = "1" if refused else ""
        if (self._agent.reader.fact(REFUSED) or "") != text:
            self._agent.remember(REFUSED, text)

    def _confirm(self, identity: Identity) -> None:
        is_known = False
        while not is_known:
            with self._persistence.attempt():
                confirm_by_line(self._context.state, identity, self._client)
                is_known = True
        self._reached = True
        self._context.emit(Contact(changed=False))

    def summary(self, seconds: float) -> Summary:
        """Give the run's summary."""
        return Summary(
            task="upload",
            exit_code=self.problems[0].exit_code if self.problems else ExitCode.DONE,
            reached=self._reached,
            seconds=seconds,
            traffic=self._client.meter.traffic(),
            problems=self.problems,
            acknowledged=self.acknowledged,
            rejected=self.rejected,
            backlog=self.backlog(),
            retry_after=self._retry_after,
            hold=self._held.hold if self._held else "",
            until=self._held.until if self._held else None,
        )

    def backlog(self) -> int:
        """Count the statements that wait."""
        try:
            return self._journal.backlog(self._agent.reader.acknowledged()).count
        except RefusedError:
            return 0

    def _send_epoch(self, epoch: Epoch) -> None:
        known = self._agent.reader.acknowledged().get(epoch.epoch, 0)
        after = max(known, epoch.pruned)
        went_back = False
        while rows := self._journal.unsent(epoch.epoch, after, MOST_STATEMENTS):
            after, contiguous = self._send(epoch, rows)
            # A hub that was restored from a backup lacks what it acknowledged; what has not
            # left the journal yet goes again.
            lacks = epoch.pruned <= contiguous < rows[0].sequence - 1
            if lacks and not went_back and (epoch.epoch, contiguous + 1) not in self._refused:
                after, went_back = contiguous, True

    def _send(self, epoch: Epoch, rows: Sequence[JournalRow]) -> tuple[int, int]:
        """Send statements that follow one another.

        Returns:
            The number after which to go on, and the hub's contiguous one.
        """
        body = encode_rows(rows)
        if len(body) > MOST_BYTES and len(rows) > 1:
            return self._send(epoch, rows[: len(rows) // 2])
        try:
            answer = self._post(self._signer.batch(epoch.epoch, rows[0].sequence, body))
        except HubRefusedError as error:
            self._reached = True
            if error.status not in _POISON:
                raise
            if len(rows) > 1:
                return self._send(epoch, rows[: len(rows) // 2])
            last = rows[0].sequence
            self._refused.add((epoch.epoch, last))
            self._acknowledge(epoch, rows, last, Acknowledgement("", last, [_refusal(last, error)]))
            return last, last
        if answer.epoch != epoch.epoch.hex():
            raise RefusedError(
                "The hub acknowledged other statements than were sent.",
                hint="Tell the hub's admin.",
            )
        # What the hub says to have beyond this batch was never sent from here: that is a copy of
        # this node, with statements of its own under the same numbers.
        last = rows[-1].sequence
        self._acknowledge(epoch, rows, last, answer)
        return last, answer.contiguous

    def _post(self, data: bytes) -> Acknowledgement:
        answer: bytes | None = None
        while answer is None:
            with self._persistence.attempt():
                answer = post(self._client, _PATH, data, _TYPE, _MAX_ANSWER_BYTES)
        self._reached = True
        return decode_json(
            answer, Acknowledgement, what="The hub's answer", limit=_MAX_ANSWER_BYTES
        )

    def _acknowledge(
        self, epoch: Epoch, rows: Sequence[JournalRow], last: int, answer: Acknowledgement
    ) -> None:
        numbers = range(rows[0].sequence, rows[-1].sequence + 1)
        rejected = {one.sequence: one.reason for one in answer.rejected if one.sequence in numbers}
        self._agent.acknowledge(
            epoch.epoch,
            last,
            at=self._context.clock.wall(),
            rejected=rejected,
            conflicts=[one for one in answer.conflicts if one in numbers],
        )
        if not self.acknowledged:
            self._context.emit(Contact(changed=True))
        self.acknowledged += len(rows)
        self.rejected += len(rejected)
        self._context.emit(Uploading(acknowledged=self.acknowledged, backlog=self.backlog()))


def _refusal(sequence: int, error: HubRefusedError) -> Rejection:
    return Rejection(sequence, str(error))
