"""Our own style, scripts and pictures, by a fixed list of names."""

from typing import Final

from aiohttp import web

from edge_client.portal.blob_response import IMMUTABLE, REVALIDATE, BlobResponse
from edge_client.portal.rendering import ASSETS, STATIC
from edge_client.portal.site import SITE

_VENDOR: Final = ("vendor/hls.light.min.js",)
_TYPES: Final = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}


async def static_file(request: web.Request) -> web.StreamResponse:
    """Send one of our files; an address with a digest may be kept for ever."""
    name = request.match_info["name"]
    if name not in (*ASSETS, *_VENDOR) or not (STATIC / name).is_file():
        raise web.HTTPNotFound
    caching = IMMUTABLE if request.query_string else REVALIDATE
    media_type = _TYPES[name.rpartition(".")[2]]
    return BlobResponse(request.app[SITE], STATIC / name, media_type, caching=caching)
