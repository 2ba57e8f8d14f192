"""Taking what a stick brings back: enrolments first, then reports, then statements.

A report or batch leaves the stick only after the hub has it durably and its receipt lies on the
stick; it matters to nobody if that never happens, since everything may be taken again.
"""

import errno
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

import msgspec

from cache.stick import stick_error, stick_in_words
from cache.stick_writer import StickWriter
from core import received
from core.codec import decode_json
from core.errors import PackhorseError, RefusedError, UsageError
from core.node_report import MAX_REPORT_BYTES
from core.statement import MAX_BATCH_BYTES, decode_signed_batch
from core.stick import ENROL_NAME, MOST_NODES, REPORT_NAME, UP, is_node_name, parse_batch_name
from core.token import EnrolRequest
from hub.refusals import TooOftenError
from hub.registry.enrolment import enrol, unusable_tokens
from hub.registry.receipts import all_receipts
from hub.serve.service import Service
from hub.stick.place import find_place
from hub.stick.receipts import Answers, write_receipts
from hub.stick.setups import clear_setups

MOST_BATCHES: Final = 20_000
_MAX_ENROL_BYTES: Final = 4 * 1024
_FRAME_BYTES: Final = 4096
_MOST_PROBLEMS: Final = 1000
# Files in a row that cannot be read, before the stick counts as gone.
_MOST_FAILURES: Final = 3


class Trouble(msgspec.Struct, frozen=True):
    """What could not be taken; ``node`` is empty when it is of the whole stick.

    Attributes:
        files: how many files of that node it concerns.
    """

    node: str
    error: str
    hint: str = ""
    files: int = 1


class Newcomer(msgspec.Struct, frozen=True):
    """A node that is enrolled; perhaps it was before."""

    node: str
    school: str


class Imported(msgspec.Struct, frozen=True, kw_only=True):
    """What was taken from a stick.

    Attributes:
        nodes: nodes that have something on it.
        enrolled: those whose enrolment request was on it.
        reports: reports taken.
        batches: batches taken, those that were here before included.
        statements: statements that were not here before.
        receipts: receipts that were written.
        problems: what could not be taken, and why.
    """

    nodes: int = 0
    enrolled: list[Newcomer] = []
    reports: int = 0
    batches: int = 0
    statements: int = 0
    receipts: int = 0
    problems: list[Trouble] = []


def import_stick(
    service: Service, directory: Path, came: Callable[[int, int], None] = lambda *_: None
) -> Imported:
    """Take what a stick brings back.

    Args:
        service: the hub.
        directory: where the stick is mounted, or any directory.
        came: told how many of how many nodes' statements were taken.

    Raises:
        UsageError: there is no such directory.
        ExhaustedError: the hub's disk is full.
        UnavailableError: the registry does not answer, or the stick cannot be read.
    """
    place = find_place(directory)
    with closing(StickWriter(place)) as stick, stick_in_words(place):
        return _Import(service, stick).run(came)


class _Import:
    def __init__(self, service: Service, stick: StickWriter) -> None:
        self._service = service
        self._stick = stick
        self._troubles: dict[tuple[str, str, str], Trouble] = {}
        self._enrolled: list[Newcomer] = []
        self._reports = self._batches = 0
        self._answers: Answers = {}
        self._taken: list[str] = []
        self._failures = 0

    def run(self, came: Callable[[int, int], None]) -> Imported:
        """Take everything.

        Raises:
            OSError: the stick cannot be read.
            PackhorseError: as ``import_stick``.
        """
        nodes = self._stick.names(UP, MOST_NODES + 1, is_node_name)
        if len(nodes) > MOST_NODES:
            nodes.pop()
            self._note("", UsageError(
                "More than {most} nodes have something on the stick; the others were left.",
                hint="Import it again when these are done.", most=MOST_NODES,
            ))  # fmt: skip
        before = self._count()
        for node in nodes:
            self._take_request(node)
        for node in nodes:
            self._take_report(node)
        for number, node in enumerate(nodes, 1):
            self._take_batches(node)
            came(number, len(nodes))
        receipts = self._answer(nodes)
        return Imported(
            nodes=len(nodes),
            enrolled=self._enrolled,
            reports=self._reports,
            batches=self._batches,
            statements=self._count() - before,
            receipts=receipts,
            problems=list(self._troubles.values()),
        )

    def _count(self) -> int:
        return sum(received.count(one.ranges) for one in all_receipts(self._service.registry))

    def _take_request(self, node: str) -> None:
        with self._noting(node):
            data = self._stick.find(f"{UP}/{node}/{ENROL_NAME}", _MAX_ENROL_BYTES)
            if data is None:
                return
            request = decode_json(data, EnrolRequest, what=ENROL_NAME, limit=_MAX_ENROL_BYTES)
            service = self._service
            reply = enrol(service.registry, service.hub, request, service.clock.wall())
            self._enrolled.append(Newcomer(reply.node, reply.school))

    def _take_report(self, node: str) -> None:
        with self._noting(node):
            path = f"{UP}/{node}/{REPORT_NAME}"
            data = self._stick.find(path, MAX_REPORT_BYTES + _FRAME_BYTES)
            if data is not None:
                self._service.reports.take(data, "stick")
                self._reports += 1
                self._taken.append(path)

    def _take_batches(self, node: str) -> None:
        folder = f"{UP}/{node}"
        for name in self._stick.names(folder, MOST_BATCHES, parse_batch_name):
            with self._noting(node):
                self._take_batch(f"{folder}/{name}")

    def _take_batch(self, path: str) -> None:
        data = self._stick.find(path, MAX_BATCH_BYTES + _FRAME_BYTES)
        if data is None:
            return
        # The batch itself says whose it is, wherever it lies; its signature proves it.
        answer = self._service.intake.take(data, limited=False)
        self._answers.setdefault(decode_signed_batch(data).node, []).append(answer)
        self._batches += 1
        self._taken.append(path)

    def _answer(self, nodes: list[str]) -> int:
        """Write receipts, then remove what the hub has; give how many receipts."""
        service, stick = self._service, self._stick
        receipts = 0
        try:
            with stick_in_words(stick.root):
                wanted = {*nodes, *self._answers}
                receipts = write_receipts(
                    stick, service.registry, service.hub, wanted, self._answers
                )
                for path in self._taken:
                    stick.remove(path)
                now = service.clock.wall()
                clear_setups(stick, unusable_tokens(service.registry, now))
        except PackhorseError as error:
            self._note("", UsageError(
                "Everything was taken, but the receipts could not all be written: {reason}",
                hint="Nothing is lost: the schools keep their statements until a stick brings"
                " receipts. {cure}", reason=str(error), cure=error.hint,
            ))  # fmt: skip
        return receipts

    @contextmanager
    def _noting(self, node: str) -> Iterator[None]:
        """Note what is wrong with one node's files; the others are not affected."""
        try:
            yield
        except (RefusedError, TooOftenError) as error:
            self._note(node, error)
        except OSError as error:
            self._failures += 1
            if error.errno != errno.EIO or self._failures > _MOST_FAILURES:
                raise
            self._note(node, stick_error(error, self._stick.root))
        else:
            self._failures = 0

    def _note(self, node: str, error: PackhorseError) -> None:
        key = (node, error.template, str(error.fields.get("what", "")))
        known = self._troubles.get(key)
        if known is not None:
            self._troubles[key] = msgspec.structs.replace(known, files=known.files + 1)
        elif len(self._troubles) < _MOST_PROBLEMS:
            self._troubles[key] = Trouble(node, str(error), error.hint)
