"""Where a class answers: what its pages' scripts and forms use."""

from typing import Final

from aiohttp import web

from edge_client.portal.classes import requests, socket

CODE: Final = "{code:[0-9]{4}}"


def routes() -> list[web.RouteDef]:
    """Give the routes."""
    return [
        web.get("/class/socket", socket.socket),
        web.post("/class/start", requests.start),
        web.get(f"/class/{CODE}.json", requests.description),
    ]
