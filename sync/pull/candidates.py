"""The bundles of one release that can be used here, in the order in which they are turned to."""

from collections.abc import Collection, Mapping, Sequence

from core.bundle.index import Index
from core.digest import Digest
from core.errors import RefusedError
from core.release import BundleLink, Release
from sync.applier import SourceLostError
from sync.pull.bundle import BundleFetch
from sync.pull.heads import Heads
from sync.pull.room import Room


def by_cost(links: Sequence[BundleLink], shares: Mapping[int, float]) -> list[BundleLink]:
    """Order bundles by what they probably cost.

    A delta from a version that is here in part brings that part of what it has; the rest costs
    what the next best bundle costs.

    Args:
        links: full bundles, and deltas from versions that are known here.
        shares: which share of each version is here.
    """
    whole = [one.length for one in links if not one.base or shares.get(one.base) == 1]
    rest = min(whole, default=0)

    def cost(link: BundleLink) -> float:
        share = shares.get(link.base, 0.0) if link.base else 1.0
        blocks = link.length - link.index_length
        return link.index_length + share * blocks + (1 - share) * rest

    return sorted(links, key=cost)


class Candidates:
    """Those that can be used: full ones, and deltas from versions whose manifests are here.

    Args:
        room: what all pulls of the run share.
        release: the version.
    """

    def __init__(self, room: Room, release: Release) -> None:
        self._room = room
        self._release = release
        self._heads = Heads(room)
        self._received = 0
        self._fetches: list[BundleFetch] | None = None

    @property
    def arrived(self) -> list[Digest]:
        """Blobs that were made of heads since the caller last emptied this."""
        return self._heads.arrived

    @property
    def received(self) -> int:
        """Bytes of index and blocks that came in this run, those that came twice included."""
        return self._received + sum(fetch.received for fetch in self._fetches or ())

    def ordered(self) -> list[BundleFetch]:
        """Give them in order: those that are begun first, then by what they cost.

        Raises:
            ExhaustedError: the disk is broken or read-only.
        """
        if self._fetches is None:
            links = [one for one in self._release.bundles if self._can_use(one)]
            shares = self._room.catalogue.shares(self._release.pack)
            self._fetches = [
                BundleFetch(self._room, self._release, link, self._heads)
                for link in by_cost(links, shares)
            ]
            self._fetches.sort(key=lambda one: not one.is_begun())
        return [one for one in self._fetches if self._can_use(one.link)]

    def next(self, done: Collection[Digest]) -> BundleFetch | None:
        """Give the first one whose index is not one of these; None for none.

        Raises:
            ExhaustedError: the disk is broken or read-only.
        """
        return next((one for one in self.ordered() if one.link.index not in done), None)

    def known(self) -> list[tuple[BundleFetch, Index]]:
        """Give those whose indexes are here, in order; up to the first that is not.

        Raises:
            ExhaustedError: the disk is full, broken or read-only.
        """
        found: list[tuple[BundleFetch, Index]] = []
        for fetch in self.ordered():
            try:
                index = fetch.kept_index()
            except SourceLostError:
                continue
            except RefusedError:
                self.come_last(fetch)
                continue
            if index is None:
                break
            found.append((fetch, index))
        return found

    def come_last(self, fetch: BundleFetch) -> None:
        """Turn to one after all others: it is not what was signed."""
        fetches = self._fetches or []
        fetches.remove(fetch)
        fetches.append(fetch)

    def forget(self) -> None:
        """Remove what is staged: all that was wanted is here.

        Raises:
            ExhaustedError: the disk is broken or read-only.
        """
        for fetch in self._fetches or ():
            fetch.forget()

    def rest(self) -> None:
        """Keep only figures in memory; it may go on later."""
        self._received, self._fetches = self.received, None

    def _can_use(self, link: BundleLink) -> bool:
        heads, release = self._heads, self._release
        return heads.can_use(link, release) and not heads.is_waiting(link, release)
