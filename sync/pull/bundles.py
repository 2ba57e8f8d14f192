"""Bringing blobs of one version from its bundles, one bundle after the other."""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Final

from cache.space import reserve
from core.bundle.index import Index
from core.bundle.needs import makeable, read_unproven, sources_needed
from core.digest import Digest
from core.errors import PackhorseError, RefusedError
from core.release import Release
from sync.applier import SourceLostError
from sync.events import Planned, problem_of
from sync.pull.bundle import WHOLE, BundleFetch, Stretch
from sync.pull.candidates import Candidates
from sync.pull.progress import Progress
from sync.pull.room import Room
from sync.pull.schedule import Group, Schedule, schedule
from sync.pull.staging import Staging
from sync.source import SourceError

_COMMIT_AFTER: Final = 64
# A stick brings them in a second; a slow line has no use for lessons that wait for others.
_BATCH_BYTES: Final = 128 * 1024 * 1024
# Noting takes time with the size of the pack; so much longer must pass between two times.
_NOTE_SHARE: Final = 10


@dataclass(frozen=True, slots=True)
class _Opened:
    """The bundle that is being received."""

    fetch: BundleFetch
    index: Index
    staging: Staging


class Bundles:
    """The bundles of one release, as far as they can be used here.

    Args:
        room: what all pulls of the run share.
        release: the version.
        tell: is told which items became ready.

    Attributes:
        base: version that the bundle last used refers to, 0 for a full bundle.
    """

    def __init__(self, room: Room, release: Release, tell: Callable[[list[str]], None]) -> None:
        self.base = 0
        self._room = room
        self._release = release
        self._tell = tell
        self._next_note = 0.0
        self._opened: _Opened | None = None
        self._candidates = Candidates(room, release)
        self._is_announced = False
        context = room.context
        self._progress = Progress(release, context.emit, context.clock.monotonic)

    @property
    def received(self) -> int:
        """Bytes of index and blocks that came in this run, those that came twice included."""
        return self._candidates.received

    def first(self) -> BundleFetch | None:
        """Give the bundle that costs least; None when none can be used."""
        return next(iter(self._candidates.ordered()), None)

    def known(self) -> list[tuple[BundleFetch, Index]]:
        """Give the bundles whose indexes are here, in order; up to the first that is not.

        Raises:
            ExhaustedError: the disk is broken or read-only.
        """
        found = self._candidates.known()
        self._note_heads()
        return found

    def unknown(self) -> BundleFetch | None:
        """Give the first bundle whose index is not here; None where all are."""
        return next((one for one in self._candidates.ordered() if not one.is_begun()), None)

    def open_for(self, wanted: Collection[Digest]) -> None:
        """Fetch the indexes of as many bundles as bring ``wanted``, those first that cost least.

        Raises:
            RefusedError: none that can be used is what was signed.
            SourceError: the line failed.
            ExhaustedError: the disk is full, broken or read-only.
        """
        left = frozenset(wanted)
        opened: set[Digest] = set()
        refused: RefusedError | None = None
        while left and (fetch := self._candidates.next(opened)):
            opened.add(fetch.link.index)
            try:
                index = fetch.index()
            except SourceLostError:
                # It is used for the rest when the manifest is here.
                continue
            except RefusedError as error:
                refused = error
                self._candidates.come_last(fetch)
                continue
            self._note_heads()
            left = frozenset(one for one in left if not self._is_here(one))
            left -= self._brings(index, left)
        self._judge(refused, is_lacking=bool(left))

    def announce(self, total: int, size: int) -> None:
        """Tell once in a run what will be fetched.

        Args:
            total: bytes that still travel.
            size: bytes of the files that they make.
        """
        fetch = self.first()
        if self._is_announced or not total or fetch is None:
            return
        self._is_announced = True
        self.base = fetch.link.base
        self._progress.begin(total)
        release = self._release
        self._room.context.emit(
            Planned(
                pack=release.pack,
                title=release.title,
                version=release.version,
                base=fetch.link.base,
                total=total,
                size=size,
            )
        )

    def forget(self) -> None:
        """Remove what is staged: all that was wanted is here.

        Raises:
            ExhaustedError: the disk is broken or read-only.
        """
        self._close()
        self._candidates.forget()

    def rest(self) -> None:
        """Keep only figures in memory while another pack is at work.

        Raises:
            ExhaustedError: the disk is full, broken or read-only.
        """
        self._close()
        self._candidates.rest()

    def bring(
        self,
        groups: list[Group],
        later: frozenset[Digest] = frozenset(),
        stretch: Stretch = WHOLE,
    ) -> bool:
        """Bring what is wanted, from one bundle after the other until it is here.

        Args:
            groups: what to bring, in order.
            later: what will be wanted then: what is here of it already stays.
            stretch: how much is fetched before something else may come first.

        Returns:
            Whether all was done that can be.

        Raises:
            RefusedError: the bundles do not bring what was signed.
            SourceError: the line failed; what came is kept.
            ExhaustedError: the disk is full, broken or read-only.
        """
        refused: PackhorseError | None = None
        before = self.received
        done: set[Digest] = set()
        lost: set[Digest] = set()
        while (groups := self._lacking(groups)) and (fetch := self._candidates.next(done)):
            done.add(fetch.link.index)
            try:
                self._bring_from(fetch, groups, later, stretch)
            except SourceLostError as error:
                # What the bundle brings without that comes in another turn.
                if error.digest not in lost:
                    done.discard(fetch.link.index)
                lost |= {error.digest, *self._room.lost([error.digest])}
            except (RefusedError, SourceError) as error:
                if isinstance(error, SourceError) and not error.is_of_the_file:
                    raise
                refused = error
                self._candidates.come_last(fetch)
            if stretch.is_enough() and self.received > before:
                return not self._lacking(groups)
        self._judge(refused, is_lacking=refused is not None and bool(self._lacking(groups)))
        return True

    def _judge(self, refused: PackhorseError | None, *, is_lacking: bool) -> None:
        """Raise what went wrong with a bundle, if anything, unless others brought it all."""
        if refused is None:
            return
        if is_lacking:
            raise refused
        self._room.context.emit(problem_of(refused, self._release.pack))

    def _is_here(self, digest: Digest) -> bool:
        return self._room.blobs.has_durably(digest)

    def _lacking(self, groups: list[Group]) -> list[Group]:
        """Give the groups of which something is not here."""
        return [group for group in groups if not all(map(self._is_here, group.wanted))]

    def _brings(self, index: Index, wanted: Collection[Digest]) -> frozenset[Digest]:
        """Name what of ``wanted`` a bundle brings here."""
        held = {one.digest for one in index.outputs if self._room.size(one.digest) == one.size}
        return makeable(index, wanted, held, self._room.is_sound)

    def _bring_from(
        self,
        fetch: BundleFetch,
        groups: list[Group],
        later: frozenset[Digest],
        stretch: Stretch,
    ) -> None:
        index = fetch.index()
        self._note_heads()
        wanted = frozenset[Digest]().union(*(group.wanted for group in groups))
        found = self._brings(index, wanted | later)
        if not found & wanted:
            return
        groups = [group._replace(wanted=group.wanted & found) for group in groups]
        opened = self._open(fetch, index)
        try:
            with self._blaming(opened):
                self._make(opened, groups, later & found, stretch)
        except BaseException:
            self._close()
            raise
        finally:
            self._note(opened.staging)

    def _make(
        self, opened: _Opened, groups: list[Group], later: frozenset[Digest], stretch: Stretch
    ) -> None:
        """Make what is wanted: of what an earlier run left, and of what is fetched."""
        index, staging = opened.index, opened.staging
        # Also what comes later: its payloads that are here already stay.
        every = [*groups, Group("", later)]
        staging.want(schedule(index, every, staging.held(), {}).outputs)
        plan = schedule(index, groups, staging.held(), staging.made, staging.waiting)
        self._reserve(staging, plan)
        if plan.blocks:
            self.base = opened.fetch.link.base
        self._receive(opened, plan, stretch)
        staging.rest()

    @contextmanager
    def _blaming(self, opened: _Opened) -> Iterator[None]:
        """Tell a damaged source from a bundle that is wrong.

        Raises:
            SourceLostError: a source is damaged or gone.
            RefusedError: it is the bundle.
        """
        fetch, index, staging = opened.fetch, opened.index, opened.staging
        try:
            yield
        except SourceLostError:
            raise
        except RefusedError as error:
            with suppress(RefusedError):
                staging.wait()
            staging.rest()
            # A damaged reference gives garbage that only the blob's digest betrays. The block may
            # be one that an earlier run fetched, or that waited since an earlier stretch.
            lost = self._room.lost(read_unproven(index, staging.used, staging.held()))
            if not lost and fetch.path not in str(error):
                raise fetch.refused(str(error)) from error
            if not lost:
                raise
            staging.abandon(lost)
            raise SourceLostError(min(lost)) from None

    def _open(self, fetch: BundleFetch, index: Index) -> _Opened:
        """Open what is half received of a bundle, unless it is open."""
        if self._opened is None or self._opened.fetch is not fetch:
            self._close()
            batch = 0 if self._room.context.by_line else _BATCH_BYTES
            staging = fetch.open_staging(index, self._room.blobs, batch)
            self._opened = _Opened(fetch, index, staging)
        return self._opened

    def _close(self) -> None:
        opened, self._opened = self._opened, None
        if opened is not None:
            opened.staging.close()

    def _receive(self, opened: _Opened, plan: Schedule, stretch: Stretch) -> None:
        fetch, index, staging = opened.fetch, opened.index, opened.staging
        sources = sources_needed(index, plan.blocks)
        absent = next((one for one in sources if not self._is_here(one)), None)
        if absent is not None:
            raise SourceLostError(absent)
        group, before, is_owed = -1, fetch.received, False
        for number in fetch.fetch(staging, index, plan.blocks, stretch):
            self._progress.came(fetch.received - before, plan.items[number])
            before = fetch.received
            is_owed = is_owed or plan.groups[number] != group
            group = plan.groups[number]
            is_due = self._room.context.clock.monotonic() >= self._next_note
            is_there = is_owed and not staging.is_busy
            if (is_there and is_due) or len(staging.arrived) >= _COMMIT_AFTER:
                self._note(staging)
                is_owed = False
        staging.wait()

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
        arrived = [staging.arrived.popleft() for _ in range(len(staging.arrived))]
        self._name(arrived)

    def _note_heads(self) -> None:
        """The same of what was in the heads of bundles."""
        arrived = self._candidates.arrived
        self._name(arrived)
        arrived.clear()

    def _name(self, arrived: list[Digest]) -> None:
        if not arrived:
            return
        began = self._room.context.clock.monotonic()
        ready = self._room.catalogue.blobs_arrived(arrived)
        ended = self._room.context.clock.monotonic()
        self._next_note = ended + _NOTE_SHARE * (ended - began)
        self._tell([one.item for one in ready if one.pack == self._release.pack])
