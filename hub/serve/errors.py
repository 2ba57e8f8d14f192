"""Errors as JSON: ``{"error": sentence, "hint": what to do}`` with a fitting status."""

import logging
from collections.abc import Awaitable, Callable

import msgspec
from aiohttp import web

from core.errors import ExhaustedError, PackhorseError, RefusedError, UnavailableError

_SERVER_ERROR = 500
_log = logging.getLogger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_STATUS: tuple[tuple[type[PackhorseError], int], ...] = (
    (RefusedError, 400),
    (UnavailableError, 503),
    (ExhaustedError, 507),
    (PackhorseError, 500),
)
_SENTENCES = {
    404: ("There is no such file here.", ""),
    405: ("This address does not take that method.", ""),
    413: ("The request is too large.", ""),
}


def json_response(status: int, value: object) -> web.Response:
    """Make a JSON answer that nobody caches."""
    return web.Response(
        status=status,
        body=msgspec.json.encode(value),
        content_type="application/json",
        headers={"Cache-Control": "no-store"},
    )


def status_of(error: PackhorseError) -> int:
    """Give the HTTP status of an error."""
    own = getattr(error, "status", None)
    if isinstance(own, int):
        return own
    return next(status for kind, status in _STATUS if isinstance(error, kind))


@web.middleware
async def errors_as_json(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn expected errors into answers; others stay visible as bugs in the log."""
    try:
        return await handler(request)
    except PackhorseError as error:
        answer = json_response(status_of(error), {"error": str(error), "hint": error.hint})
        if answer.status >= _SERVER_ERROR:
            # The hub's own trouble: whoever runs it has to know.
            _log.error("%s %s", error, error.hint)
        # The rest of a refused body is not worth reading.
        if not request.content.is_eof():
            answer.force_close()
        return answer
    except web.HTTPException as error:
        sentence, hint = _SENTENCES.get(error.status, (error.reason, ""))
        answer = json_response(error.status, {"error": sentence, "hint": hint})
        if "Allow" in error.headers:
            answer.headers["Allow"] = error.headers["Allow"]
        return answer
