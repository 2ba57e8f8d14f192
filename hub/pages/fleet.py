"""The page of all schools."""

from aiohttp import web

from hub.fleet import View, list_fleet
from hub.pages.site import SITE, page
from hub.pages.work import in_thread


async def show_fleet(request: web.Request) -> web.Response:
    """Show the schools."""
    service = request.app[SITE].service
    now = service.clock.wall()
    schools = await in_thread(lambda: list_fleet(service.registry, View(now)))
    return page(request, "fleet.html", schools=schools)
