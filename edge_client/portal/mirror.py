"""For other nodes of the network: ``/mirror/``, read-only, without cookies.

    /mirror/list                              what is here, and what comes by line when
    /mirror/metadata/..., /mirror/targets/... the repository's small files, as verified here
    /mirror/blobs/<digest>                    whole blobs, by ranges

Below ``/mirror`` a node is a repository without tip and bundles. Nothing here may be shown by a
browser, whatever it holds.
"""

from pathlib import Path
from typing import Final

from aiohttp import hdrs, web
from aiohttp.abc import AbstractStreamWriter

from core.digest import Digest
from core.kinds import OCTET_STREAM
from core.peers import LIST_PATH, MIRROR
from edge_client.portal.blob_response import IMMUTABLE, BlobResponse
from edge_client.portal.site import SITE, Site

_JSON: Final = "application/json"
_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
    hdrs.CONTENT_DISPOSITION: "attachment",
}
_BUSY_SECONDS: Final = "5"
_NAME: Final = "[a-z0-9](?:[a-z0-9.-]{0,120}[a-z0-9])?"
_PART: Final = "[a-z0-9-]{1,64}"
_FILE: Final = f"(?:{_PART}|@assignment)"
_DIGEST: Final = "{digest:[0-9a-f]{64}}"


def routes() -> list[web.RouteDef]:
    """Give what answers."""
    base = f"/{MIRROR}"
    folders = f"{{nation:{_PART}}}/{{county:{_PART}}}"
    return [
        web.get(f"{base}/{LIST_PATH}", peer_list),
        web.get(f"{base}/metadata/timestamp.json", timestamp),
        web.get(f"{base}/metadata/{{version:[1-9][0-9]{{0,14}}}}.{{role:{_NAME}}}.json", role_file),
        web.get(f"{base}/targets/{folders}/{_DIGEST}.{{name:{_FILE}}}", target),
        web.get(f"{base}/blobs/{_DIGEST}", blob),
    ]


class _GivenBlob(BlobResponse):
    """A blob, counted while it is sent."""

    def __init__(self, site: Site, path: Path) -> None:
        super().__init__(site, path, OCTET_STREAM, caching=IMMUTABLE)
        self.headers.update(_HEADERS)
        self._sharing = site.sharing

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Send the headers and the file; ask to come again while enough others are sent."""
        sharing = self._sharing
        if not sharing.begin():
            self.set_status(web.HTTPServiceUnavailable.status_code)
            self.headers[hdrs.RETRY_AFTER] = _BUSY_SECONDS
            return await web.StreamResponse.prepare(self, request)
        try:
            return await super().prepare(request)
        finally:
            sharing.end()


async def peer_list(request: web.Request) -> web.Response:
    """Say what is here and what comes."""
    return _document(await request.app[SITE].sharing.list())


async def timestamp(request: web.Request) -> web.Response:
    """Give the newest timestamp that this node trusts."""
    return _document(await request.app[SITE].sharing.metadata("timestamp", None))


async def role_file(request: web.Request) -> web.Response:
    """Give a role's file at a version."""
    parts = request.match_info
    sharing = request.app[SITE].sharing
    return _document(await sharing.metadata(parts["role"], int(parts["version"])))


async def target(request: web.Request) -> web.Response:
    """Give a release or an assignment."""
    sharing = request.app[SITE].sharing
    return _document(await sharing.target(Digest(request.match_info["digest"])))


async def blob(request: web.Request) -> web.StreamResponse:
    """Give a blob that something which is not withdrawn needs."""
    site = request.app[SITE]
    path = await site.sharing.blob(Digest(request.match_info["digest"]))
    if path is None:
        raise web.HTTPNotFound
    return _GivenBlob(site, path)


def _document(data: bytes | None) -> web.Response:
    if data is None:
        raise web.HTTPNotFound
    headers = {**_HEADERS, hdrs.CACHE_CONTROL: "no-store"}
    return web.Response(body=data, content_type=_JSON, headers=headers)
