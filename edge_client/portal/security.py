"""What every answer of the portal is subject to: Host allow-list, headers, words for errors."""

import logging
from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import hdrs, web

from core.errors import PackhorseError, UnavailableError
from core.hosts import is_own_name, join_host, split_host
from edge_client.portal.errors import error_page
from edge_client.portal.site import SITE
from edge_client.portal.usage_log import NotKeptError

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_LOG: Final = logging.getLogger(__name__)
_EVERYWHERE: Final = {
    "X-Content-Type-Options": "nosniff",
    "Server": "Packhorse",
}
_PORTAL: Final = {
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
}


@web.middleware
async def own_hosts_only(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer only requests that name this node, so that no foreign name can stand for it.

    Raises:
        HTTPMisdirectedRequest: the Host header names something else.
    """
    site = request.app[SITE]
    headers = request.headers.getall(hdrs.HOST, [])
    host = split_host(headers[0]) if len(headers) == 1 else None
    if host is None or not is_own_name(host[0], site.hosts):
        raise web.HTTPMisdirectedRequest
    return await handler(request)


@web.middleware
async def errors_in_words(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn every error into a page that says in a sentence what is wrong."""
    with request.app[SITE].connections.answering(request.protocol):
        return await _answer(request, handler)


async def _answer(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except web.HTTPException as error:
        if error.status < web.HTTPBadRequest.status_code:
            raise
        return error_page(request, error.status, headers=error.headers)
    except ConnectionError:
        # Gone before it had sent all; nobody reads the answer, and it is no line in the log.
        return error_page(request, web.HTTPBadRequest.status_code)
    except NotKeptError as error:
        _LOG.warning("%s: %s", request.path, error)
        return error_page(request, web.HTTPInsufficientStorage.status_code)
    except UnavailableError as error:
        _LOG.warning("%s: %s", request.path, error)
        return error_page(request, web.HTTPServiceUnavailable.status_code)
    except PackhorseError:
        _LOG.exception("%s cannot be answered", request.path)
    except Exception:  # noqa: BLE001 - the outermost edge: the log gets all, the reader a sentence
        _LOG.exception("%s cannot be answered, which is a bug", request.path)
    return error_page(request, web.HTTPInternalServerError.status_code)


async def portal_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Add what every answer on the portal's port carries."""
    response.headers.update(_EVERYWHERE)
    for name, value in _PORTAL.items():
        response.headers.setdefault(name, value)
    response.headers.setdefault("Content-Security-Policy", page_policy(request))


async def content_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Add what every answer on the second port carries: it has no origin, and asks nobody else."""
    response.headers.update(_EVERYWHERE)
    response.headers.update(
        {
            # Its bytes are public, and a document without an origin loads its own fonts,
            # modules and data only so.
            "Access-Control-Allow-Origin": "*",
            "Content-Security-Policy": lesson_policy(request),
            "Permissions-Policy": _PORTAL["Permissions-Policy"],
            "Referrer-Policy": "no-referrer",
        }
    )


def page_policy(request: web.Request) -> str:
    """Give the content security policy of the portal's own pages."""
    return (
        # hls.js hands films to the browser through an address of kind blob.
        "default-src 'self'; img-src 'self' data:; media-src 'self' blob:; "
        f"frame-src 'self' {content_origin(request)}; object-src 'none'; base-uri 'none'; "
        "form-action 'self'; frame-ancestors 'none'"
    )


def lesson_policy(request: web.Request) -> str:
    """Give the policy of a lesson: scripts without an origin, and nothing from elsewhere.

    'self' matches nothing in a document without an origin, so the lesson's own address is named.
    """
    site = request.app[SITE]
    own = base = "'none'"
    if "item" in request.match_info:
        folder = "/".join(request.path.split("/")[:6])
        base = f"{origin(request, site.ports.content)}{folder}/"
        own = f"{base} 'unsafe-inline' 'unsafe-eval' data: blob:"
    # No frame-ancestors: a lesson may frame pages of its own, and as it has no origin, no list
    # of origins can name it. Nothing here is worth framing by others.
    return f"sandbox allow-scripts; default-src {own}; form-action 'none'; base-uri {base}"


def content_origin(request: web.Request) -> str:
    """Give the origin of lessons' own pages: the same host, the second port."""
    return origin(request, request.app[SITE].ports.content)


def origin(request: web.Request, port: int) -> str:
    """Give the origin of this host's ``port``, as the reader's browser names the host."""
    host = split_host(request.headers.get(hdrs.HOST, ""))
    return f"http://{join_host(host[0] if host else 'localhost', port)}"


def is_from_own_page(request: web.Request) -> bool:
    """Say whether the browser names one of the portal's own pages as where a request is from."""
    sent = request.headers.getall(hdrs.ORIGIN, [])
    host = request.headers.get(hdrs.HOST, "").lower()
    return len(sent) == 1 and sent[0].lower() in {f"http://{host}", f"https://{host}"}
