"""``/class/lead``: the classes that run, for teachers."""

from aiohttp import web

from edge_client.portal.classes.class_pages import title_of
from edge_client.portal.pages import show
from edge_client.portal.sign_in import signed_in
from edge_client.portal.site import SITE


async def running(request: web.Request) -> web.Response:
    """List the classes that run."""
    await signed_in(request)
    rows = [
        (one.code, title_of(request, one.lesson)) for one in request.app[SITE].classes.running()
    ]
    return await show(request, "class/lead_list.html", rows=rows)
