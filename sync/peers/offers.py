"""What the planner may count on of other nodes. Light."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from core.peers import Announcement, Share, goes_first
from core.plan.outstanding import Outstanding
from core.plan.situation import Holding, Offer
from sync.peers.book import COUNTED_SECONDS, USUAL_RATE, Book, Peer, waited_for


@dataclass(frozen=True, slots=True)
class Moment:
    """One moment by two clocks, seconds since 1970.

    Attributes:
        wall: as the machine has it.
        school: as the planner has it.
    """

    wall: float
    school: float


def offers(book: Book, said: Announcement, outstanding: Outstanding, moment: Moment) -> list[Offer]:
    """Give what other nodes have or bring of what is outstanding.

    Args:
        book: whom this node knows.
        said: what this node told them last; so both agree who goes first.
        outstanding: what is wanted.
        moment: now.
    """
    found = []
    for peer in book.peers:
        if peer.is_left(moment.wall) or not 0 <= moment.wall - peer.heard <= COUNTED_SECONDS:
            continue
        packs = dict(_packs(peer, said, outstanding, moment))
        if packs:
            rate = peer.rate or USUAL_RATE
            found.append(Offer(kind=peer.kind, name=peer.title, rate=rate, packs=packs))
    return found


def _packs(
    peer: Peer, said: Announcement, outstanding: Outstanding, moment: Moment
) -> Iterator[tuple[str, Holding]]:
    for one in outstanding.packs:
        names = frozenset(item.item for item in one.items)
        here = _share(peer, one.pack, one.version, names)
        coming = _coming(peer, said, one.pack, one.version, moment)
        if here is not None or coming is not None:
            # Whoever brings a pack has not all of it, whatever it says.
            items = frozenset() if here is None else here.items
            if coming is not None and items is None:
                coming = None
            yield one.pack, Holding(one.version, items, coming)


@dataclass(frozen=True, slots=True)
class _Here:
    items: frozenset[str] | None


def _share(peer: Peer, pack: str, version: int, names: Collection[str]) -> _Here | None:
    share: Share | None = peer.told.packs.get(pack)
    if share is None or share.version != version:
        return None
    lacks = peer.lacks.get(pack, [])
    if share.items is None:
        return _Here(frozenset(names) - set(lacks) if lacks else None)
    return _Here(frozenset(share.items) - set(lacks))


def _coming(
    peer: Peer, said: Announcement, pack: str, version: int, moment: Moment
) -> float | None:
    coming = waited_for(peer, pack, moment.wall)
    if coming is None or coming.version != version:
        return None
    own: Mapping[str, bool] = {name: one.begun for name, one in said.coming.items()}
    mine = own.get(pack, False), said.node
    if goes_first(pack, mine, (coming.begun, peer.told.node)):
        return None
    return moment.school + coming.seconds
