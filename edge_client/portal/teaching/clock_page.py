"""``/teacher/time``: the one tap that tells a node without a clock what time it is."""

from dataclasses import dataclass
from typing import Final

from aiohttp import hdrs, web

from core.errors import UsageError
from core.languages import Language
from edge_client.portal.errors import language_of
from edge_client.portal.pages import own_path, show
from edge_client.portal.posting import read_form, seal
from edge_client.portal.sign_in import HOME, signed_in, teacher_of
from edge_client.portal.site import SITE, Site
from edge_client.portal.teaching.words import date_words, say

PAGE: Final = "/teacher/time"
_FORM: Final = "%Y-%m-%dT%H:%M"
# A page that was left open longer asks anew.
_FRESH_SECONDS: Final = 600.0
_LONGEST_NUMBER: Final = 12


@dataclass(frozen=True, slots=True)
class Guess:
    """What is asked while school time is not sure.

    Attributes:
        words: day and time, such as ``Tuesday 24 November 8:28``; empty without even a guess.
        local: the same for the form.
        asked: when it was asked: seconds of the monotonic clock, and the boot.
    """

    words: str
    local: str
    asked: str


def guess(site: Site, language: Language) -> Guess | None:
    """Give what is to be asked; None when the time is sure."""
    now = site.time.now()
    if now.is_known:
        return None
    asked = f"{int(site.clock.monotonic())} {site.clock.boot_id()}"
    if now.moment is None:
        return Guess("", "", asked)
    local = site.time.here(now.moment)
    # With the date: after a week without current the day of the week alone would be right.
    words = f"{date_words(language, local.date())} {local:%H:%M}"
    return Guess(words, f"{local:{_FORM}}", asked)


async def page(request: web.Request) -> web.Response:
    """Show the time, ask for it, and let it be set."""
    return await _show(request, back=own_path(request.query.get("back", HOME), HOME))


async def confirm(request: web.Request) -> web.Response:
    """Take the time from a teacher, and go back.

    Raises:
        HTTPSeeOther: it is taken.
    """
    form = await read_form(request)
    teacher = await signed_in(request)
    site = request.app[SITE]
    back = own_path(form.get("back", HOME), HOME)
    local, ago = f"{form.get('day', '')}T{form.get('time', '')}", 0.0
    if "local" in form:
        local, ago = form["local"], _since(site, form.get("asked", ""))
        if not 0 <= ago <= _FRESH_SECONDS:
            return await _show(request, back=back, status=409)
    try:
        await site.time.confirm(local[:40], teacher, ago=ago)
    except UsageError as error:
        fault = say(language_of(request), error)
        return await _show(request, back=back, status=422, fault=fault)
    raise web.HTTPSeeOther(back, headers={hdrs.CACHE_CONTROL: "no-store"})


def _since(site: Site, asked: str) -> float:
    """Give seconds since a question was asked; below 0 where it was not, or in another boot."""
    seconds, _, boot = asked.partition(" ")
    if not seconds.isascii() or not seconds.isdecimal() or len(seconds) > _LONGEST_NUMBER:
        return -1.0
    return site.clock.monotonic() - int(seconds) if boot == site.clock.boot_id() else -1.0


async def _show(
    request: web.Request, *, back: str, status: int = 200, fault: str = ""
) -> web.Response:
    site, language = request.app[SITE], language_of(request)
    now = site.time.now()
    local = now.moment and site.time.here(now.moment)
    sealed = seal(request)
    response = await show(
        request,
        "teacher_time.html",
        teacher=await teacher_of(request),
        source=now.source,
        words=f"{date_words(language, local.date())} {local:%H:%M}" if local else "",
        day=f"{local:%Y-%m-%d}" if local else "",
        time=f"{local:%H:%M}" if local else "",
        asked=guess(site, language),
        fault=fault,
        back=back,
        seal=sealed,
    )
    response.set_status(status)
    sealed.set_on(response)
    response.headers[hdrs.CACHE_CONTROL] = "no-store"
    return response
