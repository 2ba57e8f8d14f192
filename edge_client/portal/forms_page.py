"""The packs of one form of teaching, on a page of its own."""

from aiohttp import web

from edge_client.portal.errors import language_of
from edge_client.portal.listing import group_packs
from edge_client.portal.pages import show
from edge_client.portal.site import SITE
from edge_client.portal.teaching_forms import NAMES, WORDS


def routes() -> list[web.RouteDef]:
    """Give this room's addresses."""
    return [web.get("/forms/{form:[a-z-]{1,40}}", form_page)]


async def form_page(request: web.Request) -> web.Response:
    """Show the packs of one form.

    Raises:
        HTTPNotFound: there is no such form.
    """
    form = request.match_info["form"]
    if form not in NAMES:
        raise web.HTTPNotFound
    packs = await request.app[SITE].lessons.packs()
    chosen = [pack for pack in packs if pack.form == form]
    return await show(
        request,
        "form.html",
        name=NAMES[form],
        words=WORDS[form],
        groups=group_packs(chosen, language_of(request).code),
    )
