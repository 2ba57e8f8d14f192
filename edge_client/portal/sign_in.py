"""Teachers sign in by choosing their name and typing their PIN."""

from dataclasses import dataclass
from typing import Final

from aiohttp import hdrs, web

from core.display import one_line
from edge_client.portal.errors import N_, language_of
from edge_client.portal.pages import own_path, show
from edge_client.portal.pin_limits import Wait
from edge_client.portal.posting import read_form, seal
from edge_client.portal.site import SITE
from edge_client.portal.teachers import COOKIE, SIGNED_IN_SECONDS

HOME: Final = "/teacher"
PAGE: Final = "/teacher/sign-in"


def routes() -> list[web.RouteDef]:
    """Give the addresses of this room."""
    return [
        web.get(PAGE, page),
        web.post(PAGE, sign_in),
        web.post("/teacher/sign-out", sign_out),
    ]


async def teacher_of(request: web.Request) -> str | None:
    """Give the name of the teacher who is signed in on this device, or None."""
    return await request.app[SITE].teachers.of(request.cookies.get(COOKIE))


async def signed_in(request: web.Request) -> str:
    """Give the teacher who is signed in on this device; let others sign in first.

    Raises:
        HTTPSeeOther: nobody is.
    """
    name = await teacher_of(request)
    if name is None:
        back = request.path_qs if request.method == hdrs.METH_GET else HOME
        raise _to(str(request.rel_url.with_path(PAGE).with_query(back=back)))
    return name


async def page(request: web.Request) -> web.Response:
    """Show the names, and where the PIN goes."""
    back = own_path(request.query.get("back", HOME), HOME)
    return await _show(request, back)


async def sign_in(request: web.Request) -> web.Response:
    """Check a PIN; on success go where the teacher wanted to.

    Raises:
        HTTPSeeOther: it is right.
    """
    form = await read_form(request)
    site = request.app[SITE]
    back = own_path(form.get("back", HOME), HOME)
    name, pin = form.get("name", ""), form.get("pin", "")
    if name not in await site.teachers.records():
        return await _show(request, back, _Refusal(422, fault=N_("Choose your name first.")))
    address = request.remote or ""
    wait = site.teachers.limits.take(address, name, site.clock.monotonic())
    if wait is not None:
        return await _show(request, back, _Refusal(429, name, wait=wait))
    right = await site.teachers.is_right(name, pin)
    if right is None:
        fault = N_("Many teachers sign in at this moment. Try again in a few seconds.")
        return await _show(request, back, _Refusal(429, name, fault))
    if not right:
        fault = N_("This is not the PIN of this teacher.")
        return await _show(request, back, _Refusal(403, name, fault))
    site.teachers.limits.was_right(address, name, site.clock.monotonic())
    response = _to(back)
    response.set_cookie(
        COOKIE,
        await site.teachers.sign_in(name),
        max_age=round(SIGNED_IN_SECONDS),
        httponly=True,
        samesite="Strict",
    )
    raise response


async def sign_out(request: web.Request) -> web.Response:
    """Sign this device out.

    Raises:
        HTTPSeeOther: always.
    """
    await read_form(request)
    await request.app[SITE].teachers.sign_out(request.cookies.get(COOKIE))
    response = _to("/")
    response.del_cookie(COOKIE)
    raise response


@dataclass(frozen=True, slots=True)
class _Refusal:
    """Why nobody is signed in; ``name`` is who was chosen."""

    status: int
    name: str = ""
    fault: str = ""
    wait: Wait | None = None


_NONE: Final = _Refusal(200)


async def _show(request: web.Request, back: str, refusal: _Refusal = _NONE) -> web.Response:
    names = sorted(await request.app[SITE].teachers.records())
    sealed = seal(request)
    response = await show(
        request,
        "sign_in.html",
        names=[(one, one_line(one)) for one in names],
        chosen=refusal.name or (names[0] if len(names) == 1 else ""),
        fault=refusal.fault and language_of(request).texts.gettext(refusal.fault),
        wait=refusal.wait,
        back=back,
        seal=sealed,
    )
    response.set_status(refusal.status)
    sealed.set_on(response)
    response.headers[hdrs.CACHE_CONTROL] = "no-store"
    return response


def _to(path: str) -> web.HTTPSeeOther:
    return web.HTTPSeeOther(path, headers={hdrs.CACHE_CONTROL: "no-store"})
