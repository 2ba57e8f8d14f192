"""Other nodes in one run of the worker: looked for while other things go on, then asked.

A node's failures are nobody's but its own: they are noted in the book, and the run goes on.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from threading import Event
from typing import Final

import msgspec

from cache.blobs import BlobStore
from cache.space import reserve
from core.digest import Digest
from core.errors import RefusedError
from core.peers import LIST_PATH, Announcement, PeerList
from core.plan.model import Plan
from core.plan.outstanding import Outstanding
from core.plan.situation import Offer
from sync.context import SyncContext
from sync.http_errors import too_slow
from sync.http_source import HttpSource
from sync.peers import book as books
from sync.peers.announce import announced, is_worth_telling
from sync.peers.blobs import BlobFetch
from sync.peers.book import Book, Peer
from sync.peers.offers import Moment, offers
from sync.peers.source import PeerSource
from sync.source import SourceError

# The second question, which goes out after one, is answered by then.
SEARCH_SECONDS: Final = 2.5
HEARD_SECONDS: Final = 2.0
"""Longer than it takes from asking others to telling them that one has begun."""
_OVERHEARD_SECONDS: Final = 1800.0
_ASKED_AT_ONCE: Final = 8
# Lists are asked for again so many seconds later, while a run goes on.
_FRESH_SECONDS: Final = 15.0
_TRIES: Final = 3
_BUSY_SECONDS: Final = 5.0
_LIST_SECONDS: Final = 10.0
"""So long a list may take of a node that nobody typed in: everything else waits for it."""
_BEAT_SECONDS: Final = 30.0
_MUCH_BYTES: Final = 1024 * 1024


class Circle:
    """The other nodes.

    Args:
        context: the run's surroundings.
        said: what this node told last; its name and hub among them.
        blobs: where blobs go.
        remember: keeps what this node tells, for its portal.

    Attributes:
        received: bytes that came.
    """

    def __init__(
        self,
        context: SyncContext,
        said: Announcement,
        blobs: BlobStore,
        remember: Callable[[Announcement], None],
    ) -> None:
        self.received = 0
        self._said = said
        self._remember = remember
        self._context = context
        self._state = context.state
        self._clock = context.clock
        self._company = context.company
        self._own = said.node
        self._blobs = blobs
        self._peers = {one.address: one for one in books.read_book(context.state.peers).peers}
        self._wanted = {pack for one in self._peers.values() for pack in one.promised}
        self._wanted.update(*(one.told.packs for one in self._peers.values()))
        self._sources: dict[str, PeerSource] = {}
        self._missed: dict[str, set[Digest]] = {}
        self._beaten = context.clock.monotonic()
        self._asked_at: float | None = None
        self._looking: Future[Sequence[tuple[str, str]]] | None = None
        self._stop = Event()
        self._found: Sequence[tuple[str, str]] = ()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="peers")

    @property
    def is_alone(self) -> bool:
        """Whether there is nobody to turn to."""
        return self._company.is_none

    def look(self) -> None:
        """Begin to look for nodes, beside what goes on."""
        if not self.is_alone and self._looking is None:
            self._looking = self._thread.submit(self._company.search, SEARCH_SECONDS, self._stop)

    def fresh(self) -> None:
        """Wait until nodes were found and asked; ask them again when that is some time ago.

        Raises:
            ExhaustedError: the disk is full, broken or read-only.
        """
        if self.is_alone or not self._is_due():
            return
        self.look()
        if self._looking is not None and (self._asked_at is None or self._looking.done()):
            self._found = self._looking.result()
            self._looking = None
        self._ask(self._known())
        # Whoever comes while the run goes on is found, too.
        self.look()
        self.save()

    def _is_due(self) -> bool:
        return self._asked_at is None or self._now() - self._asked_at >= _FRESH_SECONDS

    def mean(self, plan: Plan) -> None:
        """Let other nodes know what this one is about to bring, and give them time to hear it.

        Of two nodes that begin at once, each hears the other then, and both agree who goes first.

        Raises:
            ExhaustedError: the disk is full, broken or read-only.
        """
        news = announced(plan, self._said, self._now(), self._clock.boot_id(), begins=False)
        fresh = news.coming.keys() - self._said.coming.keys()
        self._tell(news)
        if fresh:
            self._context.sleep(HEARD_SECONDS)

    def tell(self, plan: Plan) -> None:
        """Let other nodes know what this one brings.

        Raises:
            ExhaustedError: the disk is full, broken or read-only.
        """
        self._tell(announced(plan, self._said, self._now(), self._clock.boot_id()))

    def _tell(self, news: Announcement) -> None:
        if is_worth_telling(news, self._said):
            self._said = news
            self._remember(news)

    def offers(self, outstanding: Outstanding, school: float) -> Sequence[Offer]:
        """Give what they have or bring of what is outstanding; see ``sync.peers.offers``."""
        if self.is_alone or not outstanding.packs:
            return []
        self._wanted = {one.pack for one in outstanding.packs}
        self.fresh()
        book = Book(peers=list(self._peers.values()))
        return offers(book, self._said, outstanding, Moment(self._wall(), school))

    @property
    def is_busy(self) -> bool:
        """Whether one of them gives to others just now, and may give to this node soon."""
        now = self._wall()
        return any(one.is_left(now) and not one.fault for one in self._peers.values())

    def tells_of(self, pack: str) -> bool:
        """Say whether any of them has something of a pack, as far as they were asked."""
        return any(pack in one.told.packs for one in self._healthy())

    def mirrors(self, timestamp: int) -> Iterator[tuple[Peer, HttpSource]]:
        """Give the nodes whose metadata are newer than this node's, parents first."""
        self.fresh()
        hub = self._said.hub
        known = [
            one for one in self._healthy() if one.told.hub == hub and one.told.timestamp > timestamp
        ]
        for one in sorted(known, key=lambda one: (one.kind != "parent", -one.told.timestamp)):
            yield one, self._source(one).repository

    def bring(
        self,
        pack: str,
        item: str,
        wanted: Mapping[Digest, int],
        arrived: Callable[[list[Digest]], None],
    ) -> None:
        """Fetch blobs from whoever has them; what nobody has is not here afterwards.

        Args:
            pack: what they are of.
            item: the lesson; empty for what is of the pack as a whole.
            wanted: size by digest.
            arrived: is told which blobs are here durably, some at a time.

        Raises:
            ExhaustedError: the disk is full, broken or read-only.
        """
        if self.is_alone:
            return
        self.fresh()
        for peer in [one for one in self._healthy() if pack in one.told.packs]:
            missed = self._missed.setdefault(peer.address, set())
            left = {d: size for d, size in self._lacking(wanted).items() if d not in missed}
            if left:
                floor = self._context.disk_floor
                reserve(self._state.root, sum(left.values()), what=pack, floor=floor)
                self._from(peer, (pack, item), left, arrived)

    def leave(self, peer: Peer, error: RefusedError | SourceError) -> None:
        """Leave a node alone for a while: it failed, or what it sent is not what was signed."""
        lied = isinstance(error, RefusedError)
        self._peers[peer.address] = books.broken(
            self._peers[peer.address], _fault_of(error), self._wall(), lied=lied
        )

    def leave_mirror(self, peer: Peer, error: RefusedError | SourceError) -> None:
        """Leave a node alone whose metadata did not come.

        Where they only help nobody (they may have expired, or just be replaced), the lessons that
        it has do.
        """
        if isinstance(error, SourceError) and not error.is_of_the_file:
            self.leave(peer, error)

    def give_up(self, title: str) -> None:
        """Leave a node alone for a moment that brings nothing, though it says that it has it."""
        for address, peer in list(self._peers.items()):
            if peer.title == title:
                self._peers[address] = books.broken(peer, "nothing", self._wall())

    def save(self) -> None:
        """Keep what was learnt, of the packs that are outstanding: the agent reads it often.

        Raises:
            ExhaustedError: the disk is full, broken or read-only.
        """
        known = sorted(self._peers.values(), key=lambda one: (not one.is_typed, -one.heard))
        book = Book(peers=[books.about(one, self._wanted) for one in known[: books.MOST_PEERS]])
        if book != books.read_book(self._state.peers):
            books.write_book(self._state.peers, book)

    def close(self) -> None:
        """Let go of all of them."""
        self._stop.set()
        self._thread.shutdown()
        for source in self._sources.values():
            source.close()

    def _lacking(self, wanted: Mapping[Digest, int]) -> dict[Digest, int]:
        return {digest: size for digest, size in wanted.items() if not self._blobs.has(digest)}

    def _from(
        self,
        peer: Peer,
        what: tuple[str, str],
        wanted: Mapping[Digest, int],
        arrived: Callable[[list[Digest]], None],
    ) -> None:
        """Fetch from one node; when it is busy, wait a little."""
        began = self._clock.monotonic()
        source = self._source(peer)
        fetch = BlobFetch(source, self._state.staging, self._blobs, arrived, self._beat)
        for attempt in range(_TRIES):
            try:
                fetch.bring(self._lacking(wanted))
            except RefusedError as error:
                self.leave(peer, error)
            except SourceError as error:
                # A node that gives to others says when to come again.
                if not error.retry_after:
                    self._broke_off(peer, error, fetch.received)
                elif attempt < _TRIES - 1:
                    self._context.sleep(min(error.retry_after, _BUSY_SECONDS))
                    continue
                else:
                    self._peers[peer.address] = books.busy(self._peers[peer.address], self._wall())
            break
        self.received += fetch.received
        self._note_rate(peer.address, fetch.received, self._clock.monotonic() - began)
        self._note_missed(peer, what, fetch.missed)

    def _broke_off(self, peer: Peer, error: SourceError, received: int) -> None:
        if received >= _MUCH_BYTES:
            # It gives what it can: only the network is bad.
            self._peers[peer.address] = books.gave(self._peers[peer.address], peer.rate)
        self.leave(peer, error)

    def _note_rate(self, address: str, received: int, seconds: float) -> None:
        peer = self._peers[address]
        if received and seconds > 0 and not peer.fault:
            self._peers[address] = books.gave(peer, received / seconds)

    def _note_missed(self, peer: Peer, what: tuple[str, str], missed: set[Digest]) -> None:
        if missed:
            self._missed[peer.address] |= missed
            self._peers[peer.address] = books.lacking(self._peers[peer.address], *what)

    def _beat(self) -> None:
        """Tell now and then that the run goes on: of many small files none is worth telling."""
        now = self._now()
        if now - self._beaten >= _BEAT_SECONDS:
            self._beaten = now
            self._context.alive()

    def _healthy(self) -> list[Peer]:
        now = self._wall()
        there = [one for one in self._peers.values() if one.heard and not one.is_left(now)]
        return sorted(there, key=lambda one: (-one.rate, one.address))

    def _known(self) -> list[Peer]:
        """Give the nodes that are typed in, and those that were found last."""
        company = self._company
        kinds: dict[str, books.Kind] = dict.fromkeys(company.addresses, "peer")
        if company.parent:
            kinds[company.parent] = "parent"
        known = {
            address: msgspec.structs.replace(self._peer(address), kind=kind, is_typed=True)
            for address, kind in kinds.items()
        }
        for address, name in self._found:
            if address not in known and len(known) < books.MOST_PEERS:
                known[address] = msgspec.structs.replace(
                    self._peer(address), name=name, kind="peer", is_typed=False
                )
        # Whoever was found before may have been overheard this time, and a liar may hide.
        now = self._wall()
        for address, one in self._peers.items():
            is_recent = 0 <= now - one.heard <= _OVERHEARD_SECONDS
            is_kept = one.is_left(now) if one.fault == "lied" else is_recent and not one.fault
            if address not in known and not one.is_typed and is_kept:
                known[address] = one
        return list(known.values())[: books.MOST_PEERS]

    def _peer(self, address: str) -> Peer:
        return self._peers.get(address) or Peer(address=address)

    def _ask(self, peers: Sequence[Peer]) -> None:
        """Ask nodes for their lists, several at once; this node itself is none of them."""
        now = self._wall()
        due = [one for one in peers if not one.is_left(now)]
        found = {one.address: one for one in peers}
        if due:
            with ThreadPoolExecutor(min(_ASKED_AT_ONCE, len(due))) as threads:
                for one, told in zip(due, threads.map(self._told, due), strict=True):
                    found[one.address] = self._heard(one, told)
        names = {self._own} - {""}
        self._peers = {}
        # An address that fails hides none at which the same node answers.
        for one in sorted(found.values(), key=lambda one: one.is_left(now)):
            if one.told.node not in names:
                self._peers[one.address] = one
                # Of a node that has several addresses the first one will do.
                names |= {one.told.node} - {""}
        self._asked_at = self._now()

    def _heard(self, peer: Peer, told: PeerList | SourceError | RefusedError) -> Peer:
        if isinstance(told, PeerList):
            return books.answered(peer, told, self._wall())
        lied = isinstance(told, RefusedError)
        return books.failed(peer, _fault_of(told), self._wall(), lied=lied)

    def _told(self, peer: Peer) -> PeerList | SourceError | RefusedError:
        """Ask one node, on a connection of its own."""
        try:
            with closing(self._open(peer)) as source:
                began = self._now()
                told = source.told()
                late = not peer.is_typed and self._now() - began > _LIST_SECONDS
                return too_slow(peer.address, LIST_PATH) if late else told
        except (SourceError, RefusedError) as error:
            return error

    def _source(self, peer: Peer) -> PeerSource:
        if peer.address not in self._sources:
            self._sources[peer.address] = self._open(peer)
        return self._sources[peer.address]

    def _open(self, peer: Peer) -> PeerSource:
        context = self._context
        return PeerSource(
            peer.address, context.clock.monotonic, is_typed=peer.is_typed, alive=context.alive
        )

    def _wall(self) -> float:
        return self._clock.wall().timestamp()

    def _now(self) -> float:
        return self._clock.monotonic()


def _fault_of(error: SourceError | RefusedError) -> str:
    return error.fault if isinstance(error, SourceError) else "lied"
