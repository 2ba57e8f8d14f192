"""``/teacher``: today and the next days of a channel."""

from dataclasses import dataclass
from datetime import date
from typing import Final

from aiohttp import hdrs, web

from cache.journal_wishes import Wish
from core.display import one_line, title_in
from core.languages import Language
from core.manifest import best_title
from core.timetable import Channel, Slot
from edge_client.portal.errors import language_of
from edge_client.portal.pages import show
from edge_client.portal.posting import seal
from edge_client.portal.prospects import Prospect, evening_words, prospect
from edge_client.portal.sign_in import teacher_of
from edge_client.portal.site import SITE, Site
from edge_client.portal.teaching.clock_page import guess
from edge_client.portal.teaching.day import Row, can_undo, days, is_open, rows
from edge_client.portal.teaching.presence import Presence, presence
from edge_client.portal.teaching.words import date_words, day_words, fetch_words

COOKIE: Final = "channel"
_YEAR_SECONDS: Final = 365 * 24 * 3600


@dataclass(frozen=True, slots=True)
class ShownLesson:
    """One lesson as the page shows it.

    Attributes:
        begins: its time in the school's zone, such as ``8:30``.
        was: for a moved lesson its published day and time, in words.
        prospect: what it can count on, while it is not here or only in part.
        fetch: words of the button that wishes for it.
        is_over: whether it has ended.
        is_on: whether it takes place now.
        is_open: whether it may still be changed.
        can_undo: whether its change may be undone.
    """

    row: Row
    title: str
    begins: str
    ends: str
    was: str
    presence: Presence
    prospect: Prospect | None
    fetch: str
    is_over: bool
    is_on: bool
    is_open: bool
    can_undo: bool


@dataclass(frozen=True, slots=True)
class ShownDay:
    """One day as the page shows it."""

    name: str
    date: str
    is_today: bool
    lessons: list[ShownLesson]


@dataclass(frozen=True, slots=True)
class ShownWish:
    """One wish as the page shows it; ``by`` is the day, in words."""

    pack: str
    item: str
    title: str
    by: str
    presence: Presence


async def page(request: web.Request) -> web.Response:
    """Show the day of the channel that is asked for, or was looked at last."""
    site, language = request.app[SITE], language_of(request)
    channels = site.timetable.channels()
    chosen = _chosen(request, channels)
    teacher = await teacher_of(request)
    view = _view(site, language)
    sealed = seal(request)
    response = await show(
        request,
        "teacher_day.html",
        teacher=teacher,
        teacher_name=one_line(teacher or ""),
        channels=[(one.id, channel_title(one, language)) for one in channels],
        chosen=chosen and (chosen.id, channel_title(chosen, language)),
        clock=view.clock if view else "",
        asked=guess(site, language),
        evening=evening_words(site, language, chosen.id) if view and view.now and chosen else None,
        days=await view.days(chosen) if view and chosen else [],
        changed=request.query.get("changed", ""),
        full="full" in request.query,
        wishes=[await _wish(site, language, view, one) for one in site.wishes.all()],
        back=request.path_qs,
        seal=sealed,
    )
    sealed.set_on(response)
    if chosen and request.query.get("channel"):
        response.set_cookie(
            COOKIE, chosen.id, max_age=_YEAR_SECONDS, httponly=True, samesite="Strict"
        )
    response.headers[hdrs.CACHE_CONTROL] = "no-store"
    return response


def channel_title(channel: Channel, language: Language) -> str:
    """Give what people call a channel."""
    return title_in(channel.title, language.tag.partition("-")[0], channel.id)


async def lesson_title(site: Site, language: Language, slot: Slot) -> str:
    """Give what a lesson is called: the timetable's own name for it, or the item's title."""
    if slot.title and (title := one_line(slot.title)):
        return title
    item = await site.lessons.item(slot.pack, slot.item)
    return one_line(best_title(dict(item.title), language.code, item.id)) if item else slot.item


def _chosen(request: web.Request, channels: list[Channel]) -> Channel | None:
    wanted = request.query.get("channel") or request.cookies.get(COOKIE)
    by_name = {one.id: one for one in channels}
    return by_name.get(wanted or "") or next(iter(channels), None)


def _view(site: Site, language: Language) -> "_View | None":
    """Give the days to show: where no time is sure those of the guess, which decides nothing."""
    now = site.time.now()
    if now.moment is None:
        return None
    shown = int(now.moment.timestamp()) // 60
    return _View(site, language, shown, shown if now.is_known else None)


@dataclass(frozen=True, slots=True)
class _View:
    """From when the days are shown, and the present minute where it is sure."""

    site: Site
    language: Language
    shown: int
    now: int | None

    @property
    def today(self) -> date:
        return self.site.time.at(self.shown).date()

    @property
    def clock(self) -> str:
        """What the school's clock shows; empty when that is not sure."""
        if self.now is None:
            return ""
        return f"{date_words(self.language, self.today)} {self.site.time.at(self.now):%H:%M}"

    def day(self, minute: int) -> str:
        """Name the day of a minute."""
        return day_words(self.language, self.site.time.at(minute).date(), self.today)

    async def days(self, channel: Channel) -> list[ShownDay]:
        timetable = self.site.timetable
        every = rows(channel, timetable.placed(channel.id), timetable.changes(channel.id))
        return [
            ShownDay(
                day_words(self.language, one.date, self.today),
                date_words(self.language, one.date),
                one.date == self.today,
                [await self._lesson(channel.id, row, every) for row in one.rows],
            )
            for one in days(every, self.site.time.at, self.shown)
        ]

    async def _lesson(self, channel: str, row: Row, every: list[Row]) -> ShownLesson:
        slot, now = row.slot, self.now
        begins, was = self.site.time.at(slot.start), self.site.time.at(row.published)
        day = "" if was.date() == begins.date() else f"{self.day(row.published)} "
        there = await presence(self.site, slot.pack, slot.item)
        return ShownLesson(
            row=row,
            title=await lesson_title(self.site, self.language, slot),
            begins=f"{begins:%H:%M}",
            ends=f"{self.site.time.at(slot.end):%H:%M}",
            was=f"{day}{was:%H:%M}",
            presence=there,
            prospect=self._prospect(channel, slot, there),
            fetch=fetch_words(self.language, begins.date(), self.today),
            is_over=now is not None and slot.end <= now,
            is_on=now is not None and slot.start <= now < slot.end and row.changed != "cancel",
            is_open=now is not None and is_open(row, now),
            can_undo=now is not None and bool(row.changed) and can_undo(row, every, now),
        )

    def _prospect(self, channel: str, slot: Slot, there: Presence) -> Prospect | None:
        if self.now is None:
            return None
        return prospect(self.site, self.language, channel, slot.start, there)


async def _wish(site: Site, language: Language, view: _View | None, wish: Wish) -> ShownWish:
    there = await presence(site, wish.pack, wish.item)
    title = best_title(dict(there.item.title), language.code, wish.item) if there.item else ""
    by = view.day(wish.wanted_by) if view and wish.wanted_by is not None else ""
    return ShownWish(wish.pack, wish.item, one_line(title) or wish.item, by, there)
