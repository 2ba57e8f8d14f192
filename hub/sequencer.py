"""The sequencer: the only writer of snapshot, timestamp and tip.

Order of writing: roles, snapshot, timestamp, shortcuts, tip, each durable before the next; then
what was taken leaves ``incoming/``. Killed at any point, the next run starts from the timestamp
and does the rest again: a file that the timestamp does not lead to was never seen by anyone.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import msgspec
from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import Targets

from cache import durable
from cache.clock import Clock
from core.errors import RefusedError
from core.trust import edit, roles
from core.trust.verify import verify_role
from hub.checks import check_releases
from hub.decide import (
    Incoming,
    answer_name,
    delegator_of,
    renewal_due,
    signing_time,
    waiting,
    walk,
)
from hub.keys import load_key
from hub.layout import INCOMING, HubDirectory
from hub.notices import expiry_notices, sentence
from hub.offline import prolong
from hub.published import Published, load_published, published_role
from hub.repository import Repository
from hub.shortcuts import write_shortcuts

# More wait for the next run, which follows at once.
_MOST_AT_ONCE: Final = 500
# What a snapshot takes: for itself, signature included, and for each role beside its name.
_SNAPSHOT_FRAME_BYTES: Final = 2048
_ENTRY_BYTES: Final = 32
_WORTH_IT: Final = timedelta(days=1)


class Rejected(msgspec.Struct, frozen=True):
    """A role file that was not taken, and the answer to its publisher."""

    name: str
    error: str
    hint: str


class Outcome(msgspec.Struct, frozen=True):
    """What one run did.

    Attributes:
        published: role files that are published now, such as ``gd.zhuhai.2.json``.
        renewed: online roles that were signed again because of their age.
        snapshot: the snapshot's version now.
        warnings: sentences about signatures that end soon.
    """

    published: list[str]
    rejected: list[Rejected]
    renewed: list[str]
    snapshot: int
    warnings: list[str] = []


@dataclass
class _Judgement:
    """What came in, sorted; ``roles`` is the state after taking it."""

    roles: dict[str, Targets]
    taken: dict[str, tuple[Incoming, bytes]] = field(default_factory=dict)
    settled: list[str] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)


class Sequencer:
    """Publishes what publishers have signed.

    Args:
        directory: the hub's directory, for lock and keys.
        repository: the file tree.
        clock: tells the signing time.
    """

    def __init__(self, directory: HubDirectory, repository: Repository, clock: Clock) -> None:
        """Do nothing yet."""
        self._directory = directory
        self._repository = repository
        self._clock = clock

    def has_work(self) -> bool:
        """Whether something waits in ``incoming/``."""
        return bool(waiting(self._repository.names(INCOMING)))

    def run(self, *, until: datetime | None = None) -> Outcome:
        """Take what waits, renew what is old, finish what was interrupted.

        Args:
            until: renew also what would expire before this moment.

        Raises:
            AlreadyRunningError: another sequencer is at work on this hub.
            NoStateError: the repository or a key of an online role is not here.
            RefusedError: the repository's own metadata is damaged.
            UsageError: the clock is years ahead.
        """
        with durable.lock(self._directory.lock, "the sequencer"):
            return self._run(until)

    def prolong(self, signers: Sequence[CryptoSigner]) -> list[str]:
        """Sign root and targets again with their keys, and what names them; give which.

        Raises:
            AlreadyRunningError: another sequencer is at work on this hub.
            NoStateError: the repository or a key of an online role is not here.
            RefusedError: the repository's own metadata is damaged.
            UsageError: no key is for root or targets, or too few are; the clock is years ahead.
        """
        with durable.lock(self._directory.lock, "the sequencer"):
            published = load_published(self._repository)
            now = signing_time(self._clock.wall(), published.issued)
            signed, targets = prolong(self._repository, published, signers, now)
            judgement = _Judgement({**published.roles, "targets": targets})
            self._publish(published, judgement, now)
            write_shortcuts(self._repository, load_published(self._repository))
        return signed

    def _run(self, until: datetime | None) -> Outcome:
        published = load_published(self._repository)
        now = signing_time(self._clock.wall(), published.issued)
        judgement = self._judge(published, now)
        for rejected in judgement.rejected:
            self._answer(rejected)
        renewed = _renewals(published, now, until)
        if judgement.taken or "snapshot" in renewed:
            self._publish(published, judgement, now)
        elif renewed:
            self._sign_timestamp(published, published.snapshot.version, now)
        if judgement.taken or renewed:
            published = load_published(self._repository)
        write_shortcuts(self._repository, published)
        names = [*judgement.taken, *judgement.settled]
        for name in names:
            self._repository.remove(f"{INCOMING}/{answer_name(name)}")
            self._repository.remove(f"{INCOMING}/{name}")
        soon = [sentence(one) for one in expiry_notices(published, now)]
        return Outcome(names, judgement.rejected, renewed, published.snapshot.version, soon)

    def _judge(self, published: Published, now: datetime) -> _Judgement:
        judgement = _Judgement(dict(published.roles))
        pending = waiting(self._repository.names(INCOMING))[:_MOST_AT_ONCE]
        while pending:
            delegated = {name for name, _ in walk(published.targets, judgement.roles)}
            # A role that nobody delegates to may be delegated by another one that waits.
            one = next((one for one in pending if one.role in delegated), pending[0])
            pending.remove(one)
            try:
                self._take(published, judgement, one, now)
            except RefusedError as error:
                judgement.rejected.append(Rejected(one.name, str(error), error.hint))
        return judgement

    def _take(
        self, published: Published, judgement: _Judgement, one: Incoming, now: datetime
    ) -> None:
        data = self._repository.read(f"{INCOMING}/{one.name}", roles.MAX_TARGETS_BYTES)
        if data is None:
            return
        current = judgement.roles.get(one.role)
        if current is None:
            # Not delegated just now, or with other keys: its versions go on all the same.
            current = published_role(self._repository, one.role, published.snapshot)
        if current and current.version >= one.version and self._is_published(one, data):
            judgement.settled.append(one.name)
            return
        delegator = delegator_of(one.role, published.targets, judgement.roles)
        if delegator is None:
            raise RefusedError(
                "Nobody has delegated to {role} here.",
                hint="Ask the hub's administrator to add this publisher.",
                role=one.role,
            )
        new = verify_role(data, one.role, delegator, current, now)
        if new.version != one.version:
            raise RefusedError(
                "The file {name} holds version {found} of its role.",
                name=one.name,
                found=new.version,
            )
        if current is None:
            _check_room(published, judgement, one.role)
        check_releases(self._repository, new, current)
        judgement.roles[one.role] = new
        judgement.taken[one.name] = (one, data)

    def _is_published(self, one: Incoming, data: bytes) -> bool:
        path = roles.metadata_path(one.role, one.version)
        return self._repository.read(path, roles.MAX_TARGETS_BYTES) == data

    def _answer(self, rejected: Rejected) -> None:
        answer = {"error": rejected.error, "hint": rejected.hint}
        path = f"{INCOMING}/{answer_name(rejected.name)}"
        self._repository.put(path, msgspec.json.encode(answer))
        self._repository.remove(f"{INCOMING}/{rejected.name}")

    def _publish(self, published: Published, judgement: _Judgement, now: datetime) -> None:
        for one, data in judgement.taken.values():
            self._repository.put(roles.metadata_path(one.role, one.version), data)
        # A role once named stays named, as TUF demands, even when nobody delegates to it now.
        versions = {
            name.removesuffix(".json"): meta.version
            for name, meta in published.snapshot.meta.items()
        }
        versions |= {name: role.version for name, role in judgement.roles.items()}
        snapshot = edit.next_snapshot(published.snapshot, versions, now)
        data = edit.sign(snapshot, [load_key(self._directory.role_key("snapshot"))])
        self._repository.put(roles.metadata_path("snapshot", snapshot.version), data)
        self._sign_timestamp(published, snapshot.version, now)

    def _sign_timestamp(self, published: Published, snapshot: int, now: datetime) -> None:
        timestamp = edit.next_timestamp(published.timestamp, snapshot, now)
        data = edit.sign(timestamp, [load_key(self._directory.role_key("timestamp"))])
        self._repository.put(roles.TIMESTAMP_PATH, data)


def _check_room(published: Published, judgement: _Judgement, role: str) -> None:
    """Check that the snapshot stays readable with one more role in it.

    Raises:
        RefusedError: it would become larger than nodes accept.
    """
    names = {*published.snapshot.meta, *(f"{name}.json" for name in judgement.roles)}
    size = _SNAPSHOT_FRAME_BYTES + sum(len(name) + _ENTRY_BYTES for name in names)
    if size + len(role) > roles.MAX_SNAPSHOT_BYTES - _ENTRY_BYTES:
        raise RefusedError(
            "The repository has no room for another publisher.",
            hint="Ask the hub's administrator to give a province a repository of its own.",
        )


def _renewals(published: Published, now: datetime, until: datetime | None) -> list[str]:
    due = []
    if _is_due(published.snapshot.expires, roles.SNAPSHOT_PERIOD, now, until):
        due.append("snapshot")
    if due or _is_due(published.timestamp.expires, roles.TIMESTAMP_PERIOD, now, until):
        due.append("timestamp")
    return due


def _is_due(expires: datetime, period: timedelta, now: datetime, until: datetime | None) -> bool:
    # Signing again what was signed today would win nothing.
    is_early = until is not None and expires + _WORTH_IT <= min(until, now + period)
    return is_early or renewal_due(expires, period, now)
