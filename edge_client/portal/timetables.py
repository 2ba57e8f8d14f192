"""The timetable in the portal: the channels of this school, with teachers' changes over them.

The channels are read again when the agent's side has written them anew; a file that cannot be
read leaves those that were read before.
"""

import asyncio
import logging
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from cache import journal_changes
from cache.journal_changes import KeptChange
from cache.state import StateDirectory
from cache.timetable_file import read_timetable
from core.errors import PackhorseError
from core.timetable import Channel, Placed, effective
from core.usage import Recorded
from edge_client.portal.usage_log import UsageLog
from edge_client.portal.watched import Watched

_LOG: Final = logging.getLogger(__name__)


class Timetables:
    """The school's channels.

    Args:
        state: the node's state directory.
        usage: the hand on the journal, where changes are kept.
    """

    def __init__(self, state: StateDirectory, usage: UsageLog) -> None:
        self._journal = state.journal
        self._usage = usage
        self._channels: dict[str, Channel] = {}
        # Replaced from several threads; what is read last stays.
        self._changes: list[KeptChange] = []
        self._loading = threading.Lock()
        # With what each was made of, which says whether it still holds.
        self._placed: dict[str, tuple[Channel, list[KeptChange], list[Placed]]] = {}
        self._file = Watched(state.timetable, lambda: self._read(state.timetable))
        usage.when_open(self._load)

    def channels(self) -> list[Channel]:
        """Give the channels as they were published, by name."""
        self._file.get()
        return list(self._channels.values())

    def channel(self, name: str) -> Channel | None:
        """Give one channel as it was published, or None."""
        self._file.get()
        return self._channels.get(name)

    def placed(self, name: str) -> list[Placed]:
        """Give a channel's lessons as they take place here, in order; none for an unknown one."""
        channel, changes = self.channel(name), self._changes
        if channel is None:
            return []
        made = self._placed.get(name)
        if made is None or made[0] is not channel or made[1] is not changes:
            placed = effective(channel, [one.change for one in changes])
            made = self._placed[name] = channel, changes, placed
        return made[2]

    def changes(self, name: str) -> Sequence[KeptChange]:
        """Give what teachers changed on a channel."""
        return [one for one in self._changes if one.change.channel == name]

    async def change(self, kept: KeptChange, now: int, tell: Sequence[Recorded] = ()) -> None:
        """Keep a change of one lesson, and tell of it upward.

        Args:
            kept: the change.
            now: the present minute, which is sure.
            tell: statements of it.

        Raises:
            UnavailableError: it cannot be kept now.
        """
        await self._usage.change(lambda file: journal_changes.keep_change(file, kept, now), tell)
        await asyncio.to_thread(self._load)

    async def undo(self, name: str, start: int, tell: Sequence[Recorded] = ()) -> None:
        """Let a channel's lesson take place as it was published, and tell of it upward.

        Raises:
            UnavailableError: that cannot be kept now.
        """
        await self._usage.change(lambda file: journal_changes.undo_change(file, name, start), tell)
        await asyncio.to_thread(self._load)

    def _read(self, path: Path) -> None:
        try:
            found = read_timetable(path)
        except PackhorseError as error:
            _LOG.warning("the timetable cannot be read: %s", error)
            return
        self._channels = {one.id: one for one in found.channels}
        self._placed = {}

    def _load(self) -> None:
        with suppress(PackhorseError), self._loading:
            self._changes = journal_changes.changes(self._journal)
