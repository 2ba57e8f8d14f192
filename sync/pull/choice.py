"""Which packs this node takes, what of them and in which order, and its timetable.

Rules:
    - Withdrawals take effect here, before anything is fetched and before the metadata that bring
      them are kept: whoever kills the run finds them done, or not yet heard of.
    - What cannot be read changes nothing: known withdrawals stay, and where an assignment in
      force is unreadable, or its publisher's file is, packs that are here are kept up to date
      and no others begun.
    - Of a pack that no assignment wants, wished items are taken, as far as a class needs them.
"""

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Final

from cache.agent_db import AgentDatabase
from cache.catalogue import Catalogue
from core.assigning import Wanted, chooses, covers, wanted
from core.assignment import LAST, NAME, USUAL, Assignment, place_of
from core.errors import PackhorseError, RefusedError, UsageError
from core.names import PackId
from core.standing import FACT, Standing, decode_standing, encode_standing
from core.trust.roles import may_publish
from core.wanted import EVERYTHING, LEAST, Portion
from core.withdrawal import Withdrawal, covering_pack, read_withdrawals
from sync.context import SyncContext
from sync.identity import find_identity
from sync.pull.timetable import keep_timetable
from sync.pull.wishes import Wishes
from sync.source import SourceError
from sync.trust import AssignmentTarget, PackTarget, TrustSession

# Of a pack that is here, when nobody knows what is wanted of it.
_AS_BEFORE: Final = Wanted(priority=0)


