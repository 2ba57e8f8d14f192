"""In which order what is outstanding comes.

1. statements; what tells what is in new versions; small updates;
2. wishes;
3. lessons by their deadlines, each in its lowest wanted rendition, as many as can be in time;
   better renditions of those of the next days among them, where none is endangered by it;
4. lessons that cannot be in time;
5. everything else that is assigned, by priority, lowest renditions first, then better ones.

What costs nothing (a stick, another node) comes before all that costs. What has no room on the
disk is held, after packs that nobody assigns have made room.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from core.plan.capacity import Capacity, free_stretches, hold_now
from core.plan.choosing import Job, Weave, in_time
from core.plan.model import Hold, Why
from core.plan.outstanding import OutstandingItem, OutstandingPack, Step
from core.plan.pieces import SMALL_UPDATE, Maker, Piece
from core.plan.room import make_room
from core.plan.situation import Situation

_WEAVE_SECONDS: Final = 3 * 24 * 3600.0
# A better rendition waits for what is due until so much later than its lesson.
_GUARD_SECONDS: Final = 24 * 3600.0
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


def order(situation: Situation) -> Order:
    """Put all that is outstanding in order."""
    drafter = _Drafter(situation)
    pieces = drafter.pieces()
    hold, until = hold_now(situation)
    free = [one for one in pieces if not one.line and one.coming is None]
    paid = [one for one in pieces if one.line or one.coming is not None]
    held = [_held(one, situation, hold) for one in [*free, *paid]]
    return Order(make_room(held, situation), drafter.expected, drafter.safe, hold, until)


class _Drafter:
    """Drafts the order, from what is most urgent on; each piece comes once.

    Args:
        situation: all that is known.
    """

    def __init__(self, situation: Situation) -> None:
        self._situation = situation
        free = free_stretches(situation)
        self.expected = Capacity(situation, situation.estimate.expected, free)
        self.safe = Capacity(situation, situation.estimate.safe, free)
        self._maker = Maker(situation)
        self._packs = sorted(situation.outstanding.packs, key=lambda one: (one.priority, one.pack))
        self._items = {
            (pack.pack, item.item): (pack, item) for pack in self._packs for item in pack.items
        }
        self._taken: set[tuple[str, int, str, str]] = set()

    def pieces(self) -> list[Piece]:
        """Give all pieces in order."""
        first = [*self._maker.upload()]
        first += [self._maker.listing(pack) for pack in self._packs if not pack.is_listed]
        for pack in self._packs:
            first += self._small(pack)
        first += self._wished()
        lessons, late = self._lessons(float(sum(one.line for one in first)))
        return [*first, *lessons, *late, *self._bulk()]

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
        return self._take([*made, *self._maker.rest(pack, "update")])

    def _wished(self) -> list[Piece]:
        found: list[Piece] = []
        for wish in self._situation.wishes:
            if (wish.pack, wish.item) in self._items:
                pack, item = self._items[wish.pack, wish.item]
                found += self._take(
                    self._maker.step(pack, item, step, "wish", wish.wanted_by)
                    for step in _enough(item)
                )
        return found

    def _lessons(self, before: float) -> tuple[list[Piece], list[Piece]]:
        """Give the lessons' pieces: those that can be in time, and the others.

        Args:
            before: bytes on the wire that come before.
        """
        deadlines = self._deadlines()
        base = self._take(
            self._maker.step(*self._items[place], self._items[place][1].steps[0], "lesson", moment)
            for place, moment in deadlines.items()
            if _is_lacking(self._items[place][1])
        )
        kept, late = in_time([self._job(one) for one in base if one.line], before)
        if self._situation.settings.lower:
            kept, late = self._lowered(kept, late, before)
        weave = Weave([self._job(one.what, safe=True) for one in kept], before)
        for place, moment in deadlines.items():
            self._weave(weave, *self._items[place], moment)
        free = [one for one in base if not one.line]
        in_order = [*free, *(one.what for one in weave.jobs())]
        return in_order, [replace(one.what, why="late") for one in late]

    def _deadlines(self) -> dict[tuple[str, str], float]:
        """Give when each outstanding item is taught first, of lessons that have not begun."""
        found: dict[tuple[str, str], float] = {}
        if self._situation.is_time_known:
            for one in self._situation.lessons:
                if (one.pack, one.item) in self._items and one.begins > self._situation.now:
                    found.setdefault((one.pack, one.item), one.begins)
        return found

    def _job(self, piece: Piece, *, safe: bool = False) -> Job[Piece]:
        capacity = self.safe if safe else self.expected
        return Job(piece, float(piece.line), capacity.by(piece.deadline or 0.0))

    def _lowered(
        self, kept: list[Job[Piece]], late: list[Job[Piece]], before: float
    ) -> tuple[list[Job[Piece]], list[Job[Piece]]]:
        """Try what is late again in the lower rendition that nobody assigned."""
        lower: list[Job[Piece]] = []
        for job in late:
            pack, item = self._items[job.what.pack, job.what.item]
            if item.spare is not None and not item.spare.is_here:
                made = self._maker.step(pack, item, item.spare, "lesson", job.what.deadline)
                lower.append(self._job(made))
        found, still_late = in_time([*kept, *lower], before)
        places = {(one.what.pack, one.what.item) for one in found}
        left = [one for one in late if (one.what.pack, one.what.item) not in places]
        again = {(one.what.pack, one.what.item) for one in left}
        left += [one for one in still_late if (one.what.pack, one.what.item) not in again]
        self._taken.update(one.what.key for one in [*found, *left])
        self._taken -= {one.what.key for one in late} - {one.what.key for one in left}
        return found, left

    def _weave(
        self, weave: Weave[Piece], pack: OutstandingPack, item: OutstandingItem, deadline: float
    ) -> None:
        """Weave better steps of a lesson in, one after the other, as long as they fit."""
        situation = self._situation
        if situation.settings.metered or deadline > situation.now + _WEAVE_SECONDS:
            return
        after = self.safe.by(deadline + _GUARD_SECONDS)
        for step in item.steps:
            made = self._maker.step(pack, item, step, "better", deadline)
            if step.is_here or made.key in self._taken or not made.line:
                continue
            if not weave.add(self._job(made, safe=True), after):
                return
            self._taken.add(made.key)

    def _bulk(self) -> list[Piece]:
        """Give what nothing needs at a time: the lowest steps of everything, then better ones."""
        lowest: list[Piece] = []
        better: list[Piece] = []
        for pack in self._packs:
            if not pack.is_listed:
                lowest += self._take([self._maker.whole(pack, "assigned")])
            for item in pack.items:
                for number, step in enumerate(item.steps):
                    if step.is_here:
                        continue
                    if number or item.is_served:
                        better += self._take([self._maker.step(pack, item, step, "better")])
                    else:
                        lowest += self._take([self._maker.step(pack, item, step, "assigned")])
            better += self._take(self._maker.rest(pack, "assigned"))
        return [*lowest, *better]


def _enough(item: OutstandingItem) -> Sequence[Step]:
    """Give the steps with which a wish is done: up to the first one with pictures."""
    found: list[Step] = []
    for step in item.steps:
        if not step.is_here:
            found.append(step)
        if not step.sound_alone:
            break
    return found


def _is_lacking(item: OutstandingItem) -> bool:
    """Say whether an item cannot be taught in any version yet."""
    return not item.is_served and not item.steps[0].is_here


def _held(piece: Piece, situation: Situation, hold: Hold) -> Piece:
    """Say why a piece does not begin now, if it does not."""
    if piece.hold or not piece.line:
        return piece
    if situation.settings.metered and piece.why in _BULK:
        return replace(piece, hold="metered")
    return replace(piece, hold=hold) if hold else piece
