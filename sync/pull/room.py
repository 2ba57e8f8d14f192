"""What the pulls of all packs in one run share."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from cache.blobs import BlobStore, Condition
from cache.catalogue import Catalogue
from core.digest import Digest
from sync.context import SyncContext
from sync.peers.circle import Circle
from sync.pull.retry import Persistence
from sync.source import Source


@dataclass(frozen=True)
class Room:
    """The node's stores, the upstream, other nodes, and the run's surroundings."""

    context: SyncContext
    source: Source
    blobs: BlobStore
    catalogue: Catalogue
    persistence: Persistence
    circle: Circle

    def lost(self, digests: Iterable[Digest]) -> set[Digest]:
        """Look at blobs' bytes; give those that are damaged or missing, and forget them.

        Raises:
            ExhaustedError: the disk is broken or read-only.
        """
        lost = {one for one in digests if self.blobs.verify(one) is not Condition.WHOLE}
        self.forget(lost)
        return lost

    def forget(self, digests: Collection[Digest]) -> None:
        """Stop naming blobs, then remove them; they are fetched again.

        Raises:
            ExhaustedError: the disk is broken or read-only.
        """
        if digests:
            self.catalogue.blobs_lost(digests)
        for digest in digests:
            self.blobs.remove(digest)
