"""The line-up of every channel of the school, moved on second by second.

Rules:
    - What is new is in the journal before it is in ``Feed``; when the journal cannot be written,
      the channels stand still and go on when it can.
    - How far feeds may be published is in the journal ahead of it, ``STEP`` at a time, and exactly
      when the portal ends; so a restart, too, knows what players may have seen.
    - A feed is shown once it was moved on in this process: until then its line-up ends where the
      last process may have come to, which is no time of now.
    - Whatever goes wrong is tried again a second later.
"""

import asyncio
import logging
import sqlite3
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from cache import journal_lineup
from cache.clock import Clock
from cache.journal_lineup import Feed, Reach
from cache.state import StateDirectory
from core.errors import PackhorseError, UnavailableError
from core.lineup import AHEAD, STANDSTILL, Day, Part, Run, advance, horizon
from core.rendition import TICKS
from core.timetable import Placed
from edge_client.portal.air.programmes import Programmes
from edge_client.portal.air.slate import slate
from edge_client.portal.lessons import Lessons
from edge_client.portal.school_hours import SchoolHours
from edge_client.portal.timetables import Timetables
from edge_client.portal.usage_log import UsageLog

STEP: Final = 300 * TICKS
KEPT_IN_MEMORY: Final = 4 * 3600 * TICKS
"""Over half an hour, and over a lesson that someone watches from its start."""
TICK_SECONDS: Final = 1.0
_LOOK_SECONDS: Final = 5.0
MOST_RUNS: Final = 60
"""So many runs of a feed are in memory at most: more than half an hour has."""
_LOG: Final = logging.getLogger(__name__)


class Text(NamedTuple):
    """A playlist, plain and packed by gzip."""

    plain: bytes
    packed: bytes


class Told(NamedTuple):
    """What pages say of a feed at one moment, in one language.

    Attributes:
        at: when it was found, monotonic seconds.
        on: the run that was on.
        minute: school time then, minutes since 1970.
        placed: the channel's lessons, as they took place then.
        facts: for the page's script.
    """

    at: float
    on: Run
    minute: int
    placed: list[Placed]
    facts: dict[str, object]

    def holds(self, other: "Told") -> bool:
        """Say whether this is what would be found now but for what came in the meantime."""
        return (self.on, self.minute) == (other.on, other.minute) and self.placed is other.placed


@dataclass(slots=True)
class Shown:
    """What a feed has shown.

    Attributes:
        parts: its latest runs.
        published: segments that begin before that moment are in its playlists.
        is_moving: whether it was moved on in this process.
        looked: when it was last asked whether what is on may be shown, monotonic seconds.
        is_gone: whether it may not.
        texts: its playlists by their kind, with what they were made of.
        told: what pages say of it, by language, with what that was made of.
        telling: held by whoever makes that.
    """

    parts: list[Part]
    published: int = 0
    is_moving: bool = False
    looked: float = 0.0
    is_gone: bool = False
    texts: dict[str, tuple[object, Text]] = field(default_factory=dict)
    told: dict[str, Told] = field(default_factory=dict)
    telling: asyncio.Lock = field(default_factory=asyncio.Lock)

    def on(self, moment: int) -> Part:
        """Give the run that is on at a moment; the first one before it."""
        begun = (part for part in reversed(self.parts) if part.run.start <= moment)
        return next(begun, self.parts[0])

    def add(self, made: list[Part], now: int) -> None:
        """Take what was made up to now; one of the last one's number takes its place."""
        for part in made:
            if self.parts and self.parts[-1].run.first == part.run.first:
                self.parts.pop()
            self.parts.append(part)
            self.is_gone = False
        self.published, self.is_moving = horizon(self.published, now), True
        while len(self.parts) > 1 and (
            len(self.parts) > MOST_RUNS or self.parts[1].run.start < self.published - KEPT_IN_MEMORY
        ):
            del self.parts[0]


