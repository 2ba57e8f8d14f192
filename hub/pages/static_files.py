"""Style, script and picture of the admin's pages, and the choice of language."""

import re
from typing import Final

from aiohttp import hdrs, web

from hub.pages.languages import COOKIE
from hub.pages.rendering import ASSETS, PREFIX, STATIC
from hub.pages.site import SITE, is_secure, see

_TYPES: Final = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
_FOREVER: Final = "public, max-age=31536000, immutable"
_YEAR_SECONDS: Final = 365 * 24 * 3600
# Only a path of these pages: "//x" and "/\x" name other hosts to a browser.
_BACK: Final = re.compile(re.escape(PREFIX) + r"[^\x00-\x20\\]*\Z")


async def static_file(request: web.Request) -> web.StreamResponse:
    """Send one of our files; an address with a digest may be kept for ever."""
    name = request.match_info["name"]
    if name not in ASSETS:
        raise web.HTTPNotFound
    kind = _TYPES[name.rpartition(".")[2]]
    response = web.Response(body=(STATIC / name).read_bytes(), content_type=kind, charset="utf-8")
    response.headers[hdrs.CACHE_CONTROL] = _FOREVER if request.query_string else "no-cache"
    response.enable_compression()
    return response


async def choose(request: web.Request) -> web.Response:
    """Remember the reader's language, and go back to the page."""
    code = request.match_info["code"]
    if code not in request.app[SITE].languages:
        raise web.HTTPNotFound
    back = request.query.get("back", PREFIX)
    response = see(back if _BACK.match(back) else PREFIX)
    response.set_cookie(
        COOKIE, code, max_age=_YEAR_SECONDS, path=PREFIX, httponly=True, samesite="Strict",
        secure=is_secure(request),
    )  # fmt: skip
    return response


async def to_first_page(request: web.Request) -> web.Response:
    """Lead from the address without a slash at its end to the first page."""
    del request  # aiohttp's signature
    return see(PREFIX)
