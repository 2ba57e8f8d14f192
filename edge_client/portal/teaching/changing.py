"""Moving, swapping and cancelling a lesson of the timetable: asked in words, done, undone."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from aiohttp import hdrs, web

from cache.journal_changes import KeptChange
from core.errors import UsageError
from core.languages import Language
from core.timetable import Change, ChangeKind, Channel, Slot
from core.usage import Recorded, Verb
from edge_client.portal.errors import language_of
from edge_client.portal.pages import show
from edge_client.portal.posting import read_form, seal
from edge_client.portal.sign_in import HOME, signed_in
from edge_client.portal.site import SITE, Site
from edge_client.portal.teaching import clock_page
from edge_client.portal.teaching.day import (
    Row,
    can_swap,
    can_undo,
    fault_of,
    is_open,
    overlapping,
    rows,
)
from edge_client.portal.teaching.day_page import channel_title, lesson_title
from edge_client.portal.teaching.words import day_words, say

_KINDS: Final[dict[str, ChangeKind]] = {"shift": "shift", "cancel": "cancel", "swap": "swap"}
_VERBS: Final[dict[ChangeKind, Verb]] = {
    "shift": "shifted", "cancel": "cancelled", "swap": "swapped",
}  # fmt: skip
_MILLISECONDS: Final = 60_000
_LONGEST_NUMBER: Final = 10


@dataclass(frozen=True, slots=True)
class _Lesson:
    """The lesson that a request is about, among those of its channel, at the present minute."""

    channel: Channel
    every: list[Row]
    row: Row
    now: int


async def page(request: web.Request) -> web.Response:
    """Show what can be done with a lesson."""
    await signed_in(request)
    return await _choices(request, _lesson(request, dict(request.query)))


async def ask(request: web.Request) -> web.Response:
    """Say in words what is about to be changed, and ask."""
    await signed_in(request)
    site, language = request.app[SITE], language_of(request)
    form = dict(request.query)
    lesson = _lesson(request, form)
    try:
        change = _change(site, lesson, form)
    except UsageError as error:
        return await _choices(request, lesson, say(language, error))
    fault = fault_of(change, lesson.row, lesson.every, lesson.now)
    if fault:
        return await _choices(request, lesson, language.texts.gettext(fault))
    changes = site.timetable.changes(lesson.channel.id)
    other = next((one for one in lesson.every if one.published == change.to), None)
    overlaps = [
        (
            await _named(site, language, one, lesson.now),
            await _named(site, language, by, lesson.now),
        )
        for one, by in overlapping(lesson.channel, change, changes)
    ]
    sealed = seal(request)
    response = await show(
        request,
        "teacher_ask.html",
        **await _shared(request, lesson),
        change=change,
        to=_when(site, language, change.to, lesson.now) if change.kind == "shift" else "",
        other=await _named(site, language, other.slot, lesson.now)
        if other and change.kind == "swap"
        else None,
        overlaps=overlaps,
        seal=sealed,
    )
    sealed.set_on(response)
    response.headers[hdrs.CACHE_CONTROL] = "no-store"
    return response


async def change(request: web.Request) -> web.Response:
    """Make a change, and go back to the day, where it is marked.

    Raises:
        HTTPSeeOther: it is made.
    """
    form = await read_form(request)
    teacher = await signed_in(request)
    site, language = request.app[SITE], language_of(request)
    lesson = _lesson(request, form)
    try:
        one = _change(site, lesson, form)
    except UsageError as error:
        return await _choices(request, lesson, say(language, error))
    fault = fault_of(one, lesson.row, lesson.every, lesson.now)
    if fault:
        return await _choices(request, lesson, language.texts.gettext(fault))
    kept = KeptChange(one, teacher, site.clock.wall().timestamp())
    told = [await _told(site, lesson, lesson.row, _VERBS[one.kind], one.to)]
    if one.kind == "swap":
        other = next(row for row in lesson.every if row.published == one.to)
        told.append(await _told(site, lesson, other, "swapped", one.start))
    await site.timetable.change(kept, lesson.now, told)
    raise _day(lesson, changed=one.start)


async def undo(request: web.Request) -> web.Response:
    """Let a lesson take place as it was published, and go back to the day.

    Raises:
        HTTPConflict: it, or the one that it was swapped with, has begun.
        HTTPSeeOther: otherwise.
    """
    form = await read_form(request)
    await signed_in(request)
    site = request.app[SITE]
    lesson = _lesson(request, form)
    if lesson.row.changed:
        if not can_undo(lesson.row, lesson.every, lesson.now):
            raise web.HTTPConflict
        touched = [row for row in lesson.every if row.changed and row.key == lesson.row.key]
        told = [await _told(site, lesson, row, "restored", row.published) for row in touched]
        await site.timetable.undo(lesson.channel.id, lesson.row.key, told)
    raise _day(lesson)


def _lesson(request: web.Request, form: Mapping[str, str]) -> _Lesson:
    """Find the lesson that a form names.

    Raises:
        HTTPNotFound: there is none.
        HTTPSeeOther: the time is not sure, so nothing can be changed yet.
    """
    site = request.app[SITE]
    channel = site.timetable.channel(form.get("channel", ""))
    start = _number(form.get("start", ""))
    if channel is None or start is None:
        raise web.HTTPNotFound
    every = rows(channel, site.timetable.placed(channel.id), site.timetable.changes(channel.id))
    row = next((one for one in every if one.published == start), None)
    if row is None:
        raise web.HTTPNotFound
    now = site.time.minute()
    if now is None:
        raise web.HTTPSeeOther(clock_page.PAGE, headers={hdrs.CACHE_CONTROL: "no-store"})
    return _Lesson(channel, every, row, now)


def _change(site: Site, lesson: _Lesson, form: Mapping[str, str]) -> Change:
    """Make the change that a form wants.

    Raises:
        HTTPBadRequest: it is no form of ours.
        UsageError: it names no day and time.
    """
    kind = _KINDS.get(form.get("kind", ""))
    if kind is None:
        raise web.HTTPBadRequest
    to: int | None = 0
    if kind == "shift" and "day" in form:
        to = site.time.minute_of(f"{form['day'][:10]}T{form.get('time', '')[:5]}")
    elif kind != "cancel":
        to = _number(form.get("to", ""))
    if to is None or to < 0:
        raise web.HTTPBadRequest
    return Change(channel=lesson.channel.id, start=lesson.row.published, kind=kind, to=to)


async def _choices(request: web.Request, lesson: _Lesson, fault: str = "") -> web.Response:
    site, language = request.app[SITE], language_of(request)
    day = site.time.at(lesson.row.slot.start)
    partners = [
        (one.published, *await _named(site, language, one.slot, lesson.now))
        for one in lesson.every
        if one is not lesson.row
        and site.time.at(one.slot.start).date() == day.date()
        and can_swap(lesson.row, lesson.now)
        and can_swap(one, lesson.now)
    ]
    response = await show(
        request,
        "teacher_change.html",
        **await _shared(request, lesson),
        fault=fault,
        partners=partners,
        day=request.query.get("day") or f"{day:%Y-%m-%d}",
        time=request.query.get("time") or f"{day:%H:%M}",
        is_open=is_open(lesson.row, lesson.now),
    )
    if fault:
        response.set_status(422)
    response.headers[hdrs.CACHE_CONTROL] = "no-store"
    return response


async def _shared(request: web.Request, lesson: _Lesson) -> dict[str, object]:
    site, language = request.app[SITE], language_of(request)
    when, title = await _named(site, language, lesson.row.slot, lesson.now)
    return {
        "channel": lesson.channel.id,
        "channel_title": channel_title(lesson.channel, language),
        "start": lesson.row.published,
        "when": when,
        "title": title,
    }


async def _named(site: Site, language: Language, slot: Slot, now: int) -> tuple[str, str]:
    """Give when a lesson takes place, and its title."""
    return _when(site, language, slot.start, now), await lesson_title(site, language, slot)


def _when(site: Site, language: Language, minute: int, now: int) -> str:
    local = site.time.at(minute)
    return f"{day_words(language, local.date(), site.time.at(now).date())} {local:%H:%M}"


async def _told(site: Site, lesson: _Lesson, row: Row, verb: Verb, to: int) -> Recorded:
    """Make the statement of what a change does to one lesson of the channel."""
    slot = row.slot
    item = await site.lessons.item(slot.pack, slot.item)
    return Recorded(
        verb=verb,
        pack=slot.pack,
        version=(item.version or item.newest) if item else 0,
        item=slot.item,
        session=lesson.channel.id,
        boot=site.clock.boot_id(),
        offset=round(site.clock.monotonic() * 1000),
        at=max(0, round(site.clock.wall().timestamp() * 1000)),
        position=row.published * _MILLISECONDS,
        start=to * _MILLISECONDS if to else -1,
    )


def _day(lesson: _Lesson, **more: int) -> web.HTTPSeeOther:
    query = urlencode({"channel": lesson.channel.id, **more})
    return web.HTTPSeeOther(
        f"{HOME}?{query}#l{lesson.row.published}", headers={hdrs.CACHE_CONTROL: "no-store"}
    )


def _number(text: str) -> int | None:
    if not text.isascii() or not text.isdecimal() or len(text) > _LONGEST_NUMBER:
        return None
    return int(text)
