"""The pages of a class that runs: pupils' tablets, big screens, the teacher's desk.

They are made once; what happens in the class reaches them over their WebSocket.
"""

import json
from typing import Final

import msgspec
from aiohttp import hdrs, web

from core.class_lesson import ClassLesson, Medium
from core.manifest import best_title
from edge_client.addresses import portal_addresses, portal_names
from edge_client.portal import qr
from edge_client.portal.classes.join import found
from edge_client.portal.classes.periods import period_ends
from edge_client.portal.classes.running import RunningClass
from edge_client.portal.errors import language_of
from edge_client.portal.pages import show
from edge_client.portal.sign_in import signed_in
from edge_client.portal.site import SITE

_MINUTE: Final = 60


class Stop(msgspec.Struct, frozen=True):
    """A cue as the teacher's desk lists it; ``at`` in milliseconds, ``time`` as people read it."""

    at: int
    time: str
    kind: str
    title: str
    guide: str


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """What a page of a class shows.

    Attributes:
        cues: moments, kinds, titles and minutes, as JSON for the script; no guides.
        stills: pictures beside sound alone, as JSON.
        stops: the cues with their guides; empty for pupils.
        source: address of what is played.
        other: of what is played where that cannot be; may be empty.
        ends: when the period ends on the portal's clock, milliseconds; 0 when nobody knows.
        addresses: under which devices join, best first.
        code_qr: the first of them as a QR code; empty when there is none.
    """

    code: str
    title: str
    language: str
    cues: str
    stills: str
    source: str
    other: str
    subtitles: list[object]
    stops: list[Stop] = []
    ends: int = 0
    addresses: list[str] = []
    names: list[str] = []
    code_qr: str = ""


async def pupil(request: web.Request) -> web.Response:
    """Show a class on a tablet."""
    one = found(request)
    medium = one.lesson.pupil
    return await _page(request, "class/pupil.html", _shown(request, one, medium))


async def screen(request: web.Request) -> web.Response:
    """Show a class on a big screen."""
    one = found(request)
    return await _page(request, "class/big.html", _with_code(request, one, _big(request, one)))


async def code(request: web.Request) -> web.Response:
    """Show how to join, as large as the screen is."""
    one = found(request)
    return await _page(request, "class/code.html", _with_code(request, one, _big(request, one)))


async def desk(request: web.Request) -> web.Response:
    """Show the teacher's page of a class."""
    await signed_in(request)
    one = found(request)
    shown = _shown(request, one, one.lesson.pupil)
    return await _page(request, "class/lead.html", await _with_guide(request, one, shown))


async def alone(request: web.Request) -> web.Response:
    """Show a class on the only screen, with the teacher's controls."""
    await signed_in(request)
    one = found(request)
    shown = _with_code(request, one, _big(request, one))
    return await _page(request, "class/alone.html", await _with_guide(request, one, shown))


async def _page(request: web.Request, template: str, shown: Shown) -> web.Response:
    response = await show(request, template, lesson=shown)
    response.headers[hdrs.CACHE_CONTROL] = "no-store"
    return response


def _big(request: web.Request, one: RunningClass) -> Shown:
    return _shown(request, one, one.lesson.screen)


def _shown(request: web.Request, one: RunningClass, medium: Medium) -> Shown:
    lesson = one.lesson
    other = lesson.pupil.url if medium is lesson.screen else ""
    cues = [
        {"at": cue.at, "kind": cue.kind, "title": cue.title, "minutes": cue.minutes}
        for cue in lesson.cues
    ]
    return Shown(
        code=one.code,
        title=title_of(request, lesson),
        language=lesson.language,
        cues=json.dumps(cues),
        stills=msgspec.json.encode(medium.stills).decode(),
        source=medium.url,
        other="" if other == medium.url else other,
        subtitles=list(lesson.subtitles),
    )


def _with_code(request: web.Request, one: RunningClass, shown: Shown) -> Shown:
    """Add how to join: a device that cannot read names takes the address."""
    ports = request.app[SITE].ports
    listen = (ports.host, ports.portal)
    join = f"class/{one.code}"
    addresses = [address + join for address in qr.proven_first(portal_addresses(listen), request)]
    return msgspec.structs.replace(
        shown,
        addresses=addresses,
        names=[f"{address}class" for address in portal_names(listen)],
        code_qr=qr.code(addresses[0]) if addresses else "",
    )


async def _with_guide(request: web.Request, one: RunningClass, shown: Shown) -> Shown:
    site = request.app[SITE]
    stops = [
        Stop(cue.at, clock_text(cue.at), cue.kind, cue.title, cue.guide) for cue in one.lesson.cues
    ]
    return msgspec.structs.replace(shown, stops=stops, ends=period_ends(site, one.lesson))


def title_of(request: web.Request, lesson: ClassLesson) -> str:
    """Give a lesson's title in the reader's language."""
    return best_title(lesson.title, language_of(request).code, lesson.item)


def clock_text(milliseconds: int) -> str:
    """Write a place in a lesson as minutes and seconds."""
    minutes, seconds = divmod(milliseconds // 1000, _MINUTE)
    return f"{minutes}:{seconds:02}"
