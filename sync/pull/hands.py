"""What carries a plan out on a node: one action after the other, from the source that it names."""

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

import msgspec

from cache.school_clock import SchoolClock
from cache.space import reserve, space
from core.errors import PackhorseError, RefusedError
from core.plan.model import Action, Plan
from core.plan.situation import Situation
from sync.held import HeldError
from sync.pull.bundle import RUN_BYTES, Stretch
from sync.pull.inventory import Inventory
from sync.pull.pack import PackPull
from sync.pull.removal import removable, remove
from sync.pull.room import Room
from sync.pull.statements import Statements
from sync.pull.wishes import Wishes
from sync.situation import SituationReader
from sync.source import SourceError
from sync.trust.floor import read_floor

STRETCH_SECONDS: Final = 30.0
"""So long a fetch goes on before the plan is made anew, when the range that is out has ended."""
_RANGE_SECONDS: Final = 300.0
_LEAST_RANGE: Final = 1024 * 1024


@dataclass(frozen=True)
class Tasks:
    """What is to be done in a run.

    Attributes:
        pulls: the versions that are taken, by pack.
        priorities: of the packs.
        assigned: those that are wanted without any wish.
        wishes: as they stood at its beginning.
        unwanted: the packs that are here and that no assignment wants.
        by_line: whether the line may be used.
        statements: those that wait; None where they do not travel with a pull.
    """

    pulls: dict[str, PackPull]
    priorities: dict[str, int]
    assigned: Collection[str]
    wishes: Wishes
    unwanted: Collection[str] = ()
    by_line: bool = True
    statements: Statements | None = None


