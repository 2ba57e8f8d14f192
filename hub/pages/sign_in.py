"""Signing in and out, and the account's own page."""

import ipaddress
from typing import Final

from aiohttp import hdrs, web

from core.errors import UsageError
from hub.pages import sessions
from hub.pages.guard import SIGN_IN
from hub.pages.languages import N_
from hub.pages.rendering import PREFIX
from hub.pages.site import ADMIN, SITE, TOKEN, language_of, page, see
from hub.pages.words import sentence
from hub.pages.work import in_thread
from hub.passwords import MOST, check_password, keep, matches
from hub.registry.admins import (
    admin_name,
    begin_session,
    end_session,
    kept_password,
    list_admins,
    set_password,
)
from hub.serve.limits import client_address

_WRONG: Final = N_("Name or password is wrong.")
_OFTEN: Final = N_("Too many tries. Wait a minute, then try again.")
_UNEQUAL: Final = N_("The new passwords are not the same.")
_OLD_WRONG: Final = N_("The present password is wrong.")
# A customer of IPv6 has at least so many addresses of its own.
_PREFIX_LENGTH: Final = 64


async def show_sign_in(request: web.Request) -> web.Response:
    """Show the form, or go on where somebody is signed in."""
    if ADMIN in request:
        return see(PREFIX)
    return await _form(request)


async def sign_in(request: web.Request) -> web.Response:
    """Check name and password, and begin a session."""
    site, form = request.app[SITE], await request.post()
    name, password = str(form.get("name", ""))[:200], str(form.get("password", ""))
    now = site.service.clock.monotonic()
    address = _network(client_address(request, behind_proxy=site.behind_proxy))
    known = _known(name)
    if not (site.addresses.admits(address, now) and site.accounts.admits(known, now)):
        return await _form(request, 429, error=_OFTEN, name=name)
    kept = await _checked(request, known, password)
    secret = None
    if kept is not None:
        registry, moment = site.service.registry, site.service.clock.wall()
        secret = await in_thread(lambda: begin_session(registry, known, kept, moment))
    if secret is None:
        return await _form(request, 401, error=_WRONG, name=name)
    response = see(PREFIX)
    sessions.keep_session(request, response, secret)
    return response


async def sign_out(request: web.Request) -> web.Response:
    """End the session."""
    secret = sessions.session_secret(request)
    if secret is not None:
        registry = request.app[SITE].service.registry
        await in_thread(lambda: end_session(registry, secret))
    response = see(SIGN_IN)
    sessions.forget_session(request, response)
    return response


async def show_account(request: web.Request) -> web.Response:
    """Show the form for a new password."""
    return page(request, "account.html", error="", hint="")


async def change_password(request: web.Request) -> web.Response:
    """Change the password; all other browsers of this admin are signed out."""
    site, form = request.app[SITE], await request.post()
    registry, name = site.service.registry, request[ADMIN]
    texts = language_of(request).texts
    if not site.accounts.admits(name, site.service.clock.monotonic()):
        return page(request, "account.html", status=429, error=texts.gettext(_OFTEN), hint="")
    old, new, again = (str(form.get(field, "")) for field in ("old", "new", "again"))
    if await _checked(request, name, old) is None:
        return page(request, "account.html", status=403, error=texts.gettext(_OLD_WRONG), hint="")
    if new != again:
        return page(request, "account.html", status=400, error=texts.gettext(_UNEQUAL), hint="")
    try:
        check_password(new)
    except UsageError as error:
        words, hint = sentence(request, error)
        return page(request, "account.html", status=400, error=words, hint=hint)
    moment = site.service.clock.wall()
    async with site.hashing:
        kept = await in_thread(lambda: keep(new))
    await in_thread(lambda: set_password(registry, name, kept, moment))
    secret = await in_thread(lambda: begin_session(registry, name, kept, moment))
    response = see(f"{PREFIX}account?changed=1")
    if secret is not None:
        sessions.keep_session(request, response, secret)
    return response


async def _checked(request: web.Request, name: str, password: str) -> str | None:
    """Give the kept password that ``password`` is; None when it is not that account's."""
    async with request.app[SITE].hashing:
        return await in_thread(lambda: _match(request, name, password))


def _known(name: str) -> str:
    """Give a name as accounts are kept under it; empty for what is none, however it is written."""
    try:
        return admin_name(name)
    except UsageError:
        return ""


def _match(request: web.Request, name: str, password: str) -> str | None:
    kept = kept_password(request.app[SITE].service.registry, name) if name else None
    # Computed also without an account, so that the time tells nobody which names there are.
    right = matches(password, kept)
    return kept if right and len(password) <= MOST else None


async def _form(
    request: web.Request, status: int = 200, error: str = "", name: str = ""
) -> web.Response:
    registry = request.app[SITE].service.registry
    visit = sessions.visit_secret(request) or sessions.new_visit()
    request[TOKEN] = sessions.form_token(visit, "visit")
    response = page(
        request,
        "sign_in.html",
        status=status,
        error=language_of(request).texts.gettext(error) if error else "",
        name=name,
        nobody=not await in_thread(lambda: list_admins(registry)),
    )
    sessions.keep_visit(request, response, visit)
    if status == web.HTTPTooManyRequests.status_code:
        response.headers[hdrs.RETRY_AFTER] = "60"
    return response


def _network(address: str) -> str:
    """Give what counts as one address: of IPv6 the network."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if ip.version == 4:  # noqa: PLR2004 - the protocol's own number
        return address
    return str(ipaddress.ip_network((ip, _PREFIX_LENGTH), strict=False))