class Choice:
    """Chooses among what is published.

    Args:
        trust: refreshed and listed.
        context: the run's surroundings.
        catalogue: what is here.
        agent: where it is remembered how the node stands.
        wishes: what teachers wish.

    Attributes:
        assigned: the packs that are wanted here without any wish.
        priorities: of the packs to take, 1 to 9; 10 for those that are only wished.
        unwanted: the packs that are here and that no assignment wants.
        unknown: the wished packs whose publisher cannot be read, so that they may be published.
        problems: what could not be read, or is not as people probably meant it; each with its
            pack, if it is about one.
    """

    def __init__(
        self,
        trust: TrustSession,
        context: SyncContext,
        catalogue: Catalogue,
        agent: AgentDatabase,
        wishes: Wishes,
    ) -> None:
        self._wishes = wishes
        self._trust = trust
        self._context = context
        self._catalogue = catalogue
        self._agent = agent
        self.assigned: set[str] = set()
        self.priorities: dict[str, int] = {}
        self.unwanted: list[str] = []
        self.unknown: set[str] = set()
        self.problems: list[tuple[str, PackhorseError]] = []

    def choose(self, packs: Sequence[PackTarget]) -> list[PackTarget]:
        """Let withdrawals take effect, keep the timetable; give the packs to take, urgent first.

        Raises:
            SourceError: the line failed.
            ExhaustedError: the disk is full, broken or read-only.
        """
        here = self._catalogue.packs()
        orders, standing = self._orders([one.pack for one in packs], here)
        self.assigned = {one for one in orders if self._is_allowed(one)}
        self.unknown = {
            pack
            for pack in self._wishes.named
            if any(may_publish(one, PackId(pack)) for one in self._trust.unread)
        }
        concerned = self.assigned | here | self._wishes.named
        for pack in packs:
            if pack.pack in concerned:
                self._withdraw(pack)
        wished = {one for one in self._wishes.packs() if self._is_allowed(one)}
        mine = [one for one in packs if one.pack in self.assigned | wished]
        self._want(orders, [one.pack for one in mine if one.pack not in orders], here)
        self.unwanted = standing.unwanted
        text = encode_standing(standing)
        if self._agent.reader.fact(FACT) != text:
            self._agent.remember(FACT, text)
        self.priorities = {one.pack: _priority(orders.get(one.pack)) for one in mine}
        return sorted(mine, key=lambda one: (self.priorities[one.pack], one.pack))

    def _want(
        self, orders: Mapping[PackId, Wanted], wished: Sequence[PackId], here: set[str]
    ) -> None:
        """Say in the catalogue what is wanted of each pack."""
        known = self._catalogue.wanted()
        portions = {pack: Portion(one.renditions) for pack, one in orders.items() if one.priority}
        for pack in wished:
            before = known.get(pack, EVERYTHING)
            # One that was assigned once keeps what was wanted then.
            if pack not in here or before.items is not None:
                items = self._wishes.items(pack).union(before.items or ())
                portions[pack] = Portion(LEAST.renditions, tuple(sorted(items)))
        for pack, portion in portions.items():
            if known.get(pack, EVERYTHING) != portion:
                self._catalogue.want(pack, portion)

    def is_taken_back(self, pack: str, version: int) -> bool:
        """Say whether all of a pack at a version is withdrawn: nothing of it is fetched then."""
        return covering_pack(self._known(pack), version) is not None

    def _is_allowed(self, pack: str) -> bool:
        return any(fnmatchcase(pack, pattern) for pattern in self._context.packs)

    def _known(self, pack: str) -> list[Withdrawal]:
        return self._catalogue.withdrawals().get(pack, [])

    def _withdraw(self, pack: PackTarget) -> None:
        found, problems = read_withdrawals(pack.target.custom, pack.pack)
        for problem in problems:
            self.problems.append((pack.pack, problem))
            places = {(one.item, one.version) for one in found}
            found += [o for o in self._known(pack.pack) if (o.item, o.version) not in places]
        self._catalogue.withdraw(pack.pack, found)

    def _orders(
        self, listed: Sequence[PackId], here: set[str]
    ) -> tuple[dict[PackId, Wanted], Standing]:
        """Say how each wanted pack is wanted, and how the node stands to the assignments."""
        identity = find_identity(self._context.state)
        school, place = (identity.school, identity.place) if identity else ("", "")
        before = decode_standing(self._agent.reader.fact(FACT))
        read, unreadable = self._read(place)
        self._keep_timetable(read, unreadable, school, place)
        lost = [one for one in unreadable if place or one in before.by]
        lost += [one for one in before.by if self._is_hidden(one, place)]
        orders = wanted(read, school, place, listed)
        if orders is None and not lost:
            return dict.fromkeys(listed, Wanted()), Standing(wanted=len(listed))
        orders = orders or {}
        if lost:
            orders |= {one: _AS_BEFORE for one in listed if one in here and one not in orders}
        obeyed = [one.place for one in read if chooses(one, school, place)]
        if listed and not orders and not lost:
            self.problems.append(("", _nothing(school, obeyed)))
        return orders, Standing(
            by=sorted([*obeyed, *lost]),
            wanted=len(orders),
            unwanted=sorted(here - orders.keys()),
            unreadable=bool(lost),
        )

    def _keep_timetable(
        self, read: list[Assignment], unreadable: list[str], school: str, place: str
    ) -> None:
        try:
            keep_timetable(
                self._context.state.timetable,
                read,
                school,
                place,
                lambda by: by in unreadable or self._is_hidden(by, place),
            )
        except RefusedError as error:
            self.problems.append(("", error))

    def _is_hidden(self, by: str, place: str) -> bool:
        """Say whether nobody knows if ``by`` still assigns: its publisher cannot be read."""
        path = PackId(f"{by}/{NAME}")
        if place and not covers(by, place):
            return False
        listed = any(one.path == path for one in self._trust.assignments)
        return not listed and any(may_publish(one, path) for one in self._trust.unread)

    def _read(self, place: str) -> tuple[list[Assignment], list[str]]:
        """Read the assignments that may be in force; give the places of unreadable ones too."""
        read: list[Assignment] = []
        unreadable: list[str] = []
        for one in self._trust.assignments:
            if place and not covers(place_of(one.path), place):
                continue
            try:
                read.append(self._trust.assignment(one))
            except PackhorseError as error:
                if isinstance(error, SourceError) and not error.is_of_the_file:
                    raise
                unreadable.append(place_of(one.path))
                self.problems.append(("", _unreadable(one, error)))
        return read, unreadable


def _priority(wanted: Wanted | None) -> int:
    return (wanted.priority or USUAL) if wanted else LAST + 1


def _unreadable(one: AssignmentTarget, error: PackhorseError) -> RefusedError:
    return RefusedError(
        "The assignment of {place} cannot be used: {reason}",
        hint="What is here stays and is kept up to date. Tell whoever assigns there.",
        place=place_of(one.path),
        reason=str(error),
    )


def _nothing(school: str, places: list[str]) -> UsageError:
    return UsageError(
        "The assignment of {place} gives this school, {school}, no pack.",
        hint="Ask whoever assigns there to put the school into a group. What is here stays and"
        " is served.",
        place=", ".join(places),
        school=school,
    )
