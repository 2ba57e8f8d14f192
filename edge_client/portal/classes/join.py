"""``/class``: the code of a class is typed here; also what is said when there is no such class."""

import re
from typing import Final

from aiohttp import hdrs, web

from edge_client.portal.classes.running import RunningClass
from edge_client.portal.classes.words import NO_CLASS
from edge_client.portal.errors import language_of
from edge_client.portal.pages import show
from edge_client.portal.site import SITE

# As people type it: with spaces, or in the wide digits of a Chinese keyboard.
_FOUR: Final = re.compile(r"[0-9]{4}\Z")
_WIDE: Final = str.maketrans("０１２３４５６７８９", "0123456789", "  \t-")
_MOST: Final = 20


async def enter(request: web.Request) -> web.Response:
    """Ask for a code, or go to the class whose code was typed.

    Raises:
        HTTPSeeOther: there may be such a class.
    """
    typed = request.query.get("code", "")[:_MOST].translate(_WIDE)
    if _FOUR.match(typed):
        raise web.HTTPSeeOther(f"/class/{typed}", headers={hdrs.CACHE_CONTROL: "no-store"})
    return await _ask(request, typed, NO_CLASS if typed else "")


def found(request: web.Request) -> RunningClass | None:
    """Give the class that a page is asked for, or None."""
    return request.app[SITE].classes.find(request.match_info["code"])


async def refused(request: web.Request) -> web.Response:
    """Say that there is no such class, and ask for the code again."""
    response = await _ask(request, request.match_info["code"], NO_CLASS)
    response.set_status(404)
    return response


async def _ask(request: web.Request, typed: str, problem: str) -> web.Response:
    texts = language_of(request).texts
    response = await show(
        request, "class/enter.html", code=typed, problem=problem and texts.gettext(problem)
    )
    response.headers[hdrs.CACHE_CONTROL] = "no-store"
    return response
