"""What is needed at a time: lessons by their deadlines, small updates and wishes.

Rules:
    - As many lessons as can be are in time, each in its lowest wanted rendition. One that would be
      late for its first lesson is tried again for the next one of the same item.
    - A wish for a certain time counts as a lesson at it. One for as soon as possible comes as early
      as it can without making late what would be in time, and before what is late anyway. So do
      small updates: of many packs they are as much as a large one.
    - Better renditions of the lessons of the next days come among them, where none is endangered.
    - Where nobody is sure of the time, the order goes by the best guess: time stands still while
      the power is off, so what is due first by it mostly is.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

import msgspec

from core.plan.capacity import Capacity
from core.plan.choosing import Job, Weave, in_time
from core.plan.outstanding import OutstandingItem, OutstandingPack, Step
from core.plan.pieces import Key, Maker, Piece
from core.plan.situation import Situation, Wished

_WEAVE_SECONDS: Final = 3 * 24 * 3600.0
# A better rendition waits for what is due until so much later than its lesson.
_GUARD_SECONDS: Final = 24 * 3600.0
_NEVER: Final = float("inf")
Place = tuple[str, str]
Places = Mapping[Place, tuple[OutstandingPack, OutstandingItem]]
_Jobs = list[Job[Piece]]


class Timely:
    """Chooses what comes in time.

    Args:
        situation: all that is known.
        maker: makes the pieces.
        places: what is outstanding, by pack and item.
        expected: the line, as it usually is.
        safe: the line, as it has nearly always been.
    """

    def __init__(
        self,
        situation: Situation,
        maker: Maker,
        places: Places,
        *,
        expected: Capacity,
        safe: Capacity,
    ) -> None:
        self._situation = situation
        self._maker = maker
        self._places = places
        self._expected = expected
        self._safe = safe
        self._taken: set[Key] = set()
        self._moments = self._find_moments()

    def pieces(
        self, before: float, taken: set[Key], updates: Iterable[Iterable[Piece]]
    ) -> list[Piece]:
        """Give the pieces in order.

        Args:
            before: bytes on the wire that come before.
            taken: the pieces that come anyway; those chosen here are added.
            updates: small updates, pack by pack.
        """
        self._taken = taken
        wishes = [one for one in self._situation.wishes if (one.pack, one.item) in self._places]
        base = [piece for one in wishes if self._is_dated(one) for piece in self._wished(one)]
        base += self._lowest_steps()
        paid = [one for one in base if one.line]
        kept, late = in_time([self._job(one) for one in paid], before)
        if self._situation.settings.lower:
            kept, late = self._lowered(kept, late, before)
        weave = Weave(kept, before)
        free = [one for one in base if not one.line]
        for soon in [*map(self._take, updates), *map(self._wished, wishes)]:
            free += [piece for piece in soon if not piece.line]
            weave.add_soon([Job(piece, piece.line, _NEVER) for piece in soon if piece.line])
        woven = self._with_better(weave.jobs(), before, {one.what.place for one in late})
        originals = {one.key: one for one in paid}
        in_vain = [_late(originals.get(one.what.key, one.what)) for one in late]
        return [*free, *woven, *in_vain]

    def _find_moments(self) -> dict[Place, list[float]]:
        """Give when each outstanding item is taught, of lessons that have not begun."""
        found: dict[Place, list[float]] = {}
        now = self._situation.now
        for one in self._situation.lessons if now > 0 else ():
            if (one.pack, one.item) in self._places and one.begins > now:
                found.setdefault((one.pack, one.item), []).append(one.begins)
        return found

    def _is_dated(self, wish: Wished) -> bool:
        return wish.wanted_by is not None and wish.wanted_by > self._situation.now

    def _take(self, pieces: Iterable[Piece]) -> list[Piece]:
        """Give those that were not taken before."""
        fresh = [one for one in pieces if one.key not in self._taken]
        self._taken.update(one.key for one in fresh)
        return fresh

    def _wished(self, wish: Wished) -> list[Piece]:
        pack, item = self._places[wish.pack, wish.item]
        by = wish.wanted_by if self._is_dated(wish) else None
        return self._take(self._maker.step(pack, item, step, "wish", by) for step in _enough(item))

    def _lowest_steps(self) -> list[Piece]:
        """Give what makes each lesson teachable that is not."""
        return self._take(
            self._maker.step(*self._places[place], self._places[place][1].steps[0], "lesson", of[0])
            for place, of in self._moments.items()
            if _is_lacking(self._places[place][1])
        )

    def _job(self, piece: Piece) -> Job[Piece]:
        """Give the job to have a piece in time for its lesson, or else for a later one."""
        dues = [piece.deadline or 0.0]
        if piece.why == "lesson":
            dues = self._moments[piece.place]
        *sooner, last = dues
        job = self._due(piece, last)
        for moment in reversed(sooner):
            job = self._due(piece, moment, job)
        return job

    def _due(self, piece: Piece, moment: float, later: "Job[Piece] | None" = None) -> "Job[Piece]":
        """Give the job to have a piece at a moment."""
        timed = msgspec.structs.replace(piece, deadline=moment)
        return Job(timed, piece.line, self._expected.by(moment), later)

    def _lowered(self, kept: _Jobs, late: _Jobs, before: float) -> tuple[_Jobs, _Jobs]:
        """Try what is late again in the lower rendition that nobody assigned."""
        lower = [self._job(one) for one in self._spares(late)]
        found, still_late = in_time([*kept, *lower], before)
        places = {one.what.place for one in found}
        left = [one for one in late if one.what.place not in places]
        again = {one.what.place for one in left}
        left += [one for one in still_late if one.what.place not in again]
        self._taken.update(one.what.key for one in [*found, *left])
        # The rendition that was assigned comes when it can.
        self._taken -= {one.what.key for one in late} - {one.what.key for one in left}
        return found, left

    def _spares(self, late: _Jobs) -> Iterator[Piece]:
        for one in late:
            pack, item = self._places[one.what.place]
            if one.what.why == "lesson" and item.spare is not None and not item.spare.is_here:
                moment = self._moments[one.what.place][0]
                yield self._maker.step(pack, item, item.spare, "lesson", moment)

    def _with_better(self, jobs: _Jobs, before: float, late: set[Place]) -> list[Piece]:
        """Weave better steps in among jobs that are in order."""
        due = self._safe.by
        weave = Weave(
            [
                job._replace(due=due(job.what.deadline) if job.what.deadline else _NEVER)
                for job in jobs
            ],
            before,
        )
        chosen = {job.what.place: job.what.deadline for job in jobs}
        for place, moments in self._moments.items():
            if place not in late:
                self._weave(weave, place, chosen.get(place) or moments[0])
        return [job.what for job in weave.jobs()]

    def _weave(self, weave: Weave[Piece], place: Place, deadline: float) -> None:
        """Weave better steps of a lesson in, one after the other, as long as they fit."""
        situation = self._situation
        if situation.settings.metered or deadline > situation.now + _WEAVE_SECONDS:
            return
        pack, item = self._places[place]
        after = self._safe.by(deadline + _GUARD_SECONDS)
        for step in item.steps:
            made = self._maker.step(pack, item, step, "better", deadline)
            if step.is_here or made.key in self._taken or not made.line:
                continue
            if not weave.add(Job(made, made.line, self._safe.by(deadline)), after):
                return
            self._taken.add(made.key)


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


def _late(piece: Piece) -> Piece:
    return msgspec.structs.replace(piece, why="late") if piece.why == "lesson" else piece
