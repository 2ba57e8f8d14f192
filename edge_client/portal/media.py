"""Media and downloads on the portal's own port.

Only what cannot carry scripts is shown in place; everything else is a download.
"""

from typing import Final
from urllib.parse import quote

from aiohttp import hdrs, web

from cache.catalogue_reader import CatalogueFile
from core.digest import Digest
from core.kinds import MEDIA_TYPES, OCTET_STREAM, extension
from edge_client.portal.blob_response import IMMUTABLE, REVALIDATE, BlobResponse, attachment
from edge_client.portal.lessons import safe_type
from edge_client.portal.site import SITE

PDF: Final = "application/pdf"
SUBTITLES: Final = "text/vtt"
_SVG: Final = "image/svg+xml"
# A document of this kind may be framed by our own pages (PDF), and runs nothing.
MEDIA_POLICY: Final = (
    "default-src 'none'; img-src 'self'; media-src 'self'; object-src 'self'; "
    "style-src 'unsafe-inline'; frame-ancestors 'self'"
)
_SHORT: Final = 8
# What a browser could run, or take for a style, of a page that names it.
_ACTIVE: Final = (
    "text/html", "text/javascript", "text/css", "application/xhtml+xml", "application/xml",
    "application/wasm", _SVG,
)  # fmt: skip


async def media(request: web.Request) -> web.StreamResponse:
    """Send a blob that some served item names."""
    digest = Digest(request.match_info["digest"])
    site = request.app[SITE]
    lessons = site.lessons
    media_type = await lessons.served_type(digest)
    if media_type is None or not await lessons.has(digest):
        raise web.HTTPNotFound
    in_place = is_shown_in_place(media_type)
    # As something that no page of ours can be made to run or to take for a style.
    sent_as = media_type if in_place else OCTET_STREAM
    response = BlobResponse(site, lessons.path(digest), sent_as, caching=IMMUTABLE)
    if in_place:
        response.headers["Content-Security-Policy"] = MEDIA_POLICY
        response.headers["X-Frame-Options"] = "SAMEORIGIN"
    else:
        name = f"{digest[:_SHORT]}.{request.match_info['extension']}"
        response.headers[hdrs.CONTENT_DISPOSITION] = attachment(name)
    return response


async def download(request: web.Request) -> web.StreamResponse:
    """Send the file that opens an item, under its own name."""
    parts = request.match_info
    site = request.app[SITE]
    lessons = site.lessons
    pack = f"{parts['nation']}/{parts['county']}/{parts['name']}"
    item = await lessons.item(pack, parts["item"])
    file = item and await lessons.file(pack, item.id, item.entry)
    if not file or not await lessons.has(file.digest):
        raise web.HTTPNotFound
    sent_as = safe_type(file.type)
    if sent_as.startswith(_ACTIVE):
        sent_as = OCTET_STREAM
    response = BlobResponse(site, lessons.path(file.digest), sent_as, caching=REVALIDATE)
    response.headers[hdrs.CONTENT_DISPOSITION] = attachment(file.path.rpartition("/")[2])
    return response


def is_shown_in_place(media_type: str) -> bool:
    """Say whether a browser may show this type from the portal's own origin."""
    if media_type in {PDF, OCTET_STREAM, _SVG}:
        return media_type == PDF
    return media_type.startswith(("video/", "audio/", "image/", SUBTITLES))


def media_url(file: CatalogueFile) -> str:
    """Give the address of a file's blob; it ends in a known extension, for players."""
    suffix = extension(file.path)
    return f"/media/{file.digest}.{suffix if suffix in MEDIA_TYPES else 'bin'}"


def download_url(file: CatalogueFile) -> str:
    """Give the address of an item's download."""
    return f"/packs/{file.pack}/{file.item}/download"


def content_url(origin: str, file: CatalogueFile) -> str:
    """Give the address of a lesson's page on the second port."""
    return f"{origin}/{file.pack}/{file.version}/{file.item}/{quote(file.path)}"
