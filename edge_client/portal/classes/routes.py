"""Where a class answers: what its pages' scripts and forms use."""

from typing import Final

from aiohttp import web

from edge_client.portal.classes import class_pages, join, leading, past, requests, socket
from edge_client.portal.classes.admission import guarded

CODE: Final = "{code:[0-9]{4}}"


def routes() -> list[web.RouteDef]:
    """Give the routes."""
    return [
        web.get("/class", join.enter),
        web.get("/class/lead", leading.running),
        web.get(f"/class/lead/{CODE}", guarded(class_pages.desk)),
        web.get(f"/class/lead/{CODE}/alone", guarded(class_pages.alone)),
        web.get("/class/past", past.past),
        web.get("/class/past/{name:[0-9a-f]{16}}", past.one_past),
        web.get(f"/class/{CODE}", guarded(class_pages.pupil)),
        web.get(f"/class/{CODE}/screen", guarded(class_pages.screen)),
        web.get(f"/class/{CODE}/qr", guarded(class_pages.code)),
        web.get("/class/socket", socket.socket),
        web.post("/class/start", requests.start),
        web.get(f"/class/{CODE}.json", requests.description),
    ]
