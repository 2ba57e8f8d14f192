"""``/class``: the code of a class is typed here."""

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
    problem = language_of(request).texts.gettext(NO_CLASS) if typed else ""
    response = await show(request, "class/enter.html", code=typed, problem=problem)
    response.headers[hdrs.CACHE_CONTROL] = "no-store"
    return response


def found(request: web.Request) -> RunningClass:
    """Give the class that a page is asked for; ``admission.guarded`` has let it in.

    Raises:
        HTTPNotFound: it has just ended.
    """
    one = request.app[SITE].classes.find(request.match_info["code"])
    if one is None:
        raise web.HTTPNotFound
    return one
