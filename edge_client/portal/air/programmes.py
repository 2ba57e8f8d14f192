"""What a feed is to show: the slots around now, each with what is here of its item."""

from bisect import bisect_right
from typing import Final

from cache.clock import Clock
from cache.journal_lineup import Feed
from core.lineup import FORGOTTEN, Day, Part, Programme, Source, source_of
from core.rendition import AUDIO, TICKS
from core.timetable import Placed
from edge_client.portal.air.slate import slate
from edge_client.portal.lessons import Lessons
from edge_client.portal.timetables import Timetables

MINUTE: Final = 60 * TICKS
_LOOK_SECONDS: Final = 5.0
_MOST_REMEMBERED: Final = 200


class Programmes:
    """Answers for every feed; what is here of an item is asked every few seconds."""

    def __init__(self, lessons: Lessons, timetable: Timetables, clock: Clock) -> None:
        self._lessons = lessons
        self._timetable = timetable
        self._clock = clock
        self._known: dict[tuple[str, str, bool], tuple[float, Source | None]] = {}

    async def day(self, feed: Feed, on: Part | None, since: int, until: int) -> Day:
        """Give what a feed is to show.

        Args:
            feed: which.
            on: the run that is on and may be shown on.
            since: from when on something may change, ticks.
            until: up to when, ticks.

        Raises:
            UnavailableError: the catalogue is being repaired.
        """
        programmes = []
        for one in around(self._timetable.placed(feed.channel), since, until):
            slot = one.slot
            if on is not None and not on.source.loops and (
                on.run.slot, on.run.pack, on.run.item
            ) == (one.published, slot.pack, slot.item):  # fmt: skip
                source: Source | None = on.source
            else:
                source = await self._source((slot.pack, slot.item, feed.sound))
            start = slot.start * MINUTE
            programmes.append(Programme(start, one.published, slot.pack, slot.item, source))
        return Day(programmes, slate(sound=feed.sound).source)

    async def is_shown(self, last: Part) -> bool:
        """Say whether what is on may be shown on; raises as ``day``."""
        if last.source.loops:
            return True
        return await self._lessons.served_type(last.run.digest) is not None

    async def _source(self, key: tuple[str, str, bool]) -> Source | None:
        at = self._clock.monotonic()
        asked, known = self._known.get(key, (at - 2 * _LOOK_SECONDS, None))
        if at - asked < _LOOK_SECONDS:
            return known
        pack, item, sound = key
        found = None
        for one in await self._lessons.renditions(pack, item):
            if one.here and (one.rendition.name == AUDIO) == sound:
                found = source_of(one.rendition, one.digest)
                if found is not None:
                    break
        self._known.pop(key, None)
        if len(self._known) >= _MOST_REMEMBERED:
            self._known.pop(next(iter(self._known)))
        self._known[key] = at, found
        return found


def around(placed: list[Placed], since: int, until: int) -> list[Placed]:
    """Give the slots that begin between two moments, and the one before them."""
    since = max(since, until - FORGOTTEN)
    first = bisect_right(placed, since // MINUTE, key=lambda one: one.slot.start)
    end = bisect_right(placed, until // MINUTE, key=lambda one: one.slot.start)
    return placed[max(0, first - 1) : end]
