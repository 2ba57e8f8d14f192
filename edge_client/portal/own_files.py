"""Sending what teachers added to lessons: some kinds open in place, the others are downloads."""

from aiohttp import hdrs, web

from core.kinds import OCTET_STREAM
from core.own_kinds import opens_in_place, own_type
from edge_client.portal.blob_response import REVALIDATE, BlobResponse, attachment
from edge_client.portal.media import MEDIA_POLICY
from edge_client.portal.site import SITE


def routes() -> list[web.RouteDef]:
    """Give the routes."""
    return [web.get("/own/{id:[0-9a-f]{32}}", send), web.get("/own/{id:[0-9a-f]{32}}/open", send)]


async def send(request: web.Request) -> web.StreamResponse:
    """Send a file, as a download but where it is to be opened and can be.

    Raises:
        HTTPNotFound: it is not here, or was taken away.
    """
    site = request.app[SITE]
    one = site.own.get(request.match_info["id"])
    if one is None or not await site.own.has(one):
        raise web.HTTPNotFound
    in_place = request.path.endswith("/open") and opens_in_place(one.name)
    sent_as = own_type(one.name) if in_place else OCTET_STREAM
    response = BlobResponse(site, site.own.path(one.id), sent_as, caching=REVALIDATE)
    response.headers["Content-Security-Policy"] = MEDIA_POLICY
    if in_place:
        response.headers["X-Frame-Options"] = "SAMEORIGIN"
    else:
        response.headers[hdrs.CONTENT_DISPOSITION] = attachment(one.name)
    return response
