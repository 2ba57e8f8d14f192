"""Sentences about what went wrong, in the reader's language."""

from collections.abc import Mapping
from gettext import NullTranslations
from typing import Final

from aiohttp import hdrs, web

from core.control import Wording, wording_of
from core.errors import PackhorseError
from core.fleet_warnings import problem_text
from hub.pages.languages import N_
from hub.pages.site import ADMIN, language_of, page

_WORDS: Final[dict[int, tuple[str, str]]] = {
    400: (N_("This request cannot be understood"), N_("Go back and try again.")),
    401: (N_("You are not signed in any more"), N_("Sign in, then do it again.")),
    403: (
        N_("This did not come from a page of this hub"),
        N_("Open the page anew and try again; nothing was changed."),
    ),
    404: (N_("This page is not here"), N_("The address may be mistyped.")),
    405: (N_("This is not allowed"), N_("Go back and try again.")),
    408: (N_("That took too long"), N_("Try again.")),
    409: (N_("Something else is being done"), N_("Look at the page again in a moment.")),
    413: (N_("That is too large"), N_("Nothing was changed.")),
    421: (
        N_("This name does not belong to this hub"),
        N_("Open the address that `hosts` or `url` in hub.toml names."),
    ),
    429: (N_("Too many tries"), N_("Wait a minute, then try again.")),
    500: (
        N_("Something went wrong"),
        N_("It is our mistake, not yours; the hub's log says more. Try again in a moment."),
    ),
    503: (
        N_("The registry does not answer at the moment"),
        N_("Try again in a minute; the hub's log says more."),
    ),
}
# Sentences of errors that an admin's own doing brings up.
ERRORS: Final = (
    N_("The password is too easy to guess."),
    N_("Take {fewest} characters or more; a short sentence is good."),
    N_("The password has more than {most} characters."),
)
_SOON: Final = frozenset({429, 503})
_RETRY_SECONDS: Final = "30"


def error_page(
    request: web.Request,
    status: int,
    *,
    headers: Mapping[str, str] | None = None,
    error: PackhorseError | None = None,
) -> web.Response:
    """Make the answer to a request that failed; what exactly is wrong is told to admins alone."""
    words = _WORDS.get(status) or (N_("This request failed"), N_("Try again."))
    title, advice = (language_of(request).texts.gettext(word) for word in words)
    if error is not None and ADMIN in request:
        title, hint = sentence(request, error)
        advice = hint or advice
    response = page(request, "message.html", status=status, title=title, advice=advice, code=status)
    if headers and hdrs.ALLOW in headers:
        response.headers[hdrs.ALLOW] = headers[hdrs.ALLOW]
    if status in _SOON:
        response.headers[hdrs.RETRY_AFTER] = _RETRY_SECONDS
    return response


def sentence(request: web.Request, error: PackhorseError) -> tuple[str, str]:
    """Put an error's sentence and hint into the reader's language; English where it is new."""
    return said(language_of(request).texts, wording_of(error))


def said(texts: NullTranslations, wording: Wording) -> tuple[str, str]:
    """Put a sentence and its hint, which may be a stranger's, into a language."""
    return (
        problem_text(_translated(texts, wording.template), wording.fields),
        problem_text(_translated(texts, wording.hint), wording.fields),
    )


def _translated(texts: NullTranslations, template: str) -> str:
    # gettext gives its catalogue's header for an empty text.
    return texts.gettext(template) if template else ""
