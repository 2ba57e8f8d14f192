"""``POST /usage``: what players report.

Answers 204 once the statements are durable. What can never be taken is refused with a sentence
and changes nothing: 400 not understood, 403 not from our page, 413 too large, 422 unknown lesson
or verb. 429 and 503 mean that the same may be sent again later.
"""

import asyncio
from typing import Annotated, Final, cast

import msgspec
from aiohttp import web

from core.codec import decode_json
from core.errors import RefusedError, UnavailableError
from core.usage import PLAYER_VERBS, Number, PlayerVerb, Recorded
from edge_client.portal.errors import AGAIN, N_, language_of, refusal
from edge_client.portal.form_tokens import COOKIE, is_token
from edge_client.portal.security import is_from_own_page
from edge_client.portal.site import SITE, Site

MAX_BODY_BYTES: Final = 8 * 1024
MAX_EVENTS: Final = 50
BODY_SECONDS: Final = 10.0
# Older than that, a clock has jumped: 30 days in milliseconds.
_LONGEST_AGO: Final = 30 * 24 * 3600 * 1000
_Short = Annotated[str, msgspec.Meta(max_length=200)]


class Event(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a player reports.

    Attributes:
        number: the player's own, rising in its session; the same when it is sent again.
        ago: milliseconds since it happened, by the device's own clock.

    The others are those of ``core.usage.Statement``.
    """

    number: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)]
    verb: _Short
    pack: _Short
    item: _Short
    version: Annotated[int, msgspec.Meta(ge=1, le=2**53)]
    position: Number = -1
    start: Number = -1
    length: Number = -1
    ago: Annotated[int, msgspec.Meta(ge=0, le=_LONGEST_AGO)] = 0


class Report(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body of the request."""

    token: Annotated[str, msgspec.Meta(max_length=64)]
    session: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{16}$")]
    events: Annotated[list[Event], msgspec.Meta(min_length=1, max_length=MAX_EVENTS)]


async def post_usage(request: web.Request) -> web.Response:
    """Record what a player reports.

    Raises:
        HTTPForbidden: it does not come from a page that this browser was given.
        HTTPRequestTimeout: the body does not come.
        HTTPTooManyRequests: this address, or the school, reports more than people can do.
        HTTPRequestEntityTooLarge: the body is too large.
    """
    site = request.app[SITE]
    if not is_from_own_page(request):
        raise web.HTTPForbidden
    try:
        report = decode_json(await _body(request), Report, what="The report", limit=MAX_BODY_BYTES)
    except RefusedError as error:
        return refusal(400, str(error))
    cookie = request.cookies.get(COOKIE)
    secrets = await site.usage.secrets()
    if not any(is_token(one, cookie, report.session, report.token) for one in secrets):
        raise web.HTTPForbidden
    if not site.limits.take(request.remote or "", len(report.events), site.clock.monotonic()):
        raise web.HTTPTooManyRequests
    fault = await _unknown(site, report)
    if fault:
        return refusal(422, language_of(request).texts.gettext(fault))
    try:
        await site.usage.record(_statements(site, report))
    except UnavailableError as error:
        return refusal(503, str(error), language_of(request).texts.gettext(AGAIN))
    return web.Response(status=204)


async def _body(request: web.Request) -> bytes:
    try:
        async with asyncio.timeout(BODY_SECONDS):
            return await request.read()
    except TimeoutError as error:
        raise web.HTTPRequestTimeout from error


async def _unknown(site: Site, report: Report) -> str:
    """Say which part of a report names something that is not here; empty when all is known."""
    if any(event.verb not in PLAYER_VERBS for event in report.events):
        return N_("The report names an action that is not known.")
    for pack, item in {(event.pack, event.item) for event in report.events}:
        if await site.lessons.item(pack, item) is None:
            if not await site.lessons.has_packs():
                raise UnavailableError("There is no list of lessons at the moment.")
            return N_("The report names a lesson that is not here.")
    return ""


def _statements(site: Site, report: Report) -> list[Recorded]:
    boot = site.clock.boot_id()
    offset = round(site.clock.monotonic() * 1000)
    at = max(0, round(site.clock.wall().timestamp() * 1000))
    return [
        Recorded(
            verb=_verb(event),
            pack=event.pack,
            version=event.version,
            item=event.item,
            session=report.session,
            boot=boot,
            # What happened before this boot counts as its beginning.
            offset=max(0, offset - event.ago),
            at=max(0, at - event.ago),
            position=event.position,
            start=event.start,
            length=event.length,
            number=event.number,
        )
        for event in report.events
    ]


def _verb(event: Event) -> PlayerVerb:
    return cast("PlayerVerb", event.verb)  # checked by ``_unknown``
