"""Forms of the portal's own pages: how they are made, and how what comes back is read.

A form carries ``session`` and ``token`` (template ``form_token.html``); what comes back is taken
only with a matching cookie and from a page of the portal's own origin, bounded in size and time.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from edge_client.portal import form_tokens
from edge_client.portal.security import is_from_own_page
from edge_client.portal.site import SITE

MAX_FORM_BYTES: Final = 8 * 1024
BODY_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True)
class Seal:
    """What ties a page's forms to the browser that was given the page."""

    session: str
    token: str
    cookie: str

    def set_on(self, response: web.Response) -> None:
        """Give the browser its cookie."""
        response.set_cookie(
            form_tokens.COOKIE,
            self.cookie,
            max_age=form_tokens.COOKIE_SECONDS,
            httponly=True,
            samesite="Strict",
        )


def seal(request: web.Request) -> Seal:
    """Make the seal of one page."""
    session = form_tokens.new_session()
    cookie = request.cookies.get(form_tokens.COOKIE)
    if cookie is None or not form_tokens.is_cookie(cookie):
        cookie = form_tokens.new_cookie()
    secret = request.app[SITE].usage.secret
    return Seal(session, form_tokens.form_token(secret, cookie, session), cookie)


async def is_sealed(request: web.Request, session: str, token: str) -> bool:
    """Say whether what came back belongs to a page that this browser was given."""
    cookie = request.cookies.get(form_tokens.COOKIE)
    good = await request.app[SITE].usage.secrets()
    return any(form_tokens.is_token(one, cookie, session, token) for one in good)


async def read_form(request: web.Request) -> Mapping[str, str]:
    """Read a small form of one of the portal's own pages.

    Raises:
        HTTPBadRequest: it is no such form.
        HTTPForbidden: it does not come from a page that this browser was given.
        HTTPRequestTimeout: the body does not come.
        HTTPRequestEntityTooLarge: it is too large.
    """
    if not is_from_own_page(request):
        raise web.HTTPForbidden
    if request.content_type != "application/x-www-form-urlencoded":
        raise web.HTTPBadRequest
    try:
        async with asyncio.timeout(BODY_SECONDS):
            fields = await request.post()
    except TimeoutError as error:
        raise web.HTTPRequestTimeout from error
    except (ValueError, LookupError) as error:
        # No text in that encoding, or none that there is.
        raise web.HTTPBadRequest from error
    form = {name: value for name, value in fields.items() if isinstance(value, str)}
    if not await is_sealed(request, form.get("session", ""), form.get("token", "")):
        raise web.HTTPForbidden
    return form
