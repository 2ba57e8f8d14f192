"""A node that trusts a tiny repository, and what its pulls told."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from cache.blobs import BlobStore, Condition
from cache.catalogue_reader import CatalogueReader
from cache.clock import Clock
from cache.state import StateDirectory
from sync.context import SyncContext
from sync.events import Event, Problem, Summary
from sync.http_client import HttpClient
from sync.http_source import HttpSource
from sync.identity import Identity, save_identity
from sync.patience import Patience, Timing
from sync.pull import run_pull
from sync.source import Source
from sync.tls import unused
from sync.trust.stage import begin_trust


@dataclass
class Node:
    """One node's state directory.

    Attributes:
        events: what all its runs told.
        slept: the pauses that its runs made, seconds; nothing really sleeps.
        poll_seconds: how long a run goes on before it asks again what is published.
    """

    state: StateDirectory
    clock: Clock
    events: list[Event] = field(default_factory=list)
    slept: list[float] = field(default_factory=list)
    packs: tuple[str, ...] = ("*",)
    poll_seconds: float = 900.0

    def context(self, open_source: Callable[[], Source] | None) -> SyncContext:
        """Give the surroundings of a run."""
        return SyncContext(
            state=self.state,
            clock=self.clock,
            emit=self.events.append,
            chance=lambda: 0.5,
            sleep=self.slept.append,
            packs=self.packs,
            disk_floor=0,
            open_source=open_source,
            poll_seconds=self.poll_seconds,
        )

    def pull(self, url: str, *, patience: Patience | None = None) -> Summary:
        """Pull from a web server."""
        return run_pull(self.context(lambda: http_source(url, patience)))

    def pull_from(self, source: Source) -> Summary:
        """Pull from any source."""
        return run_pull(self.context(lambda: source))

    def problems(self) -> list[str]:
        """Give the sentences of all problems that were told."""
        return [one.text for one in self.events if isinstance(one, Problem)]

    def files(self, pack: str) -> dict[str, bytes]:
        """Give the bytes of every file of every served item, as the portal would serve them."""
        return self.files_of(self.state, pack)

    @staticmethod
    def files_of(state: StateDirectory, pack: str) -> dict[str, bytes]:
        """Give the same of any node."""
        reader = CatalogueReader(state.catalogue)
        blobs = BlobStore(state.blobs)
        found: dict[str, bytes] = {}
        for item in reader.items(pack):
            if item.is_served:
                for file in reader.files(pack, item.id):
                    assert blobs.verify(file.digest) is Condition.WHOLE
                    found[file.path] = blobs.path(file.digest).read_bytes()
        reader.close()
        return found

    def versions(self) -> dict[str, int]:
        """Give the newest version of each pack."""
        reader = CatalogueReader(self.state.catalogue)
        found = {pack.id: pack.version for pack in reader.packs()}
        reader.close()
        return found


def make_node(path: Path, root: bytes, clock: Clock | None = None) -> Node:
    """Make a node that trusts ``root``."""
    state = StateDirectory(path)
    state.create()
    begin_trust(state.trust, root)
    return Node(state, clock or Clock())


def enrol_by_hand(node: Node, place: str) -> None:
    """Let a node be school ``s1`` of a place, without any hub."""
    identity = Identity(
        url="http://x", hub="h", node="n", school="s1", token="t", root_version=1, place=place
    )
    save_identity(node.state, identity)


def http_source(url: str, patience: Patience | None = None) -> HttpSource:
    """Open a web server as a source, with little patience."""
    timing = Timing(
        Clock().monotonic,
        lambda _: None,
        patience or Patience(connect=60, gap=60, stretch=30, least_rate=1),
    )
    return HttpSource(HttpClient(url, unused(), timing))
