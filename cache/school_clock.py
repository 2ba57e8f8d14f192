"""School time with its memory: ``school-time.json``, which the agent's side writes.

The portal reads it too, so it holds nothing that is secret. Losing it loses a confirmation.
What a teacher confirmed on the portal's page is in the journal, and is taken in here.
"""

import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from cache import durable, journal_said
from cache.clock import Clock
from cache.state import StateDirectory
from core import school_time
from core.codec import json_decoder
from core.errors import PackhorseError, UsageError
from core.school_time import Clocks, Memory, SchoolTime

FILE_NAME: Final = "school-time.json"
_MAX_BYTES: Final = 4096
_FORM: Final = "%Y-%m-%dT%H:%M"
_SAID_WITHIN: Final = 30.0


@dataclass(frozen=True, slots=True)
class LocalTime:
    """School time as the school's clock shows it; ``text`` is empty when unknown.

    Attributes:
        offset: minutes by which that clock is ahead of UTC.
    """

    text: str
    known: bool
    offset: int = 0


class SchoolClock:
    """The school's clock.

    Args:
        state: the node's state directory.
        clock: the machine's clocks.
        zone: name of the school's time zone; empty for the machine's.

    Raises:
        UsageError: there is no such zone.
    """

    def __init__(self, state: StateDirectory, clock: Clock, *, zone: str = "") -> None:
        self._path = state.root / FILE_NAME
        self._journal = state.journal
        self._clock = clock
        self._zone = Zone(clock, zone)
        # What is saved every minute must not undo what a person confirms just then.
        self._changing = threading.Lock()
        self._memory = self._with_teachers(read_memory(self._path))

    def now(self, floor: datetime) -> SchoolTime:
        """Give school time; ``floor`` is a moment that has certainly passed."""
        return school_time.school_time(self._memory, clocks_of(self._clock, floor))

    def local(self, floor: datetime) -> LocalTime:
        """Give what the school's clock shows."""
        now = self.now(floor)
        if now.moment is None:
            return LocalTime("", now.is_known)
        here = self.here(now.moment)
        ahead = here.utcoffset() or timedelta()
        return LocalTime(here.strftime(_FORM), now.is_known, ahead // timedelta(minutes=1))

    def example(self, floor: datetime) -> str:
        """Give a time as a person would write it: the present one, as nearly as is known."""
        return self.here(max(self._clock.wall(), floor)).strftime(_FORM)

    def here(self, moment: datetime) -> datetime:
        """Put a moment into the school's time zone."""
        return self._zone.here(moment)

    def moment_of(self, local: str) -> datetime:
        """Read a minute as the school's clock shows it, ``2026-11-25T08:28``.

        Raises:
            UsageError: it is none.
        """
        return self._zone.parse(local)

    def confirm(self, local: str, floor: datetime) -> None:
        """Take from a person what the school's clock shows now, and keep it durably.

        Raises:
            UsageError: it is no time, or cannot be that time.
            ExhaustedError: the disk is full, broken or read-only.
        """
        said = self._zone.said(local)
        with self._changing:
            self._keep(school_time.confirm(self._memory, clocks_of(self._clock, floor), said))

    def adopt(self) -> bool:
        """Take in what a teacher confirmed on the portal's page; say whether there was news.

        Raises:
            ExhaustedError: the disk is full, broken or read-only.
        """
        with self._changing:
            found = self._with_teachers(self._memory)
            is_news = found != self._memory
            if is_news:
                self._keep(found)
        return is_news

    def save(self, floor: datetime) -> None:
        """Note how far time has come; to be called every minute.

        Raises:
            ExhaustedError: the disk is full, broken or read-only.
        """
        clocks = clocks_of(self._clock, floor)
        with self._changing:
            now = school_time.school_time(self._memory, clocks)
            reached = school_time.reach(self._memory, now, clocks)
            if reached != self._memory:
                self._keep(reached)

    def _keep(self, memory: Memory) -> None:
        durable.write_file(self._path, msgspec.json.encode(memory))
        self._memory = memory

    def _with_teachers(self, memory: Memory) -> Memory:
        """Give the memory with what a teacher confirmed on the portal's page."""
        try:
            said = journal_said.said(self._journal)
        except PackhorseError:
            # The portal repairs its journal; until then nobody has said anything.
            said = None
        return school_time.adopted(memory, said, self._clock.boot_id()) if said else memory


class Zone:
    """The school's time zone.

    Args:
        clock: the machine's clocks.
        name: of the zone; empty for the machine's.

    Raises:
        UsageError: there is no such zone.
    """

    def __init__(self, clock: Clock, name: str = "") -> None:
        self._clock = clock
        self._zone = find_zone(name) if name else None

    def here(self, moment: datetime) -> datetime:
        """Put a moment into the zone."""
        return self._clock.here(moment) if self._zone is None else moment.astimezone(self._zone)

    def moment_of(self, local: datetime) -> datetime:
        """Give the moment in UTC at which the school's clocks show ``local``."""
        if self._zone is None:
            return self._clock.moment_of(local)
        return local.replace(tzinfo=self._zone).astimezone(UTC)

    def parse(self, local: str) -> datetime:
        """Read a minute as the school's clocks show it, ``2026-11-25T08:28``; give its moment.

        Raises:
            UsageError: it is none.
        """
        try:
            return self.moment_of(datetime.strptime(local, _FORM))  # noqa: DTZ007 - zone follows
        except (ValueError, OverflowError) as error:
            raise UsageError(
                "{text} is not a date and a time.",
                hint="Write it like 2026-11-25T08:28.",
                text=repr(local[:40]),
            ) from error

    def said(self, local: str) -> datetime:
        """Give the moment at which a person has read a minute off the school's clock.

        Raises:
            UsageError: it is no date and time.
        """
        # Half of the minute that they read has passed, on average.
        return self.parse(local) + timedelta(seconds=_SAID_WITHIN)


def read_memory(path: Path) -> Memory:
    """Read ``school-time.json``; a missing or damaged one remembers nothing."""
    try:
        with path.open("rb") as file:
            return json_decoder(Memory).decode(file.read(_MAX_BYTES))
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return Memory()


def clocks_of(clock: Clock, floor: datetime) -> Clocks:
    """Read all clocks.

    Args:
        clock: the machine's.
        floor: a moment that has certainly passed.
    """
    return Clocks(
        wall=clock.wall(),
        synchronised=clock.synchronised(),
        hardware=clock.hardware(),
        monotonic=clock.monotonic(),
        boot=clock.boot_id(),
        floor=floor,
    )


def find_zone(name: str) -> ZoneInfo:
    """Find a time zone such as ``Asia/Shanghai``.

    Raises:
        UsageError: this machine knows no such zone.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise UsageError(
            "There is no time zone {name}.",
            hint="Write it like Asia/Shanghai; the package tzdata has all of them.",
            name=repr(name[:60]),
        ) from error
