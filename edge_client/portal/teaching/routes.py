"""The addresses of the teachers' pages."""

from aiohttp import web

from edge_client.portal import own_files
from edge_client.portal.sign_in import HOME
from edge_client.portal.teaching import changing, clock_page, day_page, files_page, wishing


def routes() -> list[web.RouteDef]:
    """Give the routes."""
    return [
        web.get(HOME, day_page.page),
        web.get(clock_page.PAGE, clock_page.page),
        web.post(clock_page.PAGE, clock_page.confirm),
        web.get("/teacher/change", changing.page),
        web.get("/teacher/change/ask", changing.ask),
        web.post("/teacher/change", changing.change),
        web.post("/teacher/undo", changing.undo),
        web.post("/teacher/wish", wishing.wish),
        web.post("/teacher/unwish", wishing.unwish),
        web.get(files_page.PAGE, files_page.page),
        web.post(files_page.PAGE, files_page.add),
        web.post("/teacher/files/remove", files_page.remove),
        *own_files.routes(),
    ]
