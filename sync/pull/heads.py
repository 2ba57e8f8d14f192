"""The head of a bundle: from its bytes to the index by which its blocks are fetched."""

from collections.abc import Sequence
from typing import Final

from core.bundle.codecs import EXPANDED
from core.bundle.compact import CompactIndex
from core.bundle.frame import decode_head
from core.bundle.index import Index
from core.bundle.listed import Rows, rows_of
from core.bundle.resolve import Resolved, resolve, resolve_known
from core.bundle.same_deflate import has_same_deflate
from core.digest import Digest, digest_of
from core.errors import RefusedError
from core.manifest import MAX_MANIFEST_BYTES, decode_manifest
from core.release import BundleLink, Release
from sync.applier import SourceLostError, read_part
from sync.pull.room import Room

_MOST_KEPT: Final = 4


class Heads:
    """Reads the heads of bundles, and keeps what small files are in them.

    Args:
        room: what all pulls of the run share.

    Attributes:
        arrived: blobs that were made of heads since the caller last emptied this.
    """

    def __init__(self, room: Room) -> None:
        self.arrived: list[Digest] = []
        self._room = room
        self._indexes: dict[Digest, Index] = {}
        self._waiting: set[Digest] = set()

    def index(self, head: bytes, link: BundleLink, release: Release) -> Index:
        """Give the index of a bundle.

        Args:
            head: its head, verified or not.
            link: which of the release's bundles it is.
            release: the version.

        Raises:
            RefusedError: it is not what was signed, or breaks a rule.
            SourceLostError: it starts from a version of which something is not here.
            ExhaustedError: the disk is full, broken or read-only.
        """
        known = self._indexes.get(link.index)
        if known is not None:
            return known
        found = decode_head(head, link, release)
        index = found if isinstance(found, Index) else self._resolved(*found, link, release)
        while len(self._indexes) >= _MOST_KEPT:
            del self._indexes[next(iter(self._indexes))]
        self._indexes[link.index] = index
        return index

    def can_use(self, link: BundleLink, release: Release) -> bool:
        """Say whether the version that a bundle starts from is known here, whole or not.

        Raises:
            ExhaustedError: the disk is broken or read-only.
        """
        if not link.base:
            return True
        digest = self._room.catalogue.manifest_of(release.pack, link.base)
        return digest is not None and self._room.is_sound(digest)

    def is_waiting(self, link: BundleLink, release: Release) -> bool:
        """Say whether a bundle is of no use until the version's manifest is here."""
        return link.index in self._waiting and not self._room.blobs.has(release.manifest)

    def _resolved(
        self, compact: CompactIndex, payloads: Sequence[bytes], link: BundleLink, release: Release
    ) -> Index:
        """Work out what a delta makes, and keep what its head makes."""
        if any(block.codec & EXPANDED for block in compact.blocks) and not has_same_deflate():
            raise RefusedError(
                "The delta of {pack} from version {base} needs another zlib than this system has.",
                pack=release.pack,
                base=link.base,
            )
        base = self._base(release, link.base)
        try:
            found = self._made(compact, payloads, base, link, release)
        except SourceLostError:
            if not self._room.blobs.has(release.manifest):
                self._waiting.add(link.index)
                raise
            # Which files they are is known otherwise; the blocks behind the head are of use.
            data = self._room.blobs.read(release.manifest, limit=MAX_MANIFEST_BYTES)
            return resolve_known(compact, payloads, base, decode_manifest(data))
        self._keep(found)
        return found.index

    def _made(
        self,
        compact: CompactIndex,
        payloads: Sequence[bytes],
        base: Rows,
        link: BundleLink,
        release: Release,
    ) -> Resolved:
        """Make what is in a delta's head.

        Raises:
            RefusedError: it is not what was signed.
            SourceLostError: it is made from something that is not here, or damaged.
        """
        used: set[Digest] = set()

        def read(digest: Digest, offset: int, length: int) -> bytes:
            used.add(digest)
            return read_part(self._room.blobs.path(digest), digest, offset, length)

        try:
            return _proven(resolve(compact, payloads, base, read), link, release)
        except SourceLostError as error:
            self._room.lost([error.digest])
            raise
        except RefusedError:
            # A damaged reference gives garbage that only the manifest's digest betrays.
            lost = self._room.lost(used)
            if not lost:
                raise
            raise SourceLostError(min(lost)) from None

    def _base(self, release: Release, version: int) -> Rows:
        """Give the version that a delta starts from."""
        digest = self._room.catalogue.manifest_of(release.pack, version)
        if digest is None:
            raise RefusedError(
                "Version {base} of {pack} is not here any more.", base=version, pack=release.pack
            )
        try:
            data = self._room.blobs.read(digest, limit=MAX_MANIFEST_BYTES)
        except RefusedError as error:
            raise SourceLostError(digest) from error
        return rows_of(data, decode_manifest(data))

    def _keep(self, found: Resolved) -> None:
        """Take what a head makes as blobs, all together."""
        blobs = self._room.blobs
        made = {**found.made, digest_of(found.manifest): found.manifest}
        staging = self._room.context.state.staging / "heads"
        self.arrived += blobs.add_all(made, staging)


def _proven(found: Resolved, link: BundleLink, release: Release) -> Resolved:
    if digest_of(found.manifest) != release.manifest:
        raise RefusedError(
            "The delta of {pack} from version {base} gives something else than was signed.",
            pack=release.pack,
            base=link.base,
        )
    return found
