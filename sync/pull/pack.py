"""Pulling one version of one pack: manifest first, then lesson by lesson."""

from collections.abc import Collection, Mapping
from contextlib import closing
from typing import Final

import msgspec

from cache.catalogue_reader import CatalogueReader
from core.digest import Digest, digest_of
from core.errors import ExhaustedError, RefusedError
from core.manifest import MAX_MANIFEST_BYTES, Manifest, Titles, decode_manifest
from core.plan.outstanding import OutstandingPack
from core.release import Release
from core.wanted import EVERYTHING, Portion, wanted_digests
from core.withdrawal import Withdrawal
from sync.events import ItemReady, PackReady, Transferred
from sync.pull.account import Demand, account, received
from sync.pull.bundle import BundleFetch
from sync.pull.bundles import Bundles
from sync.pull.room import Room
from sync.pull.schedule import Group, groups_of, least_of, lowest_of

_EMPTY: Final = digest_of(b"")


class PackPull:
    """Brings one verified release home.

    Args:
        room: what all pulls of the run share.
        release: the version.
        portion: what is wanted of it.
    """

    def __init__(self, room: Room, release: Release, portion: Portion = EVERYTHING) -> None:
        self._room = room
        self._release = release
        self._portion = portion
        self._manifest: Manifest | None = None
        self._is_active = False
        self._items_ready = 0
        self._complete = False
        self._titles: dict[str, Titles] = {}
        self._bundles = Bundles(room, release, self._tell)

    def begin(self) -> Manifest:
        """Activate the version, unless that is done; give its manifest.

        Raises:
            RefusedError: the bundles do not bring what was signed.
            SourceError: the line failed.
            ExhaustedError: the disk is full, broken or read-only.
        """
        if self._manifest is None:
            manifest = self._read_manifest()
            self._check(manifest)
            self._titles = {item.id: item.title for item in manifest.items}
            if _EMPTY in manifest.digests():
                self._room.blobs.add(b"")
            self._activate(manifest)
            self._manifest = manifest
        return self._manifest

    def _activate(self, manifest: Manifest) -> None:
        """Activate the version once; whoever rested has done so."""
        if not self._is_active:
            digest, catalogue = self._release.manifest, self._room.catalogue
            ready = catalogue.activate_manifest(manifest, digest, self._is_here)
            self._is_active = True
            self._tell([one.item for one in ready])

    def outstanding(self, priority: int, wished: Collection[str]) -> OutstandingPack | None:
        """Say what still travels, as far as that is known without the line; None for nothing.

        Args:
            priority: of the assignment, 1 to 9; 10 when only wishes want it.
            wished: items that a teacher wishes and that are not here.

        Raises:
            RefusedError: what is here of it is damaged.
            ExhaustedError: the disk is broken or read-only.
        """
        if self._complete:
            return None
        fetch = self._bundles.first()
        pack = OutstandingPack(
            pack=self._release.pack,
            version=self._release.version,
            base=fetch.link.base if fetch else 0,
            priority=priority,
        )
        if self._manifest is None or fetch is None or not fetch.is_begun():
            return self._unlisted(pack, fetch)
        found = account(
            self._manifest,
            Demand(self._portion, wished, self._withdrawals()),
            self._room.blobs.size,
            self._served(),
            (fetch.index(), received(self._room.context.state.staging, fetch.link.index)),
        )
        return (
            None
            if found.is_settled
            else msgspec.structs.replace(
                pack, is_listed=True, items=found.items, rest=found.rest, rest_size=found.rest_size
            )
        )

    def _unlisted(self, pack: OutstandingPack, fetch: BundleFetch | None) -> OutstandingPack:
        """Say what a version costs whose lists are not here."""
        release = self._release
        if fetch is None:
            return msgspec.structs.replace(pack, size=release.content_size)
        manifest = 0
        if not self._room.blobs.has(release.manifest):
            # It compresses to about a third; what the index says of it nobody knows yet.
            manifest = min(release.manifest_size // 3, fetch.link.length - fetch.link.index_length)
        head = fetch.link.index_length + manifest
        return msgspec.structs.replace(
            pack, head=head, line=max(0, fetch.link.length - head), size=release.content_size
        )

    def _later(self) -> frozenset[Digest]:
        return frozenset(self._wanted(self._manifest)) if self._manifest else frozenset()

    def _served(self) -> set[str]:
        with closing(CatalogueReader(self._room.context.state.catalogue)) as reader:
            return {one.id for one in reader.items(self._release.pack) if one.is_served}

    def learn(self) -> None:
        """Fetch what says what is in the version: its manifest, and a bundle's index.

        Raises:
            RefusedError: the bundles do not bring what was signed.
            SourceError: the line failed.
            ExhaustedError: the disk is full, broken or read-only.
        """
        self.begin()
        fetch = self._bundles.first()
        if fetch is not None:
            fetch.index()

    def bring_wished(self, items: Collection[str]) -> None:
        """Fetch what a class needs of these items, wanted or not; raises as ``run``."""
        manifest = self.begin()
        sizes = manifest.digests()
        groups = [
            group._replace(wanted=frozenset(self._missing({d: sizes[d] for d in group.wanted})))
            for group in least_of(manifest, items)
        ]
        self._bundles.bring(groups, self._later(), told=True)
        self._require_all({digest: sizes[digest] for group in groups for digest in group.wanted})

    def run(self) -> None:
        """Fetch all that is wanted and not here.

        Where the disk has no room for all of it, the lowest renditions come, and it is said.

        Raises:
            RefusedError: the bundles do not bring what was signed.
            SourceError: the line failed; what came is kept.
            ExhaustedError: the disk is full, broken or read-only.
        """
        manifest = self.begin()
        wanted = self._wanted(manifest)
        groups = groups_of(manifest, self._missing(wanted), self._portion)
        try:
            self._bundles.bring(groups, self._later(), told=True)
        except ExhaustedError:
            # There may be room for every lesson in its lowest rendition.
            lowest = lowest_of(manifest, groups, self._portion)
            self._bundles.bring(lowest, self._later(), told=True)
            raise
        self._require_all(wanted)
        self._bundles.forget()
        self._complete = True
        self._room.context.emit(
            PackReady(pack=manifest.pack, version=manifest.version, title=manifest.title)
        )

    def end(self) -> None:
        """Let it be with what was wished: no more of it is wanted."""
        self._complete = True

    def rest(self) -> None:
        """Keep only figures in memory while another pack is at work; it may go on later."""
        self._bundles.rest()
        self._manifest, self._titles = None, {}

    def transferred(self) -> Transferred:
        """Say what it cost."""
        return Transferred(
            pack=self._release.pack,
            version=self._release.version,
            base=self._bundles.base,
            bundle_bytes=self._bundles.received,
            content_size=self._release.content_size,
            items_ready=self._items_ready,
            complete=self._complete,
        )

    def _is_here(self, digest: Digest) -> bool:
        return self._room.blobs.has_durably(digest)

    def _read_manifest(self) -> Manifest:
        digest = self._release.manifest
        blobs = self._room.blobs
        if blobs.has(digest):
            try:
                return decode_manifest(blobs.read(digest, limit=MAX_MANIFEST_BYTES))
            except RefusedError:
                if not self._room.lost([digest]):
                    raise
        self._bundles.bring([Group("", frozenset({digest}))])
        return decode_manifest(blobs.read(digest, limit=MAX_MANIFEST_BYTES))

    def _check(self, manifest: Manifest) -> None:
        release = self._release
        if (manifest.pack, manifest.version) != (release.pack, release.version):
            raise RefusedError(
                "The manifest of {pack} version {version} is of another version.",
                hint="Tell the publisher.",
                pack=release.pack,
                version=release.version,
            )

    def _wanted(self, manifest: Manifest) -> dict[Digest, int]:
        return wanted_digests(manifest, self._withdrawals(), self._portion)

    def _withdrawals(self) -> list[Withdrawal]:
        return self._room.catalogue.withdrawals().get(self._release.pack, [])

    def _require_all(self, wanted: Mapping[Digest, int]) -> None:
        left = self._missing(wanted)
        if left:
            raise RefusedError(
                "The bundles of {pack} version {version} lack {count} of its files.",
                hint="Tell the publisher to publish it again.",
                pack=self._release.pack,
                version=self._release.version,
                count=len(left),
            )

    def _missing(self, wanted: Mapping[Digest, int]) -> set[Digest]:
        """Name the blobs that are not here; one of another size than signed is forgotten."""
        sizes = {one: self._room.blobs.size(one) for one in wanted}
        self._room.forget([d for d, size in sizes.items() if size not in {None, wanted[d]}])
        return {digest for digest, size in sizes.items() if size != wanted[digest]}

    def _tell(self, items: list[str]) -> None:
        for item in items:
            if item not in self._titles:
                continue
            self._items_ready += 1
            self._room.context.emit(
                ItemReady(
                    pack=self._release.pack,
                    version=self._release.version,
                    item=item,
                    title=self._titles[item],
                )
            )
