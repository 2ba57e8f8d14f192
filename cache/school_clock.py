"""School time with its memory: ``school-time.json``, which the agent's side writes.

The portal reads it too, so it holds nothing that is secret. Losing it loses a confirmation.
"""

import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from cache import durable
from cache.clock import Clock
from cache.state import StateDirectory
from core import school_time
from core.errors import UsageError
from core.school_time import Clocks, Memory, SchoolTime

FILE_NAME: Final = "school-time.json"
_MAX_BYTES: Final = 4096
_FORM: Final = "%Y-%m-%dT%H:%M"
_SAID_WITHIN: Final = 30.0


@dataclass(frozen=True, slots=True)
class LocalTime:
    """School time as the school's clock shows it; ``text`` is empty when unknown."""

    text: str
    known: bool


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
        self._clock = clock
        self._zone = find_zone(zone) if zone else None
        # What is saved every minute must not undo what a person confirms just then.
        self._changing = threading.Lock()
        self._memory = self._read()

    def now(self, floor: datetime) -> SchoolTime:
        """Give school time; ``floor`` is a moment that has certainly passed."""
        return school_time.school_time(self._memory, self._clocks(floor))

    def local(self, floor: datetime) -> LocalTime:
        """Give what the school's clock shows."""
        now = self.now(floor)
        text = "" if now.moment is None else self.here(now.moment).strftime(_FORM)
        return LocalTime(text, now.is_known)

    def here(self, moment: datetime) -> datetime:
        """Put a moment into the school's time zone."""
        return self._clock.here(moment) if self._zone is None else moment.astimezone(self._zone)

    def confirm(self, local: str, floor: datetime) -> None:
        """Take from a person what the school's clock shows now, and keep it durably.

        Raises:
            UsageError: it is no time, or cannot be that time.
            ExhaustedError: the disk is full, broken or read-only.
        """
        try:
            said = self._moment(datetime.strptime(local, _FORM))  # noqa: DTZ007 - zone follows
        except (ValueError, OverflowError) as error:
            raise UsageError(
                "{text} is not a date and a time.",
                hint="Write it like 2026-11-25T08:28.",
                text=repr(local[:40]),
            ) from error
        # Half of the minute that they read has passed, on average.
        said = datetime.fromtimestamp(said.timestamp() + _SAID_WITHIN, UTC)
        with self._changing:
            self._keep(school_time.confirm(self._memory, self._clocks(floor), said))

    def save(self, floor: datetime) -> None:
        """Note how far time has come; to be called every minute.

        Raises:
            ExhaustedError: the disk is full, broken or read-only.
        """
        with self._changing:
            reached = school_time.reach(self._memory, self.now(floor))
            if reached != self._memory:
                self._keep(reached)

    def _keep(self, memory: Memory) -> None:
        durable.write_file(self._path, msgspec.json.encode(memory))
        self._memory = memory

    def _read(self) -> Memory:
        try:
            with self._path.open("rb") as file:
                return msgspec.json.decode(file.read(_MAX_BYTES), type=Memory)
        except (OSError, msgspec.DecodeError, UnicodeDecodeError):
            return Memory()

    def _clocks(self, floor: datetime) -> Clocks:
        clock = self._clock
        return Clocks(
            wall=clock.wall(),
            synchronised=clock.synchronised(),
            hardware=clock.hardware(),
            monotonic=clock.monotonic(),
            boot=clock.boot_id(),
            floor=floor,
        )

    def _moment(self, local: datetime) -> datetime:
        if self._zone is None:
            return self._clock.moment_of(local)
        return local.replace(tzinfo=self._zone).astimezone(UTC)


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
