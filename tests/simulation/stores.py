"""The real catalogue, journal and agent's database in a simulated node's place of memory.

Every few weeks run on them. What is committed in them survives a power cut by the rules of
``cache.databases``, which has its own tests of power cuts; here their connections break.
"""

import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from cache.agent_db import AgentDatabase
from cache.catalogue_files import open_catalogue
from cache.journal import Journal
from cache.state import StateDirectory
from core.digest import Digest, digest_of
from core.manifest import FORMAT, File, Item, Manifest
from core.withdrawal import Withdrawal
from tests.simulation.content import Blob, blob_of
from tests.simulation.scenario import ItemFacts, VersionFacts
from tests.simulation.statements import Send

if TYPE_CHECKING:
    from cache.catalogue import Catalogue

_BATCH = 2000
_SERVED = """
    SELECT served.pack, served.name, version.version FROM served
    JOIN item ON item.id = item_id JOIN version ON version.id = version_id
"""


class CatalogueContent:
    """What the real catalogue says is served.

    An item is here when its lowest step is: the others are files of the version that no item
    names. That is as with renditions, as long as the lowest step comes first.

    Args:
        state: the node's state directory.
    """

    def __init__(self, state: StateDirectory) -> None:
        self._state = state
        self._held: set[Digest] = set()
        self._catalogue: Catalogue = open_catalogue(state).catalogue
        self._served: dict[tuple[str, str], int] | None = None

    def reopen(self) -> None:
        """Open it again after a power cut."""
        self._catalogue.close()
        self._catalogue = open_catalogue(self._state).catalogue
        self._catalogue.reconcile(self._held.__contains__)
        self._served = None

    def close(self) -> None:
        """Let go of it."""
        self._catalogue.close()

    def activate(self, version: VersionFacts) -> None:
        """Make a version its pack's newest one."""
        digest = digest_of(f"{version.pack} {version.version}".encode())
        self._held.add(digest)
        self._catalogue.activate_manifest(_manifest(version), digest, self._held.__contains__)
        self._served = None

    def arrived(self, blob: Blob) -> None:
        """Note a blob that is durable."""
        digest = _digest(blob)
        if digest not in self._held:
            self._held.add(digest)
            self._catalogue.blob_arrived(digest)
            self._served = None

    def withdraw(self, pack: str, items: frozenset[str]) -> None:
        """Let exactly these be withdrawn."""
        moment = "2026-09-01T00:00:00Z"
        those = [Withdrawal(reason="wrong", at=moment, item=item) for item in sorted(items)]
        self._catalogue.withdraw(pack, those)
        self._served = None

    def lost(self, blobs: Iterable[Blob]) -> None:
        """Note blobs that are about to be removed."""
        gone = [_digest(one) for one in blobs]
        self._catalogue.blobs_lost(gone)
        self._held.difference_update(gone)
        self._served = None

    def drop(self, pack: str) -> None:
        """Forget a pack."""
        self._held.difference_update(self._catalogue.remove_pack(pack) or ())
        self._served = None

    def served(self) -> Mapping[tuple[str, str], int]:
        """Give the version in which each item is served."""
        if self._served is None:
            with closing(sqlite3.connect(self._state.catalogue)) as connection:
                rows = connection.execute(_SERVED).fetchall()
            self._served = {(pack, item): version for pack, item, version in rows}
        return self._served


class JournalOutbox:
    """The real journal and acknowledgements.

    Args:
        state: the node's state directory.
    """

    def __init__(self, state: StateDirectory) -> None:
        self._state = state
        self._journal: Journal | None = None
        self._agent: AgentDatabase | None = None
        self._backlog: int | None = None

    def open(self, fresh: bytes, at: float) -> None:
        """Open it after a boot."""
        self._backlog = None
        self._agent = AgentDatabase(self._state)
        self._journal = Journal(
            self._state,
            fresh_epoch=fresh,
            at=datetime.fromtimestamp(at, UTC),
            acknowledged=self._agent.reader.acknowledged(),
        )

    def close(self) -> None:
        """Let go of it, as when the power fails."""
        if self._journal is not None and self._agent is not None:
            self._journal.close()
            self._agent.close()
        self._journal = self._agent = None

    def _open(self) -> tuple[Journal, AgentDatabase]:
        if self._journal is None or self._agent is None:
            raise AssertionError("there is no power")
        return self._journal, self._agent

    def append(self, records: list[bytes], at: float) -> None:
        """Keep records durably."""
        self._backlog = None
        self._open()[0].append(records, at=datetime.fromtimestamp(at, UTC))

    def backlog(self) -> int:
        """Give how many wait."""
        if self._backlog is None:
            journal, agent = self._open()
            self._backlog = journal.reader.backlog(agent.reader.acknowledged()).count
        return self._backlog

    def waiting(self) -> set[bytes]:
        """Give the records that wait."""
        is_off = self._journal is None
        if is_off:
            self.open(b"unneeded", 0.0)
        journal, agent = self._open()
        known = agent.reader.acknowledged()
        found = {
            row.record
            for one in journal.reader.epochs()
            for row in journal.reader.unsent(one.epoch, known.get(one.epoch, 0), 1_000_000)
        }
        if is_off:
            self.close()
        return found

    def upload(self, send: Send, at: float) -> None:
        """Send all that waits, oldest first, and prune what the hub has."""
        self._backlog = None
        journal, agent = self._open()
        moment = datetime.fromtimestamp(at, UTC)
        for epoch in journal.reader.epochs():
            after = max(agent.reader.acknowledged().get(epoch.epoch, 0), epoch.pruned)
            while rows := journal.reader.unsent(epoch.epoch, after, _BATCH):
                send(epoch.epoch, rows[0].sequence, [row.record for row in rows])
                after = rows[-1].sequence
                agent.acknowledge(epoch.epoch, after, at=moment)
        journal.prune(agent.reader.acknowledged())


def _digest(blob: Blob) -> Digest:
    return digest_of(" ".join(map(str, blob)).encode())


def _manifest(version: VersionFacts) -> Manifest:
    files = sorted(
        (
            File(_path(item, number), _digest(blob_of(version.pack, item, step)), step.size, "x/y")
            for item in version.items
            for number, step in enumerate(item.steps)
        ),
        key=lambda one: one.path,
    )
    return Manifest(
        format=FORMAT,
        pack=version.pack,  # type: ignore[arg-type]
        version=version.version,
        title={"en": version.pack},
        items=[
            Item(one.item, {"en": one.item}, "document", _path(one, 0), [_path(one, 0)])
            for one in version.items
        ],
        files=files,
    )


def _path(item: ItemFacts, number: int) -> str:
    return f"{item.item}/{number}.bin"
