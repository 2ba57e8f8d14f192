"""The page that finds lessons by their words."""

from typing import Final

from aiohttp import web

from cache.catalogue_search import MAX_QUERY
from core.manifest import best_title
from edge_client.portal.errors import language_of
from edge_client.portal.pages import show
from edge_client.portal.site import SITE

MOST_HITS: Final = 50


async def search(request: web.Request) -> web.Response:
    """Show what a query finds; without one, the box alone.

    Raises:
        HTTPTooManyRequests: too many search already.
    """
    code = language_of(request).code
    query = request.query.get("q", "").strip()[:MAX_QUERY]
    hits = await request.app[SITE].lessons.search(query, MOST_HITS + 1)
    if hits is None:
        raise web.HTTPTooManyRequests
    return await show(
        request,
        "search.html",
        query=query,
        hits=[
            (
                hit,
                best_title(dict(hit.title), code, hit.item or hit.pack),
                best_title(dict(hit.pack_title), code, hit.pack),
            )
            for hit in hits[:MOST_HITS]
        ],
        has_more=len(hits) > MOST_HITS,
    )