class NodeHands:
    """The hands of a node.

    Args:
        room: the node's stores and the upstream.
        tasks: what is to be done.
        inventory: what is outstanding.
        note: is told what stops one pack.

    Attributes:
        failed: the packs that something stopped.
        removed: the packs that made room.
    """

    def __init__(
        self,
        room: Room,
        tasks: Tasks,
        inventory: Inventory,
        note: Callable[[PackhorseError, str], None],
    ) -> None:
        self._room = room
        self._tasks = tasks
        self._inventory = inventory
        self._note = note
        self.failed: set[str] = set()
        self.removed: list[str] = []
        self._awake: PackPull | None = None
        self._rate = 0.0
        context = room.context
        self._school = SchoolClock(context.state, context.clock, zone=context.zone)
        self._reader = SituationReader(
            context.state,
            context.clock,
            self._school.here,
            disk_floor=context.disk_floor,
            cap=context.line.limit if context.line else None,
        )

    def look(self) -> None:
        """Reckon what is outstanding of every pack, and what may go; what stops one is noted."""
        tasks = self._tasks
        self._inventory.removable = removable(self._room, tasks.unwanted, tasks.wishes.named)
        self._inventory.keep(tasks.pulls)
        for pack in tasks.pulls:
            # Of many packs it takes minutes on a small machine.
            self._room.context.alive()
            with self._of(pack):
                pass
        self._inventory.save()

    def situation(self) -> Situation:
        """Look at everything, now: the line is there, unless it is not to be used."""
        found = self.by_itself()
        return replace(found, offers=self._room.circle.offers(found.outstanding, found.now))

    def by_itself(self) -> Situation:
        """Look at everything, now, as if there were no other node."""
        outstanding = self._inventory.outstanding
        left = [one for one in outstanding.packs if one.pack not in self.failed]
        now = self._school.now(read_floor(self._room.context.state.root).moment)
        found = self._reader.read(now, outstanding=msgspec.structs.replace(outstanding, packs=left))
        by_line = self._tasks.by_line
        down = None if by_line else found.down_since
        self._rate = found.comes.rate
        statements = self._tasks.statements
        backlog = statements.of(found.backlog) if statements else 0
        return replace(found, is_up=by_line, down_since=down, backlog=backlog, offers=())

    def carry_out(self, actions: Sequence[Action]) -> None:
        """Do what comes first.

        Raises:
            SourceError: the line failed.
            HeldError: hours, switches or budget do not allow it any more.
            ExhaustedError: the disk is broken or read-only.
        """
        head = actions[0]
        if head.kind == "upload":
            if self._tasks.statements is not None:
                self._tasks.statements.send()
            return
        if head.kind == "remove":
            self._remove(head.pack)
            return
        with self._of(head.pack) as pull:
            if head.source != "hub":
                self._by_peers(pull, actions)
            elif head.kind == "list":
                pull.learn()
            else:
                self._announce(pull, head.pack)
                pull.bring([(one.item, one.rendition) for one in actions], self._stretch())
        self._inventory.save_soon()

    def _remove(self, pack: str) -> None:
        """Remove a pack, unless something of it has begun to play; it is not tried twice."""
        left = [one for one in self._inventory.removable if one.pack != pack]
        self._inventory.removable = left
        if remove(self._room, pack):
            self.removed.append(pack)
        self._inventory.save()

    def _by_peers(self, pull: PackPull, actions: Sequence[Action]) -> None:
        """Take from other nodes; what they have not after all is not in their next offers."""
        if actions[0].kind == "list":
            pull.learn_from_peers()
        else:
            pull.bring_from_peers([(one.item, one.rendition) for one in actions])

    def give_up(self, action: Action) -> None:
        """Leave a pack out, of which nothing came, or the node that did not bring it."""
        if action.source != "hub":
            self._room.circle.give_up(action.name)
            return
        self._fail(_nothing_came(action), action.pack)

    def held(self, made: Plan) -> None:
        """Say of each pack that it has no room."""
        lacking: dict[str, int] = {}
        for one in made.actions:
            if one.hold == "disk" and one.pack not in self.failed:
                lacking[one.pack] = lacking.get(one.pack, 0) + one.size
        context = self._room.context
        for pack, size in lacking.items():
            try:
                reserve(context.state.root, size, what=pack, floor=context.disk_floor)
            except PackhorseError as error:
                self._fail(error, pack)

    def straight(self) -> None:
        """Do everything without a plan, since nothing is dear: wishes, then pack by pack.

        Raises:
            SourceError: the source is gone.
            ExhaustedError: the disk is broken or read-only.
        """
        for pack in self._tasks.pulls:
            self._attempt(pack, PackPull.learn)
        for pack, items in self._tasks.wishes.in_order(self._tasks.pulls):
            self._attempt(pack, partial(PackPull.bring_wished, items=items))
        for pack in self._tasks.pulls:
            is_wanted = pack in self._tasks.assigned
            if is_wanted:
                self._make_room(pack)
            self._attempt(pack, PackPull.run if is_wanted else PackPull.end)

    def _make_room(self, pack: str) -> None:
        """Remove what nobody assigns any more, as far as a pack needs its room."""
        context, (_, size) = self._room.context, self._inventory.sums(pack)
        while self._inventory.removable:
            if space(context.state.root, floor=context.disk_floor).usable >= size:
                return
            self._remove(self._inventory.removable[0].pack)

    def _attempt(self, pack: str, work: Callable[[PackPull], object]) -> None:
        if pack not in self.failed:
            with self._of(pack) as pull:
                self._announce(pull, pack)
                work(pull)
            self._inventory.save_soon()

    def rest(self) -> None:
        """Let go of what is open.

        Raises:
            ExhaustedError: the disk is full, broken or read-only.
        """
        if self._awake is not None:
            self._awake.rest()
            self._awake = None

    @contextmanager
    def _of(self, pack: str) -> Iterator[PackPull]:
        """Work at a pack; what stops it alone is noted, and what is outstanding reckoned anew."""
        pull = self._tasks.pulls[pack]
        if self._awake is not pull:
            self.rest()
        self._awake = pull
        try:
            try:
                yield pull
            finally:
                self._reckon(pack, pull)
        except PackhorseError as error:
            is_of_the_line = isinstance(error, SourceError) and not error.is_of_the_file
            if is_of_the_line or isinstance(error, HeldError):
                raise
            self._fail(error, pack)

    def _reckon(self, pack: str, pull: PackPull) -> None:
        found = pull.outstanding(self._tasks.priorities[pack], self._tasks.wishes.open(pack))
        self._inventory.note(pack, found)
        if found is not None:
            return
        if pack in self._tasks.assigned:
            pull.finish()
        else:
            pull.end()

    def _announce(self, pull: PackPull, pack: str) -> None:
        total, size = self._inventory.sums(pack)
        pull.announce(total, size)

    def _stretch(self) -> Stretch:
        monotonic = self._room.context.clock.monotonic
        ends = monotonic() + STRETCH_SECONDS
        most = min(RUN_BYTES, max(_LEAST_RANGE, int(self._rate * _RANGE_SECONDS)))
        return Stretch(lambda: monotonic() >= ends, most)

    def _fail(self, error: PackhorseError, pack: str) -> None:
        self.failed.add(pack)
        self._note(error, pack)


def _nothing_came(action: Action) -> RefusedError:
    return RefusedError(
        "Nothing of {pack} version {version} came, though it was fetched.",
        hint="It is tried again at the next poll. If it stays so, tell the publisher.",
        pack=action.pack,
        version=action.version,
    )
