"""Pulling one version of one pack: manifest first, then lesson by lesson."""

from collections.abc import Collection, Mapping
from typing import Final

from cache.space import reserve
from core.bundle.index import Index
from core.bundle.needs import sources_needed, unmakeable
from core.digest import Digest, digest_of
from core.errors import ExhaustedError, PackhorseError, RefusedError
from core.manifest import MAX_MANIFEST_BYTES, Manifest, Titles, decode_manifest
from core.release import Release
from core.wanted import EVERYTHING, Portion, wanted_digests
from sync.applier import SourceLostError
from sync.events import ItemReady, PackReady, Planned, Transferred, problem_of
from sync.pull.bundle import BundleFetch
from sync.pull.progress import Progress
from sync.pull.room import Room
from sync.pull.schedule import Group, Schedule, groups_of, least_of, lowest_of, schedule
from sync.pull.staging import Staging
from sync.source import SourceError

_EMPTY: Final = digest_of(b"")
_COMMIT_AFTER: Final = 64
# A stick brings them in a second; a slow line has no use for lessons that wait for others.
_BATCH_BYTES: Final = 128 * 1024 * 1024
# Noting takes time with the size of the pack; so much longer must pass between two times.
_NOTE_SHARE: Final = 10


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
        self._base = 0
        self._received = 0
        self._items_ready = 0
        self._complete = False
        self._titles: dict[str, Titles] = {}
        self._next_note = 0.0
        self._fetches: list[BundleFetch] = []
        context = room.context
        self._progress = Progress(release, context.emit, context.clock.monotonic)

    def begin(self) -> Manifest:
        """Activate the version, unless that is done; give its manifest.

        Raises:
            RefusedError: the bundles do not bring what was signed.
            SourceError: the line failed.
            ExhaustedError: the disk is full, broken or read-only.
        """
        if self._manifest is None:
            self._fetches = self._candidates()
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

    def bring_wished(self, items: Collection[str]) -> None:
        """Fetch what a class needs of these items, wanted or not; raises as ``run``."""
        manifest = self.begin()
        sizes = manifest.digests()
        groups = [
            group._replace(wanted=frozenset(self._missing({d: sizes[d] for d in group.wanted})))
            for group in least_of(manifest, items)
        ]
        self._bring(groups, tell=True)
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
            self._bring(groups, tell=True)
        except ExhaustedError:
            # There may be room for every lesson in its lowest rendition.
            self._bring(lowest_of(manifest, groups, self._portion), tell=True)
            raise
        self._require_all(wanted)
        for fetch in self._fetches:
            fetch.forget()
        self._complete = True
        self._room.context.emit(
            PackReady(pack=manifest.pack, version=manifest.version, title=manifest.title)
        )

    def end(self) -> None:
        """Let it be with what was wished: no more of it is wanted."""
        self._complete = True

    def rest(self) -> None:
        """Keep only figures in memory while another pack is at work; it may go on later."""
        self._received = self._bundle_bytes
        self._manifest, self._fetches, self._titles = None, [], {}

    @property
    def _bundle_bytes(self) -> int:
        return self._received + sum(fetch.received for fetch in self._fetches)

    def transferred(self) -> Transferred:
        """Say what it cost."""
        return Transferred(
            pack=self._release.pack,
            version=self._release.version,
            base=self._base,
            bundle_bytes=self._bundle_bytes,
            content_size=self._release.content_size,
            items_ready=self._items_ready,
            complete=self._complete,
        )

    def _candidates(self) -> list[BundleFetch]:
        """Order the bundles by what they cost: one that is begun, deltas that fit, full ones."""
        room = self._room
        whole = room.catalogue.whole_versions(self._release.pack)
        fetches = [
            BundleFetch(
                room.source, self._release, link, room.context.state.staging, room.persistence
            )
            for link in sorted(self._release.bundles, key=lambda one: one.length)
            if not link.base or link.base in whole
        ]
        return sorted(fetches, key=lambda one: not one.is_begun())

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
        self._bring([Group("", frozenset({digest}))])
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
        withdrawals = self._room.catalogue.withdrawals().get(manifest.pack, [])
        return wanted_digests(manifest, withdrawals, self._portion)

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

    def _bring(self, groups: list[Group], *, tell: bool = False) -> None:
        """Bring what is wanted, from one bundle after the other until it is here."""
        refused: PackhorseError | None = None
        for fetch in list(self._fetches):
            groups = self._open(groups)
            if not groups:
                break
            try:
                self._bring_from(fetch, groups, tell=tell)
            except SourceLostError as error:
                self._room.lost([error.digest])
                self._come_last(fetch)
            except (RefusedError, SourceError) as error:
                if isinstance(error, SourceError) and not error.is_of_the_file:
                    raise
                refused = error
                self._come_last(fetch)
        if refused is not None:
            self._judge(refused, groups)

    def _come_last(self, fetch: BundleFetch) -> None:
        self._fetches.remove(fetch)
        self._fetches.append(fetch)

    def _judge(self, refused: PackhorseError, groups: list[Group]) -> None:
        """Raise what went wrong with a bundle, unless another one brought it all."""
        if self._open(groups):
            raise refused
        self._room.context.emit(problem_of(refused, self._release.pack))

    def _open(self, groups: list[Group]) -> list[Group]:
        """Give the groups of which something is not here."""
        return [group for group in groups if not all(map(self._is_here, group.wanted))]

    def _bring_from(self, fetch: BundleFetch, groups: list[Group], *, tell: bool) -> None:
        index = fetch.index()
        batch = 0 if self._room.context.by_line else _BATCH_BYTES
        staging = fetch.open_staging(index, self._room.blobs, batch)
        try:
            groups = self._makeable(index, groups, staging.held())
            # Also what comes later: its payloads that are here already stay.
            every = [*groups, Group("", self._later())]
            staging.want(schedule(index, every, staging.held(), {}).outputs)
            staging.recover()
            plan = schedule(index, groups, staging.held(), staging.made, staging.waiting)
            self._reserve(staging, plan)
            if tell and plan.blocks:
                self._announce(fetch, index, staging, plan)
            self._receive(fetch, index, staging, plan)
        finally:
            staging.close()
            self._note(staging)

    def _later(self) -> frozenset[Digest]:
        return frozenset(self._wanted(self._manifest)) if self._manifest else frozenset()

    def _makeable(self, index: Index, groups: list[Group], held: set[Digest]) -> list[Group]:
        """Leave out what other bundles must bring, since blobs that this one refers to lack."""
        sources = sources_needed(index, schedule(index, groups, held, {}).blocks)
        absent = {one for one in sources if not self._is_here(one)}
        if not absent:
            return groups
        self._room.lost(absent)
        lost = unmakeable(index, held, absent)
        return [group._replace(wanted=group.wanted - lost) for group in groups]

    def _receive(self, fetch: BundleFetch, index: Index, staging: Staging, plan: Schedule) -> None:
        sources = sources_needed(index, plan.blocks)
        absent = next((one for one in sources if not self._is_here(one)), None)
        if absent is not None:
            raise SourceLostError(absent)
        group, before = -1, fetch.received
        try:
            for number in fetch.fetch(staging, index, plan.blocks):
                self._progress.came(fetch.received - before, plan.items[number])
                before = fetch.received
                is_due = self._room.context.clock.monotonic() >= self._next_note
                is_next = plan.groups[number] != group
                if (is_next and is_due) or len(staging.arrived) >= _COMMIT_AFTER:
                    self._note(staging)
                    group = plan.groups[number]
        except SourceLostError:
            raise
        except RefusedError as error:
            # A damaged reference gives garbage that only the blob's digest betrays.
            lost = self._room.lost(sources)
            if not lost and fetch.path not in str(error):
                raise fetch.refused(str(error)) from error
            if not lost:
                raise
            staging.abandon()
            raise SourceLostError(min(lost)) from None

    def _announce(self, fetch: BundleFetch, index: Index, staging: Staging, plan: Schedule) -> None:
        total = plan.total - len(staging.beginning(plan.blocks[0]))
        self._base = fetch.link.base
        self._progress.begin(total)
        release = self._release
        self._room.context.emit(
            Planned(
                pack=release.pack,
                title=release.title,
                version=release.version,
                base=fetch.link.base,
                total=total,
                size=sum(index.outputs[number].size for number in plan.outputs),
            )
        )

    def _reserve(self, staging: Staging, plan: Schedule) -> None:
        """Check that what will be written fits: outputs, and the payloads that they wait for."""
        reserve(
            self._room.context.state.root,
            staging.room_needed(plan.outputs, plan.blocks),
            what=self._release.pack,
            floor=self._room.context.disk_floor,
        )

    def _note(self, staging: Staging) -> None:
        """Let the catalogue name what arrived, and tell which lessons became ready."""
        if not staging.arrived:
            return
        began = self._room.context.clock.monotonic()
        ready = self._room.catalogue.blobs_arrived(staging.arrived)
        ended = self._room.context.clock.monotonic()
        self._next_note = ended + _NOTE_SHARE * (ended - began)
        staging.arrived.clear()
        self._tell([one.item for one in ready if one.pack == self._release.pack])

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
