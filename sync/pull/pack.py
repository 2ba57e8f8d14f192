"""Pulling one version of one pack: what is in it first, then step by step of its lessons."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import closing
from typing import Final

import msgspec

from cache.catalogue_reader import CatalogueReader
from core.assignment import LAST
from core.digest import Digest, digest_of
from core.errors import ExhaustedError, RefusedError
from core.manifest import MAX_MANIFEST_BYTES, Manifest, Titles, decode_manifest
from core.plan.outstanding import OutstandingPack
from core.release import Release
from core.wanted import EVERYTHING, Portion, wanted_digests
from core.withdrawal import Withdrawal
from sync.events import ItemReady, PackReady, Transferred
from sync.pull.account import Account, Demand, Here, Known, account, lacking, received
from sync.pull.bundle import WHOLE, BundleFetch, Stretch
from sync.pull.bundles import Bundles
from sync.pull.room import Room
from sync.pull.schedule import Group, groups_of, least_of, lowest_of, rest_of, steps_of

_EMPTY: Final = digest_of(b"")
_NOTHING: Final = Portion(items=())


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
        self._demand = Demand(portion)
        self._manifest: Manifest | None = None
        self._is_active = False
        self._items_ready = 0
        self._complete = False
        self._titles: dict[str, Titles] = {}
        self._bundles = Bundles(room, release, self._tell)

    def learn(self) -> None:
        """Fetch what says what is in the version: its manifest, and the indexes of bundles.

        Raises:
            RefusedError: the bundles do not bring what was signed.
            SourceError: the line failed.
            ExhaustedError: the disk is full, broken or read-only.
        """
        manifest = self.begin()
        self._bundles.open_for(lacking(manifest, self._demand, self._room.size))

    def learn_from_peers(self) -> None:
        """Take the manifest from another node, if one has it and it is not here.

        Raises:
            RefusedError: the version's manifest is not what was signed.
            ExhaustedError: the disk is full, broken or read-only.
        """
        release = self._release
        if self._known() is None:
            self._take_from_peers("", {release.manifest: release.manifest_size})

    def begin(self) -> Manifest:
        """Activate the version, unless that is done; give its manifest; raises as ``learn``."""
        self.learn_from_peers()
        manifest = self._known()
        if manifest is None:
            self._bundles.bring([Group("", frozenset({self._release.manifest}))])
            data = self._room.blobs.read(self._release.manifest, limit=MAX_MANIFEST_BYTES)
            manifest = self._take(decode_manifest(data))
        return manifest

    def outstanding(self, priority: int, wished: Collection[str]) -> OutstandingPack | None:
        """Say what still travels, as far as that is known without the line; None for nothing.

        Args:
            priority: of the assignment, 1 to 9; 10 when only wishes want it.
            wished: items that a teacher wishes and that are not here.

        Raises:
            RefusedError: the version's manifest is not what was signed.
            ExhaustedError: the disk is full, broken or read-only.
        """
        if self._complete:
            return None
        manifest = self._known()
        known = self._bundles.known() if manifest is not None else []
        fetch = self._bundles.first()
        portion = self._portion if priority <= LAST else _NOTHING
        self._demand = Demand(portion, wished, self._withdrawals())
        pack = OutstandingPack(
            pack=self._release.pack,
            version=self._release.version,
            base=fetch.link.base if fetch else 0,
            priority=priority,
        )
        if manifest is None or fetch is None:
            return self._unlisted(pack, fetch)
        bundles: Known = self._share(fetch)
        if known:
            staging = self._room.context.state.staging
            bundles = [(index, received(staging, one.link.index)) for one, index in known]
        elif not self._room.circle.tells_of(self._release.pack):
            return self._unlisted(pack, fetch)
        found = self._account(manifest, bundles)
        if found.is_settled:
            return None
        more = self._bundles.unknown() if found.unknown else None
        if more is not None:
            return msgspec.structs.replace(
                pack, head=more.link.index_length, line=found.line, size=found.size
            )
        return msgspec.structs.replace(
            pack, is_listed=True, items=found.items, rest=found.rest, rest_size=found.rest_size
        )

    def _account(self, manifest: Manifest, bundles: Known) -> Account:
        room, served = self._room, self._served()
        while True:
            spoilt: list[Digest] = []

            def is_sound(digest: Digest, found: list[Digest] = spoilt) -> bool:
                was_here = room.blobs.has(digest)
                is_sound = room.is_sound(digest)
                if was_here and not is_sound:
                    found.append(digest)
                return is_sound

            reckoned = account(manifest, self._demand, Here(room.size, is_sound), served, bundles)
            # What was damaged may be wanted itself, too.
            if not spoilt:
                return reckoned

    def bring(
        self,
        steps: Sequence[tuple[str, str]],
        stretch: Stretch = WHOLE,
    ) -> None:
        """Fetch steps of items, wanted or not; raises as ``learn``.

        Args:
            steps: items and their renditions, in order; two empty texts for what no item names.
            stretch: how much is fetched before something else may come first.
        """
        self.bring_from_peers(steps)
        groups = [self._lacking(group) for group in self._groups(steps)]
        if self._bundles.bring(groups, self._later(), stretch):
            self._require_all(self._sized(groups))

    def bring_from_peers(self, steps: Sequence[tuple[str, str]]) -> None:
        """Fetch steps of items from other nodes, as far as they have them; raises as ``learn``."""
        if not self._room.circle.is_alone:
            for group in map(self._lacking, self._groups(steps)):
                self._take_from_peers(group.item, self._sized([group]))

    def _take_from_peers(self, item: str, wanted: Mapping[Digest, int]) -> None:
        if wanted:
            self._room.circle.bring(self._release.pack, item, wanted, self._arrived)

    def _arrived(self, digests: list[Digest]) -> None:
        ready = self._room.catalogue.blobs_arrived(digests)
        self._tell([one.item for one in ready if one.pack == self._release.pack])

    def _groups(self, steps: Sequence[tuple[str, str]]) -> list[Group]:
        """Give what brings steps of items; two empty texts stand for what no item names."""
        manifest = self.begin()
        groups = steps_of(manifest, steps)
        if ("", "") in steps:
            groups.append(rest_of(manifest, self._wanted(manifest)))
        return groups

    def bring_wished(self, items: Collection[str]) -> None:
        """Fetch what a class needs of these items, wanted or not; raises as ``learn``."""
        groups = [self._lacking(group) for group in least_of(self.begin(), items)]
        self._bundles.bring(groups, self._later())
        self._require_all(self._sized(groups))

    def run(self) -> None:
        """Fetch all that is wanted and not here; raises as ``learn``.

        Where the disk has no room for all of it, the lowest renditions come, and it is said.
        """
        manifest = self.begin()
        groups = groups_of(manifest, self._missing(self._wanted(manifest)), self._portion)
        try:
            self._bundles.bring(groups, self._later())
        except ExhaustedError:
            # There may be room for every lesson in its lowest rendition.
            self._bundles.bring(lowest_of(manifest, groups, self._portion), self._later())
            raise
        self.finish()

    def finish(self) -> None:
        """Let it be whole: all that is wanted came.

        Raises:
            RefusedError: the bundles do not bring what was signed.
            SourceError: the line failed.
            ExhaustedError: the disk is full, broken or read-only.
        """
        if self._complete:
            return
        manifest = self.begin()
        self._require_all(self._wanted(manifest))
        self._bundles.forget()
        self._complete = True
        self._room.context.emit(
            PackReady(pack=manifest.pack, version=manifest.version, title=manifest.title)
        )

    def end(self) -> None:
        """Let it be with what was wished: no more of it is wanted."""
        self._complete = True

    def announce(self, total: int, size: int) -> None:
        """Tell once what will be fetched: bytes that travel, and those of their files."""
        self._bundles.announce(total, size)

    def rest(self) -> None:
        """Keep only figures in memory while another pack is at work; it may go on later.

        Raises:
            ExhaustedError: the disk is full, broken or read-only.
        """
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

    def _known(self) -> Manifest | None:
        """Give the manifest, if it is here; the version is active then."""
        digest, blobs = self._release.manifest, self._room.blobs
        if self._manifest is None and blobs.has(digest):
            try:
                self._take(decode_manifest(blobs.read(digest, limit=MAX_MANIFEST_BYTES)))
            except RefusedError:
                if not self._room.lost([digest]):
                    raise
        return self._manifest

    def _take(self, manifest: Manifest) -> Manifest:
        """Make a manifest the one that is worked with; activate it once in a run."""
        self._check(manifest)
        self._titles = {item.id: item.title for item in manifest.items}
        if _EMPTY in manifest.digests():
            self._room.blobs.add(b"")
        if not self._is_active:
            digest, catalogue = self._release.manifest, self._room.catalogue
            ready = catalogue.activate_manifest(manifest, digest, self._room.blobs.has_durably)
            self._is_active = True
            self._tell([one.item for one in ready])
        self._manifest = manifest
        return manifest

    def _unlisted(self, pack: OutstandingPack, fetch: BundleFetch | None) -> OutstandingPack:
        """Say what a version costs whose lists are not here."""
        release = self._release
        if fetch is None:
            return msgspec.structs.replace(pack, head=1, size=release.content_size)
        manifest = 0
        if not self._room.blobs.has(release.manifest):
            # It compresses to about a third; what the index says of it nobody knows yet.
            manifest = min(release.manifest_size // 3, fetch.link.length - fetch.link.index_length)
        head = fetch.link.index_length + manifest
        return msgspec.structs.replace(
            pack, head=head, line=max(0, fetch.link.length - head), size=release.content_size
        )

    def _share(self, fetch: BundleFetch) -> float:
        """Give which share of the files' bytes a bundle brings them with."""
        return max(0.0, fetch.link.length / max(1, self._release.content_size))

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

    def _later(self) -> frozenset[Digest]:
        return frozenset(self._wanted(self._manifest)) if self._manifest else frozenset()

    def _withdrawals(self) -> list[Withdrawal]:
        return self._room.catalogue.withdrawals().get(self._release.pack, [])

    def _served(self) -> set[str]:
        with closing(CatalogueReader(self._room.context.state.catalogue)) as reader:
            return {one.id for one in reader.items(self._release.pack) if one.is_served}

    def _lacking(self, group: Group) -> Group:
        return group._replace(wanted=frozenset(self._missing(self._sized([group]))))

    def _sized(self, groups: Iterable[Group]) -> dict[Digest, int]:
        sizes = self.begin().digests()
        return {digest: sizes[digest] for group in groups for digest in group.wanted}

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
        release, told = self._release, self._room.told
        for item in items:
            if item not in self._titles or (release.pack, release.version, item) in told:
                continue
            told.add((release.pack, release.version, item))
            self._items_ready += 1
            self._room.context.emit(
                ItemReady(
                    pack=release.pack,
                    version=release.version,
                    item=item,
                    title=self._titles[item],
                )
            )
