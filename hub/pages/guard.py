"""What every request for an admin's page goes through: Host, session, Origin, token, headers."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from ipaddress import ip_address
from typing import Final

from aiohttp import BodyPartReader, MultipartReader, hdrs, web

from core.errors import PackhorseError, UnavailableError
from core.hosts import is_own_name, split_host
from hub.pages import sessions
from hub.pages.rendering import PREFIX
from hub.pages.site import ADMIN, SITE, TOKEN, is_secure, page, see
from hub.pages.words import error_page
from hub.pages.work import in_thread
from hub.registry.admins import session_admin
from hub.serve.errors import status_of
from hub.serve.limits import client_address

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
PARTS: Final = web.RequestKey("parts", MultipartReader)
"""Of a form with files: what follows its token."""
_FIELD: Final = "token"
SIGN_IN: Final = f"{PREFIX}sign-in"
_OPEN: Final = ("sign-in", "static/", "language/")
_MOST_TOKEN: Final = 200
_TOKEN_SECONDS: Final = 60
_LOG: Final = logging.getLogger(__name__)
_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    # Not "no-referrer": the browser would then say of a form that it comes from nowhere.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


async def headers(request: web.Request, response: web.StreamResponse) -> None:
    """Add what every answer under ``/admin/`` carries."""
    del request  # aiohttp's signature
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)


@web.middleware
async def errors_in_words(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn every error into a page that says in a sentence what is wrong."""
    try:
        return await handler(request)
    except web.HTTPException as error:
        response = error_page(request, error.status, headers=error.headers)
    except ConnectionError:
        response = error_page(request, web.HTTPBadRequest.status_code)
    except UnavailableError as error:
        _LOG.error("%s %s", error, error.hint)
        response = error_page(request, status_of(error), error=error)
    except PackhorseError as error:
        if status_of(error) >= web.HTTPInternalServerError.status_code:
            _LOG.exception("%s cannot be answered", request.path)
        response = error_page(request, status_of(error), error=error)
    except Exception:  # noqa: BLE001 - the outermost edge: the log gets all, the reader a sentence
        _LOG.exception("%s cannot be answered, which is a bug", request.path)
        response = error_page(request, web.HTTPInternalServerError.status_code)
    # The rest of a refused body is not worth reading.
    if not request.content.is_eof():
        response.force_close()
    return response


@web.middleware
async def own_hosts_only(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer only requests that name this hub, so that no foreign name can stand for it.

    Raises:
        HTTPMisdirectedRequest: the Host header names something else.
    """
    sent = request.headers.getall(hdrs.HOST, [])
    host = split_host(sent[0]) if len(sent) == 1 else None
    if host is None or not is_own_name(host[0], request.app[SITE].hosts):
        raise web.HTTPMisdirectedRequest
    return await handler(request)


@web.middleware
async def encrypted_only(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer without TLS on this machine alone: a password must not cross a network in clear."""
    if is_secure(request) or _is_here(request):
        return await handler(request)
    return page(request, "plain.html", status=web.HTTPForbidden.status_code)


@web.middleware
async def signed_in_only(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Find the session, and let nobody without one past the door.

    Raises:
        HTTPUnauthorized: a form was sent after the session had ended.
    """
    site, secret = request.app[SITE], sessions.session_secret(request)
    if secret is not None:
        now = site.service.clock.wall()
        name = await in_thread(lambda: session_admin(site.service.registry, secret, now))
        if name is not None:
            request[ADMIN], request[TOKEN] = name, sessions.form_token(secret, "session")
    if ADMIN in request or request.path.removeprefix(PREFIX).startswith(_OPEN):
        return await handler(request)
    if request.method in {hdrs.METH_GET, hdrs.METH_HEAD}:
        return see(SIGN_IN)
    raise web.HTTPUnauthorized


@web.middleware
async def own_forms_only(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Let a form in only from a page of ours that this browser was given.

    Raises:
        HTTPForbidden: it is from another origin, or without the page's token.
        HTTPMethodNotAllowed: neither a reading request nor a form.
    """
    if request.method in {hdrs.METH_GET, hdrs.METH_HEAD}:
        return await handler(request)
    if request.method != hdrs.METH_POST:
        raise web.HTTPMethodNotAllowed(request.method, [hdrs.METH_GET, hdrs.METH_POST])
    if not _is_from_own_page(request):
        raise web.HTTPForbidden
    token = await _sent_token(request)
    session, visit = sessions.session_secret(request), sessions.visit_secret(request)
    # A sign-in page may have been open while another one signed in.
    own = (ADMIN in request and sessions.is_token(session, "session", token)) or (
        request.path == SIGN_IN and sessions.is_token(visit, "visit", token)
    )
    if not own:
        raise web.HTTPForbidden
    return await handler(request)


async def _sent_token(request: web.Request) -> str:
    """Give a form's token; of one with files it is the first part, so that none is read before.

    Raises:
        HTTPBadRequest: it is no form.
        HTTPRequestTimeout: it does not come.
    """
    try:
        # Whoever is not signed in sends a form too: none holds a place for long.
        async with asyncio.timeout(_TOKEN_SECONDS):
            return await _read_token(request)
    except TimeoutError as error:
        raise web.HTTPRequestTimeout from error


async def _read_token(request: web.Request) -> str:
    if request.content_type == "application/x-www-form-urlencoded":
        form = await request.post()
        return str(form.get(_FIELD, ""))
    if request.content_type != "multipart/form-data":
        raise web.HTTPBadRequest
    try:
        parts = await request.multipart()
        first = await parts.next()
        if not isinstance(first, BodyPartReader) or first.name != _FIELD:
            return ""
        token = await first.read_chunk(_MOST_TOKEN)
    except (ValueError, AssertionError) as error:
        raise web.HTTPBadRequest from error
    request[PARTS] = parts
    return token.decode("ascii", "replace")


def parts_of(request: web.Request) -> MultipartReader:
    """Give what follows the token of a form with files.

    Raises:
        HTTPBadRequest: it is a form without files.
    """
    if PARTS not in request:
        raise web.HTTPBadRequest
    return request[PARTS]


def _is_from_own_page(request: web.Request) -> bool:
    sent = request.headers.getall(hdrs.ORIGIN, [])
    host = request.headers.get(hdrs.HOST, "").lower()
    own = {f"https://{host}"} if is_secure(request) else {f"http://{host}", f"https://{host}"}
    return len(sent) == 1 and sent[0].lower() in own


def _is_here(request: web.Request) -> bool:
    address = client_address(request, behind_proxy=False)
    try:
        ip = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(ip, "ipv4_mapped", None)
    return bool((mapped or ip).is_loopback)
