"""The pages: all channels, and one with its player; what they ask every few seconds."""

from typing import Final

from aiohttp import hdrs, web

from cache.journal_lineup import Feed
from core.lineup import SLATE
from core.manifest import best_title
from core.rendition import TICKS
from core.timetable import Channel
from edge_client.portal.air.channels import Shown, Told
from edge_client.portal.air.programmes import MINUTE
from edge_client.portal.air.view import view
from edge_client.portal.errors import language_of
from edge_client.portal.pages import show
from edge_client.portal.posting import seal
from edge_client.portal.sign_in import teacher_of
from edge_client.portal.site import SITE
from edge_client.portal.teaching.clock_page import guess

HOME: Final = "/air/"
_MODES: Final = ("live", "start", "last30", "sound")
_RUNS_TOLD: Final = 6
_TOLD_SECONDS: Final = 2.0


async def home(request: web.Request) -> web.Response:
    """Show all channels with what is on and what comes."""
    site = request.app[SITE]
    channels = site.timetable.channels()
    if site.air.now() is None and channels:
        return await _waiting(request, HOME)
    views = [await view(request, one, brief=True) for one in channels]
    return await show(request, "air.html", channels=views)


async def slash(request: web.Request) -> web.Response:
    """Lead to the room.

    Raises:
        HTTPMovedPermanently: always.
    """
    del request
    raise web.HTTPMovedPermanently(HOME)


async def channel(request: web.Request) -> web.Response:
    """Show one channel."""
    found = _channel(request)
    site = request.app[SITE]
    if site.air.now() is None:
        return await _waiting(request, request.path, found)
    mode = request.query.get("as", "live")
    seen = await view(request, found, sound=mode == "sound")
    if mode not in _MODES or (mode == "start" and not seen.is_on):
        # Of the slate there is no start.
        mode = "live"
    sealed = seal(request)
    response = await show(
        request,
        "channel.html",
        channel=seen,
        mode=mode,
        source=_source(found, mode),
        place=f"http://{request.host}/air/{found.id}{'/audio' if mode == 'sound' else ''}.m3u8",
        seal=sealed,
    )
    sealed.set_on(response)
    return response


async def state(request: web.Request) -> web.Response:
    """Say what an open page needs to know: the time, what is on, and its words."""
    found = _channel(request)
    site = request.app[SITE]
    sound = request.query.get("as") == "sound"
    shown = site.air.shown(Feed(found.id, sound))
    answer: dict[str, object] = {"waits": site.air.now() is None}
    if not answer["waits"] and shown is not None:
        answer |= await _told(request, found, shown, sound=sound)
    now = site.air.now()
    if now is not None and shown is not None:
        # Last, since the page takes it for the time at which this is sent.
        answer |= {
            "at": now * 1000 / TICKS,
            "runs": [
                [one.run.start * 1000 / TICKS, one.run.digest == SLATE]
                for one in shown.parts[-_RUNS_TOLD:]
            ],
        }
    return web.json_response(answer, headers={hdrs.CACHE_CONTROL: "no-store"})


async def _told(
    request: web.Request, channel: Channel, shown: Shown, *, sound: bool
) -> dict[str, object]:
    """Give the words for a page; they are found once for all who ask within seconds."""
    site, language = request.app[SITE], language_of(request)
    async with shown.telling:
        now, placed = site.air.now() or 0, site.timetable.placed(channel.id)
        fresh = Told(site.clock.monotonic(), shown.on(now).run, now // MINUTE, placed, {})
        known = shown.told.get(language.code)
        if known is not None and known.holds(fresh) and fresh.at - known.at < _TOLD_SECONDS:
            return known.facts
        seen = await view(request, channel, sound=sound)
        fresh.facts.update(
            words=_fragment(request, "channel_words.html", seen),
            list=_fragment(request, "channel_list.html", seen),
        )
        if seen.is_on and seen.now is not None and seen.now.version:
            fresh.facts["lesson"] = {
                "pack": seen.now.pack,
                "item": seen.now.item,
                "version": seen.now.version,
            }
        shown.told[language.code] = fresh
    return fresh.facts


async def _waiting(request: web.Request, back: str, channel: Channel | None = None) -> web.Response:
    """Say that the channels wait for the time, and let a teacher tell it with one tap."""
    site, language = request.app[SITE], language_of(request)
    title = "" if channel is None else best_title(dict(channel.title), language.code, channel.id)
    sealed = seal(request)
    response = await show(
        request,
        "air_waits.html",
        title=title,
        has_teachers=bool(await site.teachers.records()),
        teacher=await teacher_of(request),
        asked=guess(site, language),
        back=back,
        seal=sealed,
        state=f"/air/{(channel or site.timetable.channels()[0]).id}.json",
    )
    sealed.set_on(response)
    response.headers[hdrs.CACHE_CONTROL] = "no-store"
    return response


def _channel(request: web.Request) -> Channel:
    found = request.app[SITE].timetable.channel(request.match_info["channel"])
    if found is None:
        raise web.HTTPNotFound
    return found


def _source(channel: Channel, mode: str) -> str:
    return {
        "live": f"/air/{channel.id}.m3u8",
        "sound": f"/air/{channel.id}/audio.m3u8",
        "start": f"/air/{channel.id}/start.m3u8",
        "last30": f"/air/{channel.id}/last30.m3u8",
    }[mode]


def _fragment(request: web.Request, template: str, seen: object) -> str:
    renderer, language = request.app[SITE].renderer, language_of(request)
    return renderer.render(language, template, path=request.path_qs, channel=seen)
