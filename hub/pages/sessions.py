"""Cookies and tokens of the admin's pages.

A page's token is an HMAC under the browser's own cookie, so that nothing has to be kept for it,
any copy of the hub can check it, and neither another site nor another browser can make one.
Before signing in, a random cookie of its own (the visit) does what the session's does after.
"""

import hmac
import re
import secrets
from hashlib import sha256
from typing import Final

from aiohttp import web

from hub.pages.rendering import PREFIX
from hub.pages.site import is_secure
from hub.registry.admins import SESSION_PERIOD

_SECRET: Final = re.compile(r"[A-Za-z0-9_-]{43}\Z")
_VISIT_SECONDS: Final = 3600
_PURPOSE: Final = b"packhorse form 1 "


def session_secret(request: web.Request) -> str | None:
    """Give the session's secret that a browser sent, if it has the form of ours."""
    return _cookie(request, "session")


def visit_secret(request: web.Request) -> str | None:
    """Give the secret of a browser that is not signed in."""
    return _cookie(request, "visit")


def new_visit() -> str:
    """Make the secret of a browser that is not signed in."""
    return secrets.token_urlsafe(32)


def form_token(secret: str, purpose: str) -> str:
    """Make the token of a page's forms.

    Args:
        secret: of the session or visit.
        purpose: which of the two it is.
    """
    return hmac.new(secret.encode(), _PURPOSE + purpose.encode(), sha256).hexdigest()


def is_token(secret: str | None, purpose: str, token: str) -> bool:
    """Check a token that came back."""
    if secret is None or not token.isascii():
        return False
    return hmac.compare_digest(form_token(secret, purpose), token)


def keep_session(request: web.Request, response: web.Response, secret: str) -> None:
    """Give the browser its session, and forget the visit."""
    _set(request, response, "session", secret, round(SESSION_PERIOD.total_seconds()))
    _forget(request, response, "visit")


def keep_visit(request: web.Request, response: web.Response, secret: str) -> None:
    """Give the browser the secret of its visit."""
    _set(request, response, "visit", secret, _VISIT_SECONDS)


def forget_session(request: web.Request, response: web.Response) -> None:
    """Take the browser's session away."""
    _forget(request, response, "session")


def _cookie(request: web.Request, name: str) -> str | None:
    value = request.cookies.get(_name(request, name))
    return value if value is not None and _SECRET.match(value) else None


def _name(request: web.Request, name: str) -> str:
    # With this beginning no sibling host and no plain page can put a cookie under ours.
    return f"__Host-{name}" if is_secure(request) else name


def _path(request: web.Request) -> str:
    return "/" if is_secure(request) else PREFIX


def _set(request: web.Request, response: web.Response, name: str, value: str, life: int) -> None:
    response.set_cookie(
        _name(request, name),
        value,
        max_age=life,
        path=_path(request),
        secure=is_secure(request),
        httponly=True,
        samesite="Strict",
    )


def _forget(request: web.Request, response: web.Response, name: str) -> None:
    # Not del_cookie alone: browsers take a __Host- cookie's end only with all its attributes.
    response.set_cookie(
        _name(request, name), "", max_age=0, path=_path(request), secure=is_secure(request),
        httponly=True, samesite="Strict",
    )  # fmt: skip
