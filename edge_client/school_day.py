"""The next lessons of the timetable, for the technician's screens: which, when, and whether here.

The timetable is read again only when another one is there. Where it, or what teachers changed of
it, cannot be read, what was read before stays: the screens' other parts do not wait for it.
"""

import logging
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from itertools import takewhile
from typing import Final

from cache.catalogue_reader import CatalogueReader
from cache.journal_changes import changes
from cache.state import StateDirectory
from cache.timetable_file import read_timetable
from core.control import ChannelStatus, LessonStatus
from core.errors import PackhorseError
from core.school_time import SchoolTime
from core.timetable import Change, Channel, NodeTimetable, Placed, Slot, effective

_MOST_CHANNELS: Final = 30
_MOST_LESSONS: Final = 12
_FORM: Final = "%Y-%m-%dT%H:%M"
_LOG: Final = logging.getLogger(__name__)
_Mark = tuple[int, int, int]


class SchoolDay:
    """Looks at the next lessons.

    Args:
        state: the node's state directory.
        catalogue: says what is here.
        now: gives school time.
        here: puts a moment into the school's time zone.
    """

    def __init__(
        self,
        state: StateDirectory,
        catalogue: CatalogueReader,
        now: Callable[[], SchoolTime],
        here: Callable[[datetime], datetime],
    ) -> None:
        self._state = state
        self._catalogue = catalogue
        self._now = now
        self._here = here
        self._mark: _Mark | None = None
        self._timetable = NodeTimetable()
        self._changes: list[Change] = []
        self._placed: dict[str, list[Placed]] = {}

    def channels(self) -> list[ChannelStatus]:
        """Give the channels with their next lessons.

        Raises:
            UnavailableError: the catalogue is damaged.
        """
        self._look()
        now = self._now()
        moment = now.moment if now.is_known else None
        return [
            ChannelStatus(
                id=channel.id,
                title=dict(channel.title),
                next=[] if moment is None else list(self._next(channel, moment)),
            )
            for channel in self._timetable.channels[:_MOST_CHANNELS]
        ]

    def _next(self, channel: Channel, moment: datetime) -> Iterator[LessonStatus]:
        minute = int(moment.timestamp()) // 60
        coming = [one for one in self._placed[channel.id] if one.slot.end > minute]
        days = [self._local(one.slot).date() for one in coming[:1]]
        today = takewhile(lambda one: self._local(one.slot).date() in days, coming)
        for one in _first(today):
            yield self._lesson(one)

    def _lesson(self, one: Placed) -> LessonStatus:
        slot = one.slot
        item = self._catalogue.item(slot.pack, slot.item)
        titles = {"": slot.title} if slot.title else dict(item.title) if item else {}
        return LessonStatus(
            start=self._local(slot).strftime(_FORM),
            minutes=slot.minutes,
            pack=slot.pack,
            item=slot.item,
            title=titles,
            here=item is not None and item.is_served,
            changed=one.changed is not None,
            sound_alone=item is not None and item.sound_alone,
        )

    def _local(self, slot: Slot) -> datetime:
        return self._here(datetime.fromtimestamp(slot.start * 60, UTC))

    def _look(self) -> None:
        mark, told = self._marked(), self._changes
        try:
            if mark != self._mark:
                self._timetable = read_timetable(self._state.timetable)
            if self._timetable.channels:
                told = [one.change for one in changes(self._state.journal)]
        except PackhorseError as error:
            _LOG.warning("the timetable cannot be read: %s", error)
        if mark != self._mark or told != self._changes:
            self._mark, self._changes = mark, told
            self._placed = {one.id: effective(one, told) for one in self._timetable.channels}

    def _marked(self) -> _Mark | None:
        try:
            status = self._state.timetable.stat()
        except OSError:
            return None
        return status.st_ino, status.st_mtime_ns, status.st_size


def _first(lessons: Iterable[Placed]) -> Iterator[Placed]:
    for number, one in enumerate(lessons):
        if number == _MOST_LESSONS:
            return
        yield one
