"""What players ask for: playlists and the slate's segments. Televisions, VLC and ffmpeg, too.

A playlist is written once for each segment, however many ask.
"""

import gzip
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from aiohttp import hdrs, web

from cache.journal_lineup import Feed
from core.errors import UnavailableError
from core.lineup import SLATE, count
from core.playlist import HALF_HOUR, WINDOW, from_start, live, naming, rate_of, window
from edge_client.portal.air.addresses import addresses
from edge_client.portal.air.channels import Channels, Shown, Text
from edge_client.portal.air.slate import slate
from edge_client.portal.blob_response import IMMUTABLE, REVALIDATE
from edge_client.portal.errors import N_, language_of
from edge_client.portal.lessons import Lessons
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
    return _live(request, sound=False)


async def sound(request: web.Request) -> web.Response:
    """Give a channel's playlist of sound alone."""
    return _live(request, sound=True)


async def last_half_hour(request: web.Request) -> web.Response:
    """Give a channel's playlist that reaches back half an hour, or to what was withdrawn."""
    channels, feed = _feed(request, sound=False)
    shown = channels.shown(feed)
    if shown is None or channels.now() is None:
        return _waits(request, channels)
    gone = await _gone(request.app[SITE].lessons, shown)
    return _playlist(request, _live_text(shown, feed, "half an hour", HALF_HOUR, gone))


async def start(request: web.Request) -> web.Response:
    """Lead to what is on from its beginning; to the channel itself while that is the slate."""
    channels, feed = _feed(request, sound=False)
    shown, now = channels.shown(feed), channels.now()
    if shown is None or now is None:
        return _waits(request, channels)
    part = shown.on(now)
    address = f"/air/{feed.channel}.m3u8"
    if part.run.digest not in {SLATE, *await _gone(request.app[SITE].lessons, shown)}:
        address = f"/air/{feed.channel}/from-{part.run.first}.m3u8"
    return _playlist(request, _text(naming(address, rate_of(part.source))))


async def whole(request: web.Request) -> web.Response:
    """Give a lesson from its beginning up to what the channel has shown of it."""
    channels, feed = _feed(request, sound=False)
    shown, first = channels.shown(feed), int(request.match_info["first"])
    if shown is None or channels.now() is None:
        return _waits(request, channels)
    gone = await _gone(request.app[SITE].lessons, shown)
    pairs = zip(shown.parts, [*(part.run for part in shown.parts[1:]), None], strict=True)
    found = next((pair for pair in pairs if pair[0].run.first == first), None)
    if found is None or found[0].run.digest in {SLATE, *gone}:
        raise web.HTTPNotFound
    part, following = found
    there, is_over = count(part, following, shown.published), following is not None

    def write() -> str:
        return from_start(part, there, is_over=is_over, addresses=addresses(sound=False))

    return _playlist(request, _written(shown, "from the start", (first, there, is_over), write))


async def slate_segment(request: web.Request) -> web.Response:
    """Give the slate's head, or a segment of it."""
    loop = slate(sound=request.match_info["name"] == "sound")
    number = request.match_info["number"]
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


def _live(request: web.Request, *, sound: bool) -> web.Response:
    channels, feed = _feed(request, sound=sound)
    shown = channels.shown(feed)
    if shown is None or channels.now() is None:
        return _waits(request, channels)
    return _playlist(request, _live_text(shown, feed, "live", WINDOW))


async def _gone(lessons: Lessons, shown: Shown) -> frozenset[str]:
    """Name what of the last half hour may not be shown any more."""
    after = shown.published - HALF_HOUR
    ends = [*(part.run.start for part in shown.parts[1:]), shown.published]
    late = {part.run.digest for part, end in zip(shown.parts, ends, strict=True) if end > after}
    gone = set()
    for digest in late - {SLATE}:
        # While the catalogue is being repaired, nothing was withdrawn.
        with suppress(UnavailableError):
            if await lessons.served_type(digest) is None:
                gone.add(digest)
    return frozenset(gone)


def _live_text(
    shown: Shown, feed: Feed, kind: str, length: int, gone: frozenset[str] = frozenset()
) -> Text:
    last = shown.parts[-1]
    mark = last.run.first + count(last, None, shown.published), last.run, gone

    def write() -> str:
        first, end = window(shown.parts, shown.published, length, gone)
        return live(shown.parts, first, end, addresses(sound=feed.sound))

    return _written(shown, kind, mark, write)


def _written(shown: Shown, kind: str, mark: object, write: Callable[[], str]) -> Text:
    """Give a playlist of a kind as it was written last, or write it: something is new in it."""
    known = shown.texts.get(kind)
    if known is None or known[0] != mark:
        known = shown.texts[kind] = mark, _text(write())
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
