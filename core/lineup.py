"""The line-up: what a channel shows, segment by segment, decided once and never otherwise.

A channel's feed (pictures and sound, or sound alone) is a row of *runs*. A run shows segments of
one source, from ``segment`` on, until the next run begins; so every media sequence number stands
for one segment for ever, across restarts, edits of the timetable and clocks that are put right.

Rules:
    - Segments that begin ``AHEAD`` before or earlier than now are published, and stay. What is
      decided later touches only what comes after them.
    - A run ends at a segment's boundary: the first one at or after the moment that ends it. So
      what follows begins at most one segment late.
    - A channel keeps to the clock: what begins over ``LATE`` late (its item has come only now, or
      the portal was off) goes on at the place where it would be.
    - Of slots that overlap, the one that begins later wins. A lesson longer than its slot runs on
      until something follows. Everything else is slate: the gaps, the night, what is not here.
    - Time that steps back, or a gap of over ``FORGOTTEN``, makes a new beginning, ``BACK`` ago;
      its numbers lie above all that may have been seen.
    - A lesson that has begun is not changed to a better rendition; the next one is.

Moments and durations are in ``TICKS``, moments since 1970 by school time.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Final, NamedTuple

from core.digest import Digest
from core.rendition import TICKS, Rendition

AHEAD: Final = 12 * TICKS
"""So long before its moment a segment is published, for players to fetch it."""
TARGET_SECONDS: Final = 10
"""A channel's constant target duration: no segment is longer, rounded."""
LATE: Final = 30 * TICKS
STANDSTILL: Final = 10 * TICKS
"""A clock that is so little behind is waited for."""
BACK: Final = 24 * TICKS
"""So much of the past a new beginning shows, for players to have something to begin with."""
FORGOTTEN: Final = 4 * 3600 * TICKS
"""After so long without anyone looking, the time between is not lined up any more."""
LONGEST_SEGMENT: Final = TARGET_SECONDS * TICKS + TICKS // 2 - 1
SLATE: Final = ""
"""The source of a run that shows the slate."""
NO_SLOT: Final = -1
_EPOCH: Final = 1_577_836_800 * TICKS  # 2020
_QUICKEST: Final = 2 * TICKS
_DAY: Final = 24 * 3600 * TICKS


@dataclass(frozen=True, slots=True)
class Source:
    """What a run shows: a rendition's file, or the slate, which goes round and round.

    Attributes:
        digest: of the file; ``SLATE`` for the slate.
        head: bytes before the first segment.
        sizes: of the segments, bytes.
        starts: when each segment begins; at the end the duration.
        loops: whether it begins anew at its end.
        name: the rendition's name.
    """

    digest: str
    head: int
    sizes: "array[int]"
    starts: "array[int]"
    loops: bool = False
    name: str = ""

    @property
    def length(self) -> int | None:
        """Its duration; None when it goes on for ever."""
        return None if self.loops else self.starts[-1]

    def start(self, index: int) -> int:
        """Give when a segment begins; the number of segments stands for the end."""
        if not self.loops:
            return self.starts[index]
        rounds, rest = divmod(index, len(self.sizes))
        return rounds * self.starts[-1] + self.starts[rest]

    def boundary(self, place: int) -> int:
        """Give the first segment that begins at a place or after it."""
        if not self.loops:
            return min(bisect_left(self.starts, place), len(self.sizes))
        rounds, rest = divmod(place, self.starts[-1])
        return rounds * len(self.sizes) + bisect_left(self.starts, rest)

    def at(self, place: int) -> int:
        """Give the segment that is shown at a place."""
        return bisect_right(self.starts, place) - 1


def source_of(rendition: Rendition, digest: Digest) -> Source | None:
    """Give a rendition as a source; None when its segments are too long for a channel."""
    if any(one.ticks > LONGEST_SEGMENT for one in rendition.segments):
        return None
    return Source(
        digest,
        rendition.head,
        array("Q", (one.size for one in rendition.segments)),
        array("Q", accumulate((one.ticks for one in rendition.segments), initial=0)),
        name=rendition.name,
    )


@dataclass(frozen=True, slots=True)
class Programme:
    """A slot as the line-up needs it.

    Attributes:
        start: when it begins.
        slot: its published start, minutes since 1970, which names it.
        pack: the pack's id.
        item: the item's id.
        source: what there is to show; None when nothing is here.
    """

    start: int
    slot: int
    pack: str
    item: str
    source: Source | None

    def plays_at(self, moment: int) -> bool:
        """Say whether there is something of it to show at a moment."""
        return self.source is not None and moment - self.start < self.source.starts[-1]


class Day(NamedTuple):
    """What a feed is to show: programmes by start, and the slate between them."""

    programmes: Sequence[Programme]
    slate: Source

    def at(self, moment: int) -> Programme | None:
        """Give the programme whose time it is; over its end, as long as none follows."""
        return next((one for one in reversed(self.programmes) if one.start <= moment), None)


class Run(NamedTuple):
    """Segments of one source in a row.

    Attributes:
        first: media sequence number of the first one.
        discontinuity: the run's number, for EXT-X-DISCONTINUITY-SEQUENCE.
        start: when the first one begins.
        digest: the source; ``SLATE`` for the slate.
        segment: the first one's place in the source.
        slot: the programme's slot; ``NO_SLOT`` for the slate.
        pack: its pack; empty for the slate.
        item: its item; empty for the slate.
    """

    first: int
    discontinuity: int
    start: int
    digest: str
    segment: int = 0
    slot: int = NO_SLOT
    pack: str = ""
    item: str = ""