class Channels:
    """All feeds.

    Args:
        state: the node's state directory.
        lessons: what is here.
        usage: the hand on the journal.
        time: the school's clock.
        timetable: the channels.
        clock: the machine's clocks.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - wired once
        self,
        state: StateDirectory,
        lessons: Lessons,
        usage: UsageLog,
        time: SchoolHours,
        timetable: Timetables,
        clock: Clock,
    ) -> None:
        self._journal = state.journal
        self._usage = usage
        self._time = time
        self._timetable = timetable
        self._clock = clock
        self._programmes = Programmes(lessons, timetable, clock)
        self._feeds: dict[Feed, Shown] = {}
        self._reach: Reach | None = None
        self._pinned_for: list[Feed] | None = None
        self._moving = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None
        self._standing = False

    def start(self) -> None:
        """Begin to move on."""
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def close(self) -> None:
        """Stop, and note how far feeds were published."""
        if self._task is None:
            return
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task
        published = max((shown.published for shown in self._feeds.values()), default=0)
        if published:
            reach = Reach(published, self._clock.boot_id(), exact=True)
            with suppress(UnavailableError):
                await self._usage.change(lambda file: journal_lineup.keep_reach(file, reach))

    def now(self) -> int | None:
        """Give school time in ticks; None while it is not sure."""
        now = self._time.now()
        if not now.is_known or now.moment is None:
            return None
        return round(now.moment.timestamp() * TICKS)

    def shown(self, feed: Feed) -> Shown | None:
        """Give what a feed has shown; None when that is nothing yet."""
        found = self._feeds.get(feed)
        return found if found is not None and found.parts and found.is_moving else None

    async def move(self) -> None:
        """Move every feed on to now.

        Raises:
            UnavailableError: the journal cannot be written.
            DamagedError: it cannot be read.
        """
        async with self._moving:
            await self._move()

    async def _move(self) -> None:
        now = self.now()
        if now is None:
            return
        names = [channel.id for channel in self._timetable.channels()]
        wanted = [Feed(name, sound) for name in names for sound in (False, True)]
        if any(feed not in self._feeds for feed in wanted):
            await asyncio.to_thread(self._load, wanted, now)
        made = {feed: await self._made(feed, now) for feed in wanted}
        await self._keep(made, now)
        for feed, parts in made.items():
            self._feeds[feed].add(parts, now)
        # Of channels that the school has no more the journal knows enough.
        self._feeds = {feed: self._feeds[feed] for feed in wanted}

    async def _run(self) -> None:
        await self._usage.secrets()  # the journal was tried
        while True:
            try:
                await self.move()
                self._standing = False
            except Exception as error:  # noqa: BLE001 - else one mistake would end all channels
                if not self._standing:
                    is_bug = not isinstance(error, PackhorseError)
                    _LOG.warning("the channels stand still: %s", error, exc_info=is_bug)
                self._standing = True
            await asyncio.sleep(TICK_SECONDS)

    async def _made(self, feed: Feed, now: int) -> list[Part]:
        shown = self._feeds[feed]
        last = shown.parts[-1] if shown.parts else None
        at = self._clock.monotonic()
        since = now
        try:
            if last is not None:
                since = min(shown.published, last.end or shown.published)
                if at - shown.looked >= _LOOK_SECONDS:
                    shown.looked = at
                    shown.is_gone = not await self._programmes.is_shown(last)
            on = None if shown.is_gone else last
            day = await self._programmes.day(feed, on, since, now + AHEAD)
        except UnavailableError:
            # The catalogue is being repaired: what is on goes on.
            if last is not None:
                return []
            day = Day((), slate(sound=feed.sound).source)
        return advance(last, day, published=shown.published, now=now, is_gone=shown.is_gone)

    async def _keep(self, made: dict[Feed, list[Part]], now: int) -> None:
        fresh = {feed: parts for feed, parts in made.items() if parts}
        wanted = list(made)
        reach = self._ahead(made, now)
        if not fresh and reach is None and wanted == self._pinned_for:
            return

        def work(file: sqlite3.Connection) -> None:
            for feed, parts in fresh.items():
                journal_lineup.keep_runs(file, feed, parts)
            journal_lineup.forget_others(file, wanted, now)
            if reach is not None:
                journal_lineup.keep_reach(file, reach)

        await self._usage.change(work)
        self._reach, self._pinned_for = reach or self._reach, wanted

    def _ahead(self, made: dict[Feed, list[Part]], now: int) -> Reach | None:
        """Give what is to be kept before feeds are published up to now; None for nothing."""
        if not made:
            return None
        until = max(horizon(self._feeds[feed].published, now) for feed in made)
        known, boot = self._reach, self._clock.boot_id()
        if known and known.boot == boot and not known.exact and (
            known.reached - STEP < until <= known.reached
        ):  # fmt: skip
            return None
        return Reach(until + STEP, boot, exact=False)

    def _load(self, wanted: list[Feed], now: int) -> None:
        """Take up again what the journal knows of feeds."""
        slates = {sound: slate(sound=sound).source for sound in (False, True)}
        reach = self._reach = self._reach or journal_lineup.reach(self._journal)
        published, until = (reach.reached if reach else 0), now + AHEAD
        if reach and not reach.exact and reach.boot == self._clock.boot_id() and (
            until + STANDSTILL >= published - STEP
        ):  # fmt: skip
            # In one boot time goes back only where a person says so.
            published = min(published, until)
        kept = journal_lineup.lineup(self._journal, slates, MOST_RUNS)
        for feed in wanted:
            if feed not in self._feeds:
                self._feeds[feed] = Shown(kept.get(feed, []), published if feed in kept else 0)
