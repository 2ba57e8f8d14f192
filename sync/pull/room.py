"""What the pulls of all packs in one run share."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Final

from cache.blobs import BlobStore, Condition
from cache.catalogue import Catalogue
from core.digest import Digest
from sync.context import SyncContext
from sync.peers.circle import Circle
from sync.pull.retry import Persistence
from sync.source import Source

# To read one takes a while.
_LARGE: Final = 16 * 1024 * 1024


@dataclass(frozen=True)
class Room:
    """The node's stores, the upstream, other nodes, and the run's surroundings.

    Attributes:
        sizes: of blobs that were seen here in this run.
        sound: blobs that were found whole in it, byte by byte.
        told: items that were told to be ready in it: pack, version, item.
    """

    context: SyncContext
    source: Source
    blobs: BlobStore
    catalogue: Catalogue
    persistence: Persistence
    circle: Circle
    sizes: dict[Digest, int] = field(default_factory=dict)
    sound: set[Digest] = field(default_factory=set)
    told: set[tuple[str, int, str]] = field(default_factory=set)

    def size(self, digest: Digest) -> int | None:
        """Give a blob's size in bytes, or None when it is not here; one that is here stays."""
        found = self.sizes.get(digest)
        if found is None:
            found = self.blobs.size(digest)
            if found is not None:
                self.sizes[digest] = found
        return found

    def is_sound(self, digest: Digest) -> bool:
        """Say whether a blob is here and undamaged; one that is damaged is forgotten.

        Its bytes are read once in a run: what is made from damaged ones would have crossed the
        line in vain, and more than was said would follow. Where bytes cost nothing, it is enough
        that it is here.

        Raises:
            ExhaustedError: the disk is broken or read-only.
        """
        if digest in self.sound:
            return True
        if not self.blobs.has_durably(digest):
            return False
        if self.context.by_line:
            if (self.size(digest) or 0) >= _LARGE:
                self.context.alive()
            if self.lost([digest]):
                return False
        self.sound.add(digest)
        return True

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
            self.sound.discard(digest)
            self.blobs.remove(digest)