class Part(NamedTuple):
    """A run with its source."""

    run: Run
    source: Source

    @property
    def end(self) -> int | None:
        """When the source is over; None for the slate."""
        length = self.source.length
        return None if length is None else self.moment(len(self.source.sizes))

    def moment(self, index: int) -> int:
        """Give when a segment of the source is shown."""
        return self.run.start + self.source.start(index) - self.source.start(self.run.segment)

    def boundary(self, moment: int) -> int:
        """Give the first segment that is shown at a moment or after it."""
        place = moment - self.run.start + self.source.start(self.run.segment)
        return max(self.run.segment, self.source.boundary(place))


def begin(day: Day, now: int) -> Part:
    """Begin a feed that nobody has seen.

    Its first number is above those that any feed before it can have reached, should the journal
    have been lost. That of the discontinuity is small: hls.js counts up to it again and again.
    """
    passed = max(0, now - _EPOCH)
    return _part(day, Run(passed // _QUICKEST, passed // _DAY, now, SLATE), anew=True)


def advance(
    last: Part | None, day: Day, *, published: int, now: int, is_gone: bool = False
) -> list[Part]:
    """Give the runs that are to be added now.

    One that has the number of ``last`` takes its place: nothing of that one was seen.

    Args:
        last: the last run so far; None when there is none.
        day: what the feed is to show.
        published: segments of the last run that begin before that moment may have been seen.
        now: school time.
        is_gone: whether the last run's source may not be shown any more.
    """
    until = now + AHEAD
    if last is None:
        first = begin(day, now - BACK)
        return [first, *_extend(first, day, first.run.start, until)]
    if until < published and published - until <= STANDSTILL:
        return []
    end = published if last.end is None else min(published, last.end)
    if until < published or until - max(end, last.run.start) > FORGOTTEN:
        fresh = _part(day, _after(last, last.boundary(published), now - BACK), anew=True)
        return [fresh, *_extend(fresh, day, fresh.run.start, until)]
    return _extend(last, day, published, until, is_gone=is_gone)


def horizon(published: int, now: int) -> int:
    """Give up to when a feed is published after ``advance``."""
    until = now + AHEAD
    return published if 0 < published - until <= STANDSTILL else until


def count(part: Part, following: Run | None, published: int) -> int:
    """Give how many of a run's segments there are.

    Args:
        part: the run.
        following: the next one, if there is.
        published: up to when the last run is published.
    """
    if following is not None:
        return following.first - part.run.first
    return part.boundary(published) - part.run.segment


def _extend(
    last: Part, day: Day, published: int, until: int, *, is_gone: bool = False
) -> list[Part]:
    """Give the runs that begin before ``until``."""
    made: list[Part] = []
    while (following := _following(last, day, published, until, is_gone=is_gone)) is not None:
        made.append(following)
        last, published, is_gone = following, following.run.start, False
    return made


def _following(
    last: Part,
    day: Day,
    published: int,
    until: int,
    *,
    is_gone: bool,
) -> Part | None:
    for moment in _moments(last, day.programmes, published, until):
        if not _stays(last, day.at(moment), moment, is_gone=is_gone):
            break
    else:
        return None
    index = last.boundary(moment)
    cut = last.moment(index)
    return _part(day, _after(last, index, cut)) if cut < until else None


def _moments(
    last: Part, programmes: Sequence[Programme], published: int, until: int
) -> Iterator[int]:
    """Give the moments at which something may change, in order."""
    end = last.end
    first = max(last.run.start, published if end is None else min(published, end))
    moments = {first, *(one.start for one in programmes if first < one.start < until)}
    if end is not None and first < end < until:
        moments.add(end)
    return iter(sorted(one for one in moments if one < until))


def _stays(last: Part, on: Programme | None, moment: int, *, is_gone: bool) -> bool:
    if last.end is None:
        return on is None or not on.plays_at(moment)
    same = on is not None and (on.slot, on.pack, on.item) == (
        last.run.slot,
        last.run.pack,
        last.run.item,
    )
    return same and not is_gone and moment < last.end


def _after(last: Part, index: int, start: int) -> Run:
    """Give the numbers of a run that follows the segments of another before ``index``."""
    run, shown = last.run, index - last.run.segment
    # One that nobody has seen is replaced.
    return Run(run.first + shown, run.discontinuity + (shown > 0), start, SLATE)


def _part(day: Day, run: Run, *, anew: bool = False) -> Part:
    """Give what is on when a run begins; a new beginning is exactly on the clock."""
    on = day.at(run.start)
    if on is None or on.source is None or not on.plays_at(run.start):
        return Part(run, day.slate)
    place = run.start - on.start
    segment = 0 if place <= LATE and not anew else on.source.at(place)
    return Part(
        run._replace(
            start=on.start + on.source.start(segment) if anew else run.start,
            digest=on.source.digest,
            segment=segment,
            slot=on.slot,
            pack=on.pack,
            item=on.item,
        ),
        on.source,
    )
