"""What the handlers of the admin's pages share, and how they answer."""

import asyncio
from dataclasses import dataclass
from typing import Final

from aiohttp import hdrs, web

from core.languages import Language, choose_language
from hub.pages.languages import COOKIE as LANGUAGE_COOKIE
from hub.pages.look import Look
from hub.pages.rendering import Renderer
from hub.publishing.desk import Desk
from hub.serve.limits import RateLimit
from hub.serve.service import Service
from hub.usage_weeks import UsageCounter


@dataclass(frozen=True, slots=True)
class Site:
    """The admin's pages of one serving hub.

    Attributes:
        hosts: names by which browsers may reach the hub, in small letters.
        behind_proxy: whether our own proxy does TLS, and tells the readers' addresses.
        addresses: how often an address may try to sign in.
        accounts: how often an account may be tried.
        hashing: bounds the memory that checking passwords takes.
    """

    service: Service
    languages: dict[str, Language]
    renderer: Renderer
    hosts: frozenset[str]
    behind_proxy: bool
    addresses: RateLimit
    accounts: RateLimit
    hashing: asyncio.Semaphore


SITE: Final = web.AppKey("site", Site)
COUNTER: Final = web.AppKey("counter", UsageCounter)
LOOK: Final = web.AppKey("look", Look)
DESK: Final = web.AppKey("desk", Desk)
ADMIN: Final = web.RequestKey("admin", str)
"""Who is signed in."""
TOKEN: Final = web.RequestKey("token", str)
"""The token for the forms of the answer."""


def language_of(request: web.Request) -> Language:
    """Give the language in which to answer."""
    accepted = request.headers.get(hdrs.ACCEPT_LANGUAGE)
    code = choose_language(request.cookies.get(LANGUAGE_COOKIE), accepted)
    return request.app[SITE].languages[code]


def page(
    request: web.Request, template: str, *, status: int = 200, **values: object
) -> web.Response:
    """Make a page in the reader's language."""
    site, language = request.app[SITE], language_of(request)
    text = site.renderer.render(
        language,
        template,
        path=request.path_qs,
        place=request.path,
        admin=request.get(ADMIN, ""),
        token=request.get(TOKEN, ""),
        **values,
    )
    response = web.Response(text=text, content_type="text/html", status=status)
    response.headers[hdrs.CONTENT_LANGUAGE] = language.tag
    response.enable_compression()
    return response


def see(address: str) -> web.Response:
    """Send the reader to another page of ours."""
    return web.Response(status=303, headers={hdrs.LOCATION: address})


def is_secure(request: web.Request) -> bool:
    """Say whether the reader's browser has reached us by TLS."""
    return request.app[SITE].behind_proxy or request.secure
