"""What the planner looks at, from a node's files: for the agent, commands and the worker alike.

Light: neither verifier nor codecs nor the line. Nothing is changed. Nothing missing is an error:
a node that has never polled has nothing outstanding.
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Final, TypeVar

import msgspec

from cache.agent_reader import AgentReader, Contact
from cache.catalogue_reader import CatalogueReader
from cache.clock import Clock
from cache.databases import DamagedError
from cache.journal_reader import JournalReader
from cache.journal_wishes import wishes
from cache.line_settings import read_line_settings
from cache.outstanding_file import read_outstanding
from cache.space import space
from cache.state import StateDirectory
from core.codec import json_decoder
from core.line import ledger as ledgers
from core.line.settings import LineSettings
from core.line.week import share_at
from core.line.wire import Wire, wire_to
from core.peers import FACT as AMONG_PEERS
from core.peers import decode_announcement
from core.plan.outstanding import Outstanding
from core.plan.situation import Occurrence, Situation, Wished
from core.school_time import SchoolTime
from core.standing import FACT as STANDING
from core.standing import decode_standing
from core.trusted_time import BUILD_DATE, parse_moment
from core.wish_list import FACT as UNPUBLISHED
from core.wish_list import decode_unpublished
from sync.lessons_here import Here, LessonsHere
from sync.peers.book import read_book
from sync.peers.offers import Moment, offers
from sync.timetabled import HORIZON, Mark, Timetabled, mark_of

STATEMENT_BYTES: Final = 6
"""What a statement takes on the wire."""
_NEVER: Final = float("inf")
_BUILD: Final = parse_moment(BUILD_DATE).timestamp()
_MAX_IDENTITY: Final = 64 * 1024
_MOST_LESSONS: Final = 1000
_SURE_LESSONS: Final = 200


class _Hub(msgspec.Struct, frozen=True):
    """The part of ``identity.json`` that says how the hub is spoken to."""

    url: str = ""


T = TypeVar("T")


def _unless_damaged(read: Callable[[], T], nothing: T) -> T:
    """Read something of the journal; what is damaged says nothing until the portal salvages it."""
    try:
        return read()
    except DamagedError:
        return nothing


class SituationReader:
    """Looks at one node's situation again and again.

    Args:
        state: the node's state directory.
        clock: the machine's clocks.
        here: the school's time zone.
        disk_floor: bytes that stay free; None for the usual share.
        cap: bytes a second that the operator lets travel at most; None for any number.
    """

    def __init__(
        self,
        state: StateDirectory,
        clock: Clock,
        here: Callable[[datetime], datetime],
        *,
        disk_floor: int | None = None,
        cap: float | None = None,
    ) -> None:
        self._state = state
        self._clock = clock
        self._here = here
        self._floor = disk_floor
        self._cap = cap
        self._catalogue = CatalogueReader(state.catalogue)
        self._agent = AgentReader(state.agent)
        self._journal = JournalReader(state.journal)
        self._timetabled = Timetabled(state)
        self._lessons = LessonsHere(self._catalogue)
        self._outstanding: tuple[Mark | None, Outstanding] = (None, Outstanding())

    def read(self, now: SchoolTime, *, outstanding: Outstanding | None = None) -> Situation:
        """Look at everything.

        What only a running process knows (whether the line is there at this very moment, other
        sources) is put in by ``dataclasses.replace``.

        Args:
            now: school time; without even a guess the situation's is 0.
            outstanding: what is outstanding, where it is known better than the file has it.

        Raises:
            UnavailableError: the catalogue is damaged.
            ExhaustedError: the disk is broken.
        """
        moment = now.moment.timestamp() if now.moment else 0.0
        settings = read_line_settings(self._state.line_settings)
        contact = self._agent.contact()
        left = self._kept() if outstanding is None else outstanding
        today = now.date(self._here)
        seen = self._seen(left, contact)
        return Situation(
            now=moment,
            is_time_known=now.is_known,
            here=self._here,
            outstanding=left,
            # Without any time those that were over before this was built are left out.
            lessons=list(self._coming(moment or _BUILD, seen)),
            wishes=_unless_damaged(lambda: list(self._wishes(seen)), []),
            estimate=self._agent.estimate(),
            is_up=not contact.problem,
            down_since=self._down_since(contact, moment),
            has_answered=contact.answered is not None,
            settings=settings,
            ledger=ledgers.turned(self._agent.ledger(), today, settings.budget_day),
            wire=self._wire().capped if self._is_capped(settings, moment) else self._wire(),
            busy=self._timetabled.needed(settings.quiet, moment),
            offers=offers(
                read_book(self._state.peers),
                decode_announcement(self._agent.fact(AMONG_PEERS)),
                left,
                Moment(self._clock.wall().timestamp(), moment),
            ),
            usable=space(self._state.root, floor=self._floor).usable,
            backlog=_unless_damaged(self._backlog, 0),
            cap=self._cap,
        )

    def at(self, moment: datetime) -> Situation:
        """Look at everything as if it were another time, which is sure."""
        return self.read(SchoolTime(moment, "person"))

    def _kept(self) -> Outstanding:
        """Read the file again only when there is another one; it may be large."""
        mark = mark_of(self._state.outstanding)
        if mark != self._outstanding[0]:
            self._outstanding = mark, read_outstanding(self._state.outstanding)
        return self._outstanding[1]

    def _seen(self, left: Outstanding, contact: Contact) -> "Here":
        standing = self._agent.fact(STANDING)
        return self._lessons.here(
            left,
            unwanted=frozenset(decode_standing(standing).unwanted),
            unpublished=frozenset(decode_unpublished(self._agent.fact(UNPUBLISHED))),
            has_heard=contact.answered is not None or standing is not None,
        )

    def _coming(self, now: float, here: "Here") -> Iterator[Occurrence]:
        """Give the lessons that are not over, in order; of a long timetable the next weeks."""
        minute = int(now) // 60
        placed = [
            (name, one.slot)
            for name, some in self._timetabled.look().items()
            for one in some
            if one.slot.end > minute
        ]
        placed.sort(key=lambda pair: (pair[1].start, pair[0]))
        last = minute + HORIZON // 60
        for number, (channel, slot) in enumerate(placed[:_MOST_LESSONS]):
            if number >= _SURE_LESSONS and slot.start > last:
                return
            yield here.occurrence(channel, slot)

    def _wishes(self, here: "Here") -> Iterator[Wished]:
        found = sorted(wishes(self._state.journal), key=lambda one: (one.wanted_by or 0, one.at))
        for one in found:
            if not here.is_enough(one.pack, one.item):
                by = None if one.wanted_by is None else one.wanted_by * 60.0
                yield Wished(one.pack, one.item, by)

    def _down_since(self, contact: Contact, now: float) -> float | None:
        """Say since when the line is down: not since it last was up, when nobody may have tried."""
        if not contact.problem:
            return None
        passed = self._clock.wall().timestamp() - (contact.failed or contact.answered or _NEVER)
        return round(now - passed) if passed >= 0 else round(now)

    def _is_capped(self, settings: LineSettings, moment: float) -> bool:
        return self._cap is not None or share_at(settings, moment, self._here) < 1

    def _wire(self) -> Wire:
        try:
            with (self._state.root / "identity.json").open("rb") as file:
                hub = json_decoder(_Hub).decode(file.read(_MAX_IDENTITY))
        except (OSError, msgspec.DecodeError, UnicodeDecodeError):
            return Wire()
        return wire_to(hub.url)

    def _backlog(self) -> int:
        return self._journal.backlog(self._agent.acknowledged()).count * STATEMENT_BYTES
