"""What pages say of a channel: what is on, what comes, what is missing. Facts for templates."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

from aiohttp import web

from cache.catalogue_reader import CatalogueItem, CatalogueRendition
from cache.journal_lineup import Feed
from core.languages import Language
from core.lineup import NO_SLOT, SLATE, Part
from core.manifest import best_title
from core.rendition import AUDIO, TICKS
from core.timetable import ChangeKind, Channel, Placed
from edge_client.portal.air.programmes import MINUTE, around
from edge_client.portal.errors import language_of
from edge_client.portal.outlook import Awaited
from edge_client.portal.prospects import arrival_words
from edge_client.portal.site import SITE, Site
from edge_client.portal.teaching_forms import NAMES

State = Literal["past", "now", "later"]
Trouble = Literal["", "coming", "sound only", "pictures only", "unfit", "withdrawn", "over"]
_MOST_LISTED: Final = 100
# When summer time ends, a day has 25 hours.
_DAY: Final = 25 * 60 * MINUTE


@dataclass(frozen=True, slots=True)
class Lesson:
    """One slot, in the reader's words.

    Attributes:
        title: of the slot, else of the item.
        begins: the school's time, such as ``09:20``.
        ends: the same.
        day: the date if it is not today; ``tomorrow``; or nothing.
        state: whether it is over, on, or to come.
        repeat: whether it was shown before.
        changed: what a teacher did to it.
        trouble: why it cannot be shown.
        awaited: what one that is not here waits for.
        expected: when it is here, as far as anybody foresees.
        held: why it is not being fetched just now.
        missing: bytes of it that are to come; 0 where that is not known.
        address: of its item's page; empty where there is none.
        pack: its pack.
        item: its item.
        version: the version that is served; 0 for none.
    """

    title: str
    begins: str
    ends: str
    day: str
    state: State
    repeat: bool
    changed: ChangeKind | None
    trouble: Trouble
    awaited: Awaited | Literal[""]
    expected: str
    held: str
    missing: int
    address: str
    pack: str
    item: str
    version: int


@dataclass(frozen=True, slots=True)
class ChannelView:
    """A channel at one moment.

    Attributes:
        id: its name in addresses.
        title: its name.
        form: the English name of its form of teaching; empty for the room's own.
        now: the lesson whose time it is, or that is still on; None when there is none.
        is_on: whether it is shown, rather than the slate.
        next: the one after it.
        today: the day's lessons.
        lower: the rendition that is shown although a better one is on its way; empty for none.
    """

    id: str
    title: str
    form: str
    now: Lesson | None
    is_on: bool
    next: Lesson | None
    today: list[Lesson]
    lower: str


async def view(
    request: web.Request, channel: Channel, *, sound: bool = False, brief: bool = False
) -> ChannelView:
    """Look at a channel now, whose time is known; ``brief``: without the day's other lessons.

    Raises:
        UnavailableError: the catalogue is being repaired.
    """
    site, language = request.app[SITE], language_of(request)
    now = site.air.now() or 0
    shown = site.air.shown(Feed(channel.id, sound))
    part = shown.on(now) if shown else None
    placed = site.timetable.placed(channel.id)
    teller = _Teller(site, language, now, sound=sound)
    current = _current(placed, part, now)
    listed = [] if brief else [one for one in placed if teller.is_today(one)][:_MOST_LISTED]
    coming = next((one for one in placed if one.slot.start * MINUTE > now), None)
    is_on = part is not None and part.run.digest != SLATE
    return ChannelView(
        channel.id,
        best_title(dict(channel.title), language.code, channel.id),
        "" if channel.form == "air" else NAMES.get(channel.form, ""),
        await teller.lesson(current, "now", is_on=is_on) if current else None,
        is_on,
        await teller.lesson(coming, "later") if coming else None,
        [await teller.lesson(one, _state(one, current, now)) for one in listed],
        await teller.lower(part) if part is not None and is_on else "",
    )


def _current(placed: list[Placed], part: Part | None, now: int) -> Placed | None:
    """Give the slot that is on the air, else the one whose time it is."""
    if part is not None and part.run.slot != NO_SLOT:
        return next((one for one in placed if one.published == part.run.slot), None)
    last = next(iter(around(placed, now, now)), None)
    if last is None or not last.slot.start * MINUTE <= now < last.slot.end * MINUTE:
        return None
    return last


def _state(one: Placed, current: Placed | None, now: int) -> State:
    if one is current:
        return "now"
    return "past" if one.slot.start * MINUTE <= now else "later"


class _Teller:
    """Puts slots into words."""

    def __init__(self, site: Site, language: Language, now: int, *, sound: bool) -> None:
        self._site = site
        self._language = language
        self._now = now
        self._sound = sound
        self._today = self._local(now).date()

    def is_today(self, one: Placed) -> bool:
        """Say whether a slot begins today, by the school's clock."""
        start = one.slot.start * MINUTE
        return abs(start - self._now) < _DAY and self._local(start).date() == self._today

    async def lesson(self, one: Placed, state: State, *, is_on: bool = False) -> Lesson:
        """Put a slot into words."""
        slot = one.slot
        item = await self._site.lessons.item(slot.pack, slot.item)
        title = slot.title
        if not title and item is not None:
            title = best_title(dict(item.title), self._language.code, item.id)
        begins = self._local(slot.start * MINUTE)
        trouble: Trouble = ""
        if not is_on and state != "past":
            trouble = await self._trouble(one, item, state)
        is_coming = trouble == "coming" and state == "now"
        outlook, expected, held = self._site.outlook, "", ""
        if is_coming:
            expected, held = arrival_words(self._site, self._language, slot.pack, slot.item)
        return Lesson(
            title or slot.item,
            f"{begins:%H:%M}",
            f"{self._local(slot.end * MINUTE):%H:%M}",
            self._day(begins),
            state,
            slot.repeat,
            one.changed,
            trouble,
            await outlook.awaited(slot.pack, slot.item, item) if is_coming else "",
            expected,
            held,
            item.missing if item is not None else 0,
            f"/packs/{slot.pack}/{slot.item}" if item is not None else "",
            slot.pack,
            slot.item,
            item.version or 0 if item is not None else 0,
        )

    async def lower(self, part: Part) -> str:
        """Name what is shown of a lesson if it is not the best and the best is not here."""
        there = await self._there(part.run.pack, part.run.item)
        best = next((one for one in there if one.rendition.name != AUDIO), None)
        if self._sound or best is None or best.here or best.rendition.name == part.source.name:
            return ""
        return part.source.name

    async def _trouble(self, one: Placed, item: CatalogueItem | None, state: State) -> Trouble:
        if item is not None and item.withdrawal is not None:
            return "withdrawn"
        there = await self._there(one.slot.pack, one.slot.item)
        here = [each for each in there if each.here]
        fitting = [each for each in here if (each.rendition.name == AUDIO) == self._sound]
        if not here:
            # What is served without renditions is no video, or an old one.
            return "unfit" if item is not None and item.is_served and not there else "coming"
        if not fitting:
            return "pictures only" if self._sound else "sound only"
        over = one.slot.start * MINUTE + fitting[0].rendition.ticks <= self._now
        return "over" if state == "now" and over else ""

    async def _there(self, pack: str, item: str) -> list[CatalogueRendition]:
        return await self._site.lessons.renditions(pack, item)

    def _day(self, moment: datetime) -> str:
        if moment.date() == self._today:
            return ""
        if moment.date() == self._today + timedelta(days=1):
            return "tomorrow"
        return moment.date().isoformat()

    def _local(self, ticks: int) -> datetime:
        return self._site.time.here(datetime.fromtimestamp(ticks / TICKS, UTC))
