"""What players ask for: playlists and the slate's segments. Televisions, VLC and ffmpeg, too.

A playlist is written once for each segment, however many ask.
"""

import gzip
from typing import Final

from aiohttp import hdrs, web

from cache.journal_lineup import Feed
from core.lineup import SLATE, count
from core.playlist import HALF_HOUR, WINDOW, from_start, live, naming, rate_of, window
from edge_client.portal.air.addresses import addresses
from edge_client.portal.air.channels import Channels, Shown, Text
from edge_client.portal.air.slate import MOST_ROUNDS, slate
from edge_client.portal.blob_response import IMMUTABLE, REVALIDATE
from edge_client.portal.errors import N_, language_of
from edge_client.portal.site import SITE

_TYPE: Final = "application/vnd.apple.mpegurl"
_RETRY_SECONDS: Final = "10"
WAITS: Final = N_(
    "The channel waits: this school’s node does not know what time it is. A teacher can tell it on"
    " the channel’s page."
)
SOON: Final = N_("The channel begins in a moment.")


async def pictures(request: web.Request) -> web.Response:
    """Give a channel's playlist."""
    return _live(request, sound=False, length=WINDOW)


async def sound(request: web.Request) -> web.Response:
    """Give a channel's playlist of sound alone."""
    return _live(request, sound=True, length=WINDOW)


async def last_half_hour(request: web.Request) -> web.Response:
    """Give a channel's playlist that reaches back half an hour."""
    return _live(request, sound=False, length=HALF_HOUR)


async def start(request: web.Request) -> web.Response:
    """Lead to what is on from its beginning; to the channel itself while that is the slate."""
    channels, feed = _feed(request, sound=False)
    shown, now = channels.shown(feed), channels.now()
    if shown is None or now is None:
        return _waits(request, channels)
    part = shown.on(now)
    address = f"/air/{feed.channel}.m3u8"
    if part.run.digest != SLATE:
        address = f"/air/{feed.channel}/from-{part.run.first}.m3u8"
    return _playlist(request, _text(naming(address, rate_of(part.source))))


async def whole(request: web.Request) -> web.Response:
    """Give a lesson from its beginning up to what the channel has shown of it."""
    channels, feed = _feed(request, sound=False)
    shown, first = channels.shown(feed), int(request.match_info["first"])
    if shown is None or channels.now() is None:
        return _waits(request, channels)
    following = None
    for part in reversed(shown.parts):
        if part.run.first == first and part.run.digest != SLATE:
            there = count(part, following, shown.published)
            made = from_start(
                part, there, is_over=following is not None, addresses=addresses(sound=False)
            )
            return _playlist(request, _text(made))
        following = part.run
    raise web.HTTPNotFound


async def slate_segment(request: web.Request) -> web.Response:
    """Give the slate's head, or a segment of it."""
    loop = slate(sound=request.match_info["name"] == "sound")
    number = request.match_info["number"]
    if number != "head" and int(number) > MOST_ROUNDS:
        raise web.HTTPNotFound
    body = loop.head if number == "head" else loop.segment(int(number))
    response = web.Response(
        content_type="audio/mp4" if loop.name == "sound" else "video/mp4",
        headers={
            hdrs.CACHE_CONTROL: IMMUTABLE if request.query_string else REVALIDATE,
            hdrs.ACCEPT_RANGES: "bytes",
        },
    )
    span = _range(request, len(body))
    if span is not None:
        response.set_status(206)
        response.headers[hdrs.CONTENT_RANGE] = f"bytes {span[0]}-{span[1] - 1}/{len(body)}"
        body = body[slice(*span)]
    response.body = body
    return response


def _range(request: web.Request, size: int) -> tuple[int, int] | None:
    """Give the bytes that are asked for, if that is one range that there is."""
    try:
        asked = request.http_range
    except ValueError:
        return None
    begin, end, _ = asked.indices(size)
    return None if asked == slice(None, None, 1) or begin >= end else (begin, end)


def _live(request: web.Request, *, sound: bool, length: int) -> web.Response:
    channels, feed = _feed(request, sound=sound)
    shown = channels.shown(feed)
    if shown is None or channels.now() is None:
        return _waits(request, channels)
    return _playlist(request, _live_text(shown, sound=sound, length=length))


def _live_text(shown: Shown, *, sound: bool, length: int) -> Text:
    last = shown.parts[-1]
    mark = last.run.first + count(last, None, shown.published), last.run
    known = shown.texts.get(length)
    if known is None or known[0] != mark:
        first, end = window(shown.parts, shown.published, length)
        text = _text(live(shown.parts, first, end, addresses(sound=sound)))
        known = shown.texts[length] = mark, text
    return known[1]


def _text(text: str) -> Text:
    data = text.encode("ascii")
    return Text(data, gzip.compress(data, 5, mtime=0))


def _playlist(request: web.Request, text: Text) -> web.Response:
    accepted = request.headers.get(hdrs.ACCEPT_ENCODING, "").lower()
    headers = {hdrs.CACHE_CONTROL: REVALIDATE, hdrs.VARY: hdrs.ACCEPT_ENCODING}
    body = text.plain
    if "gzip" in accepted:
        body, headers[hdrs.CONTENT_ENCODING] = text.packed, "gzip"
    return web.Response(body=body, content_type=_TYPE, headers=headers)


def _waits(request: web.Request, channels: Channels) -> web.Response:
    words = WAITS if channels.now() is None else SOON
    return web.Response(
        text=language_of(request).texts.gettext(words) + "\n",
        status=503,
        headers={hdrs.RETRY_AFTER: _RETRY_SECONDS, hdrs.CACHE_CONTROL: "no-store"},
    )


def _feed(request: web.Request, *, sound: bool) -> tuple[Channels, Feed]:
    site = request.app[SITE]
    name = request.match_info["channel"]
    if site.timetable.channel(name) is None:
        raise web.HTTPNotFound
    return site.air, Feed(name, sound)
