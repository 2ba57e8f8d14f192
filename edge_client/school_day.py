"""The next lessons of the timetable, for the technician's screens: which, when, whether here."""

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from itertools import takewhile
from typing import Final

from cache.catalogue_reader import CatalogueReader
from cache.state import StateDirectory
from core.control import ChannelStatus, LessonStatus
from core.display import few_titles
from core.school_time import SchoolTime
from core.timetable import Placed, Slot
from sync.timetabled import Timetabled

_MOST_CHANNELS: Final = 30
_MOST_LESSONS: Final = 12
_FORM: Final = "%Y-%m-%dT%H:%M"


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
        self._catalogue = catalogue
        self._now = now
        self._here = here
        self._timetabled = Timetabled(state)

    def channels(self) -> list[ChannelStatus]:
        """Give the channels with their next lessons.

        Raises:
            UnavailableError: the catalogue is damaged.
        """
        placed = self._timetabled.look()
        now = self._now()
        moment = now.moment if now.is_known else None
        return [
            ChannelStatus(
                id=channel.id,
                title=dict(channel.title),
                next=[] if moment is None else list(self._next(placed[channel.id], moment)),
            )
            for channel in self._timetabled.channels[:_MOST_CHANNELS]
        ]

    def _next(self, placed: Iterable[Placed], moment: datetime) -> Iterator[LessonStatus]:
        minute = int(moment.timestamp()) // 60
        coming = [one for one in placed if one.slot.end > minute]
        days = [self._local(one.slot).date() for one in coming[:1]]
        today = takewhile(lambda one: self._local(one.slot).date() in days, coming)
        for one in _first(today):
            yield self._lesson(one)

    def _lesson(self, one: Placed) -> LessonStatus:
        slot = one.slot
        item = self._catalogue.item(slot.pack, slot.item)
        titles = {"": slot.title} if slot.title else few_titles(item.title) if item else {}
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


def _first(lessons: Iterable[Placed]) -> Iterator[Placed]:
    for number, one in enumerate(lessons):
        if number == _MOST_LESSONS:
            return
        yield one
