"""What the pulls of all packs in one run share."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from cache.blobs import BlobStore, Condition
from cache.catalogue import Catalogue
from core.digest import Digest
from sync.context import SyncContext
from sync.peers.circle import Circle
from sync.pull.retry import Persistence
from sync.source import Source


@dataclass(frozen=True)
class Room:
    """The node's stores, the upstream, other nodes, and the run's surroundings.

    Attributes:
        sizes: of blobs that were seen here in this run.
        told: items that were told to be ready in it: pack, version, item.
    """

    context: SyncContext
    source: Source
    blobs: BlobStore
    catalogue: Catalogue
    persistence: Persistence
    circle: Circle
    sizes: dict[Digest, int] = field(default_factory=dict)
    told: set[tuple[str, int, str]] = field(default_factory=set)

    def size(self, digest: Digest) -> int | None:
        """Give a blob's size in bytes, or None when it is not here; one that is here stays."""
        found = self.sizes.get(digest)
        if found is None:
            found = self.blobs.size(digest)
            if found is not None:
                self.sizes[digest] = found
        return found

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
        self.remove(digests)

    def remove(self, digests: Iterable[Digest]) -> None:
        """Remove blobs that nothing names any more.

        Raises:
            ExhaustedError: the disk is broken or read-only.
        """
        for digest in digests:
            self.sizes.pop(digest, None)
            self.blobs.remove(digest)
