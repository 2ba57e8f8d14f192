"""The second port: the files of lessons that are web pages.

They come from another origin than the pages, sandboxed by policy (``security.lesson_policy``),
and nothing here reads a cookie.
"""

from typing import Final

from aiohttp import web

from edge_client.portal.blob_response import REVALIDATE, BlobResponse
from edge_client.portal.lessons import safe_type
from edge_client.portal.site import SITE

_INDEX: Final = "index.html"


async def lesson_file(request: web.Request) -> web.StreamResponse:
    """Send one file of a served item at the version that its page was made for.

    Raises:
        HTTPGone: another version is served now; they are never mixed.
        HTTPNotFound: there is no such file.
    """
    parts = request.match_info
    site = request.app[SITE]
    lessons = site.lessons
    pack = f"{parts['nation']}/{parts['county']}/{parts['name']}"
    path = parts["path"]
    if not path or path.endswith("/"):
        path += _INDEX
    file = await lessons.file(pack, parts["item"], path)
    if file is None or not await lessons.has(file.digest):
        raise web.HTTPNotFound
    if str(file.version) != parts["version"]:
        raise web.HTTPGone
    return BlobResponse(site, lessons.path(file.digest), safe_type(file.type), caching=REVALIDATE)
