"""Pages, and sentences for programs, about what went wrong."""

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from aiohttp import hdrs, web

from core.languages import Language, choose_language
from core.peers import MIRROR
from edge_client.portal.languages import COOKIE
from edge_client.portal.site import IS_CONTENT, SITE


def N_(text: str) -> str:  # noqa: N802 - gettext's customary mark for texts that wait
    """Mark a text for translation."""
    return text


_WORDS: Final[dict[int, tuple[str, str]]] = {
    400: (N_("This request cannot be understood"), N_("Go back to the lessons and try again.")),
    403: (N_("This is not allowed"), N_("Open the page anew and try again.")),
    404: (
        N_("This page is not here"),
        N_("The address may be mistyped, or the lesson was withdrawn."),
    ),
    405: (N_("This is not allowed"), N_("This address can only be read.")),
    408: (N_("That took too long"), N_("Try again.")),
    410: (N_("This lesson has changed"), N_("Go back to the lessons and open it again.")),
    413: (N_("That is too large"), N_("Nothing was recorded.")),
    421: (
        N_("This name does not belong to this node"),
        N_("Open the lessons under the address that your school uses."),
    ),
    429: (N_("That is too much at once"), N_("Try again in a minute.")),
    500: (
        N_("Something went wrong"),
        N_("It is our mistake, not yours. The other lessons go on. Try again in a moment."),
    ),
    409: (N_("This has changed meanwhile"), N_("Open the page anew and look.")),
    503: (
        N_("No lessons can be shown at the moment"),
        N_("The list of lessons is being repaired. Try again in a minute."),
    ),
    507: (
        N_("This cannot be kept now"),
        N_("The node’s disk may be full or broken. Tell the technician; lessons go on."),
    ),
}
AGAIN: Final = N_("Try again in a minute.")
_LATER: Final = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)
_KEPT_HEADERS: Final = (hdrs.ALLOW,)
_PROGRAMS: Final = frozenset({"/usage", "/health", "/class/socket"})
_RETRY_SECONDS: Final = "10"


def language_of(request: web.Request) -> Language:
    """Give the language in which to answer."""
    code = choose_language(request.cookies.get(COOKIE), request.headers.get(hdrs.ACCEPT_LANGUAGE))
    return request.app[SITE].languages[code]


def error_page(
    request: web.Request, status: int, *, headers: Mapping[str, str] | None = None
) -> web.Response:
    """Make the answer to a request that failed."""
    language = language_of(request)
    title, advice = _WORDS.get(status) or (N_("This request failed"), N_("Try again."))
    words = language.texts.gettext(title), language.texts.gettext(advice)
    if request.app[IS_CONTENT]:
        response = web.Response(text="\n".join(words), status=status)
    elif request.path in _PROGRAMS or request.path.startswith(f"/{MIRROR}/"):
        response = refusal(status, *words)
    else:
        body = request.app[SITE].renderer.render(
            language, "message.html", path=request.path_qs, title=words[0], advice=words[1],
            status=status,
        )  # fmt: skip
        response = web.Response(text=body, content_type="text/html", status=status)
    for name in _KEPT_HEADERS:
        if headers and name in headers:
            response.headers[name] = headers[name]
    if status in _LATER:
        response.headers[hdrs.RETRY_AFTER] = _RETRY_SECONDS
    response.headers[hdrs.CACHE_CONTROL] = "no-store"
    return response


def refusal(status: int, error: str, hint: str = "") -> web.Response:
    """Answer the player's script with a sentence."""
    return web.Response(
        body=json.dumps({"error": error, "hint": hint}).encode(),
        status=status,
        content_type="application/json",
        headers={hdrs.RETRY_AFTER: _RETRY_SECONDS} if status in _LATER else None,
    )
