"""Tokens that tie a POST to a page of ours that this browser was given.

A token is an HMAC over the browser's random cookie and the page's own session, so that neither
another site nor another browser can make one. The cookie names nobody and is recorded nowhere.
"""

import hmac
import re
import secrets
from hashlib import sha256
from typing import Final

COOKIE: Final = "visitor"
COOKIE_SECONDS: Final = 30 * 24 * 3600
_RANDOM_BYTES: Final = 16
_SESSION_BYTES: Final = 8
_COOKIE_FORM: Final = re.compile(r"[0-9a-f]{32}\Z")


def new_session() -> str:
    """Name one opening of a page."""
    return secrets.token_hex(_SESSION_BYTES)


def new_cookie() -> str:
    """Make a browser's cookie."""
    return secrets.token_hex(_RANDOM_BYTES)


def is_cookie(text: str | None) -> bool:
    """Say whether a cookie has the form of ours."""
    return text is not None and _COOKIE_FORM.match(text) is not None


def form_token(secret: bytes, cookie: str, session: str) -> str:
    """Make the token of a page."""
    return hmac.new(secret, f"{cookie} {session}".encode(), sha256).hexdigest()


def is_token(secret: bytes, cookie: str | None, session: str, token: str) -> bool:
    """Check a token that came back."""
    if cookie is None or not is_cookie(cookie) or not token.isascii():
        return False
    return hmac.compare_digest(form_token(secret, cookie, session), token)
