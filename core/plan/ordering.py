"""In which order what is outstanding comes.

1. statements; what tells what is in new versions;
2. lessons by their deadlines, each in its lowest wanted rendition, as many as can be in time;
   small updates, wishes, and better renditions of the next days' lessons, before and among them
   where they make none late;
3. lessons that cannot be in time;
4. everything else that is assigned, by priority, lowest renditions first, then better ones.

What costs nothing (a stick, another node) comes before all that costs. What has no room on the
disk is held, after packs that nobody assigns have made room.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import msgspec

from core.plan.capacity import Capacity, free_stretches, hold_now
from core.plan.model import Hold, Why
from core.plan.outstanding import OutstandingPack
from core.plan.pieces import SMALL_UPDATE, Key, Maker, Piece
from core.plan.room import make_room
from core.plan.sharing import sharing
from core.plan.situation import Situation
from core.plan.timely import Timely

_BULK: Final[frozenset[Why]] = frozenset({"assigned", "better"})


@dataclass(frozen=True, slots=True)
class Order:
    """The pieces in order, and what the line brings.

    Attributes:
        pieces: in order, with what must be removed for them.
        expected: the line, as it usually is.
        safe: the line, as it has nearly always been.
        hold: why nothing travels by line now.
        until: when that ends by itself, seconds since 1970.
    """

    pieces: list[Piece]
    expected: Capacity
    safe: Capacity
    hold: Hold
    until: float | None


def order(situation: Situation, *, bulk: bool = True) -> Order:
    """Put what is outstanding in order.

    Args:
        situation: all that is known.
        bulk: whether what nothing needs at a time is in it, too.
    """
    drafter = _Drafter(situation)
    pieces = drafter.pieces(bulk=bulk)
    hold, until = hold_now(situation)
    free = [one for one in pieces if not one.line and one.coming is None]
    paid = [one for one in pieces if one.line or one.coming is not None]
    held = [_held(one, situation, hold) for one in [*free, *paid]]
    placed = make_room(sharing(held, situation), situation)
    return Order(placed, drafter.expected, drafter.safe, hold, until)


class _Drafter:
    """Drafts the order, from what is most urgent on; each piece comes once.

    Args:
        situation: all that is known.
    """

    def __init__(self, situation: Situation) -> None:
        self._situation = situation
        free = free_stretches(situation)
        comes = situation.comes
        self.expected = Capacity(situation, comes.expected, free)
        self.safe = Capacity(situation, comes.safe, free)
        self._maker = Maker(situation)
        self._packs = sorted(situation.outstanding.packs, key=lambda one: (one.priority, one.pack))
        self._places = {
            (pack.pack, item.item): (pack, item) for pack in self._packs for item in pack.items
        }
        self._taken: set[Key] = set()

    def pieces(self, *, bulk: bool) -> list[Piece]:
        """Give the pieces in order."""
        first = [*self._maker.upload()]
        first += [self._maker.listing(pack) for pack in self._packs if not pack.is_listed]
        updates = [self._small(pack) for pack in self._packs]
        timely = Timely(
            self._situation,
            self._maker,
            self._places,
            expected=self.expected,
            safe=self.safe,
        )
        needed = timely.pieces(float(sum(one.line for one in first)), self._taken, updates)
        return [*first, *needed, *(self._bulk() if bulk else ())]

    def _take(self, pieces: Iterable[Piece]) -> list[Piece]:
        """Give those that were not taken before."""
        fresh = [one for one in pieces if one.key not in self._taken]
        self._taken.update(one.key for one in fresh)
        return fresh

    def _small(self, pack: OutstandingPack) -> list[Piece]:
        """Give all of a version, where that is little."""
        steps = [(item, step) for item in pack.items for step in item.steps if not step.is_here]
        if not pack.is_listed or sum(one.line for _, one in steps) + pack.rest > SMALL_UPDATE:
            return []
        made = [self._maker.step(pack, item, step, "update") for item, step in steps]
        return [*made, *self._maker.rest(pack, "update")]

    def _bulk(self) -> list[Piece]:
        """Give what nothing needs at a time: the lowest steps of everything, then better ones."""
        lowest: list[Piece] = []
        better: list[Piece] = []
        for pack in self._packs:
            if not pack.is_listed:
                lowest += self._take([self._maker.whole(pack, "assigned")])
            for item in pack.items:
                for number, step in enumerate(item.steps):
                    key = pack.pack, pack.version, item.item, step.rendition
                    if not step.size or key in self._taken:
                        continue
                    self._taken.add(key)
                    if number or item.is_served:
                        better.append(self._maker.step(pack, item, step, "better"))
                    else:
                        lowest.append(self._maker.step(pack, item, step, "assigned"))
            better += self._take(self._maker.rest(pack, "assigned"))
        return [*lowest, *better]


def _held(piece: Piece, situation: Situation, hold: Hold) -> Piece:
    """Say why a piece does not begin now, if it does not."""
    if piece.hold or not piece.line:
        return piece
    if situation.settings.metered and piece.why in _BULK:
        return msgspec.structs.replace(piece, hold="metered")
    return msgspec.structs.replace(piece, hold=hold) if hold else piece
