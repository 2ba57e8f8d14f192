"""What a node's files say about it, for the agent and for commands that run without one.

Rules:
    - Standard library, msgspec and light readers only: the resident agent imports this.
    - Nothing is changed, and nothing missing is an error: a node that is not enrolled or has
      never pulled has empty readings.
"""

import os
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec

from cache.agent_reader import AgentReader, Contact, Names
from cache.catalogue_reader import CataloguePack, CatalogueReader
from cache.clock import Clock
from cache.journal_reader import Backlog, JournalReader
from cache.school_clock import SchoolClock
from cache.space import Space, space
from cache.state import StateDirectory
from core.codec import json_decoder
from core.control import ChannelStatus, PackStatus
from core.display import one_line
from core.errors import PackhorseError
from core.expiry import Expiry
from core.standing import FACT, decode_standing
from core.trusted_time import BUILD_DATE, parse_moment
from edge_client.floor import read_floor
from edge_client.school_day import SchoolDay
from edge_client.wishes import Wished, read_wishes
from sync.signatures import generation, read_expiries

_MAX_BYTES: Final = 64 * 1024
_BUILD: Final = parse_moment(BUILD_DATE)
_NO_BACKLOG: Final = Backlog(0, None)
_NO_CONTACT: Final = Contact()
_NO_NAMES: Final = Names()
_NO_DISK: Final = Space(0, 0, 0)
_NO_WISHES: Final = Wished()


class Enrolment(msgspec.Struct, frozen=True):
    """The part of ``identity.json`` that a screen shows."""

    url: str = ""
    node: str = ""
    school: str = ""
    pending: bool = False
    name: str = ""


@dataclass(frozen=True, slots=True)
class Readings:
    """One look at a node's files.

    Attributes:
        floor: a moment in UTC that has certainly passed.
        problems: what could not be read, for whoever shows it.
        expiries: until when what each role signed can be installed.
        channels: the timetable's, with their next lessons.
        wished: what teachers wish.
    """

    enrolment: Enrolment | None = None
    packs: list[PackStatus] = field(default_factory=list)
    backlog: Backlog = _NO_BACKLOG
    contact: Contact = _NO_CONTACT
    disk: Space = _NO_DISK
    floor: datetime = _BUILD
    problems: list[PackhorseError] = field(default_factory=list)
    names: Names = _NO_NAMES
    expiries: list[Expiry] = field(default_factory=list)
    channels: list[ChannelStatus] = field(default_factory=list)
    wished: Wished = _NO_WISHES


class Reader:
    """Looks at one node's files.

    Args:
        state: the node's state directory.
        disk_floor: bytes that stay free; None for the usual share.
        school: the school's clock; None where the timetable is not asked for.
    """

    def __init__(
        self,
        state: StateDirectory,
        *,
        disk_floor: int | None = None,
        school: SchoolClock | None = None,
    ) -> None:
        self._state = state
        self._floor = disk_floor
        self._catalogue = CatalogueReader(state.catalogue)
        self._journal = JournalReader(state.journal)
        self._agent = AgentReader(state.agent)
        self._signed: tuple[str, list[Expiry]] = ("", [])
        self._here = school.here if school else _in_utc
        self._day = school and SchoolDay(
            state, self._catalogue, lambda: school.now(self.floor()), school.here
        )

    def read(self) -> Readings:
        """Look at everything."""
        problems: list[PackhorseError] = []
        packs: list[PackStatus] = []
        channels: list[ChannelStatus] = []
        backlog, contact, names = _NO_BACKLOG, _NO_CONTACT, _NO_NAMES
        wished = _NO_WISHES
        try:
            unwanted = decode_standing(self._agent.fact(FACT)).unwanted
            packs = [
                pack_status(pack, assigned=pack.id not in unwanted)
                for pack in self._catalogue.packs()
            ]
            channels = self._day.channels() if self._day else []
        except PackhorseError as error:
            problems.append(error)
        try:
            contact, names = self._agent.contact(), self._agent.names()
            backlog = self._journal.backlog(self._agent.acknowledged())
            wished = read_wishes(self._state, self._catalogue, self._agent, self._here)
        except PackhorseError as error:
            problems.append(error)
        disk = space(_existing(self._state.root), floor=self._floor)
        return Readings(
            self.enrolment(),
            packs,
            backlog,
            contact,
            disk,
            self.floor(),
            problems,
            names,
            self._expiries(),
            channels,
            wished,
        )

    def _expiries(self) -> list[Expiry]:
        """Read the signatures again only when there are others; a repository may have many."""
        now = generation(self._state)
        if now != self._signed[0]:
            self._signed = (now, read_expiries(self._state))
        return self._signed[1]

    def floor(self) -> datetime:
        """Give the floor of trusted time that the worker keeps in ``floor.json``."""
        return read_floor(self._state)

    def enrolment(self) -> Enrolment | None:
        """Give who the node is; None when it is not enrolled or that cannot be read."""
        try:
            with (self._state.root / "identity.json").open("rb") as file:
                return json_decoder(Enrolment).decode(file.read(_MAX_BYTES))
        except (OSError, msgspec.DecodeError, UnicodeDecodeError):
            return None


def _in_utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)


def pack_status(pack: CataloguePack, *, assigned: bool = True) -> PackStatus:
    """Put a pack of the catalogue into the control protocol's words."""
    return PackStatus(
        id=pack.id,
        title=dict(pack.title),
        version=pack.version,
        items=pack.items,
        here=pack.current,
        size=pack.size,
        missing_bytes=pack.missing,
        withdrawn=pack.withdrawn,
        reason=one_line(pack.withdrawal.reason) if pack.withdrawal else "",
        assigned=assigned,
        form=pack.form,
        sound_alone=pack.sound_alone,
    )


def age(clock: Clock, moment: float | None) -> float | None:
    """Give seconds since a wall-clock moment (Unix seconds); None when that cannot be true."""
    # Before this Packhorse was built no clock that is right has been read.
    if moment is None or moment < _BUILD.timestamp():
        return None
    passed = clock.wall().timestamp() - moment
    return passed if passed >= 0 else None


def _existing(path: Path) -> Path:
    """Give the nearest directory that is there, to measure its disk."""
    while not os.path.isdir(path) and path != path.parent:  # noqa: PTH112 - False, never an error
        path = path.parent
    return path
