"""School time in the portal: what the agent keeps of it, and what a teacher confirmed here.

Rules:
    - Both confirmations of this boot count, the later one wins; so one tap on a teacher's page is
      enough, with the agent stopped, too. The agent takes it in when it next looks.
    - Time does not go back here without another confirmation, whatever the machine's clock does.
    - Whoever asks looks at ``is_known`` first: nothing is decided by an unsure time.
"""

import logging
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from cache import journal_said
from cache.clock import Clock
from cache.school_clock import FILE_NAME, Zone, clocks_of, read_memory
from cache.state import StateDirectory
from core import school_time
from core.errors import PackhorseError, UsageError
from core.school_time import Clocks, Confirmation, Memory, SchoolTime
from edge_client import floor
from edge_client.portal.usage_log import UsageLog
from edge_client.portal.watched import Watched

_LOG: Final = logging.getLogger(__name__)


class SchoolHours:
    """The school's clock, as the portal knows it.

    Args:
        state: the node's state directory.
        clock: the machine's clocks.
        usage: the hand on the journal, where a confirmation is kept.
        zone: name of the school's time zone; empty for the machine's.
    """

    def __init__(
        self, state: StateDirectory, clock: Clock, usage: UsageLog, *, zone: str = ""
    ) -> None:
        self._state = state
        self._clock = clock
        self._usage = usage
        self.zone = _zone(clock, zone)
        path = state.root / FILE_NAME
        self._kept = Watched(path, lambda: read_memory(path))
        self._floor = Watched(state.root / floor.FILE_NAME, lambda: floor.read_floor(state))
        self._said: Confirmation | None = None
        self._seen = Memory()
        usage.when_open(self._load)

    def now(self) -> SchoolTime:
        """Give school time."""
        clocks = self._clocks()
        now = school_time.school_time(self._memory(clocks.boot), clocks)
        self._seen = school_time.reach(self._seen, now, clocks)
        return now

    def minute(self) -> int | None:
        """Give the present minute since 1970 where school time is sure, else None."""
        now = self.now()
        if not now.is_known or now.moment is None:
            return None
        return int(now.moment.timestamp()) // 60

    def at(self, minute: int) -> datetime:
        """Give what the school's clocks show at a minute since 1970."""
        return self.here(datetime.fromtimestamp(minute * 60, UTC))

    def minute_of(self, local: str) -> int:
        """Give the minute since 1970 at which the school's clocks show ``2026-11-25T08:28``.

        Raises:
            UsageError: it is no date and time.
        """
        return int(self.zone.parse(local).timestamp()) // 60

    def here(self, moment: datetime) -> datetime:
        """Put a moment into the school's time zone."""
        return self.zone.here(moment)

    async def confirm(self, local: str, teacher: str, *, ago: float = 0.0) -> None:
        """Take from a teacher what the school's clock shows now, ``2026-11-25T08:28``.

        Args:
            local: the minute that they saw.
            teacher: who says it.
            ago: seconds since they saw it.

        Raises:
            UsageError: it is no time, or cannot be that time.
            UnavailableError: it cannot be kept now.
        """
        clocks = self._clocks()
        said = self.zone.said(local) + timedelta(seconds=ago)
        memory = school_time.confirm(self._memory(clocks.boot), clocks, said)
        kept = Confirmation(memory.boot, memory.monotonic, memory.confirmed)
        await self._usage.change(lambda file: journal_said.keep_said(file, kept, teacher))
        self._said = kept

    def _memory(self, boot: str) -> Memory:
        """Give what both halves of the node remember."""
        memory = self._kept.get()
        if self._said is not None:
            memory = school_time.adopted(memory, self._said, boot)
        if (memory.boot, memory.monotonic) == (self._seen.boot, self._seen.monotonic):
            reached = max(memory.reached, self._seen.reached)
            memory = msgspec.structs.replace(memory, reached=reached)
        self._seen = memory
        return memory

    def _clocks(self) -> Clocks:
        return clocks_of(self._clock, self._floor.get())

    def _load(self) -> None:
        with suppress(PackhorseError):
            self._said = journal_said.said(self._state.journal)


def _zone(clock: Clock, name: str) -> Zone:
    try:
        return Zone(clock, name)
    except UsageError as error:
        # Lessons are served whatever the configuration says; the agent refuses it.
        _LOG.warning("%s The machine's time zone is used.", error)
        return Zone(clock)
