"""The repository's files: only what a node may want, with Range and conditional requests.

A path is matched as it came on the line, before any decoding: published paths need no escapes,
so whatever has one is not served. Nothing is compressed on the way: it is already.
"""

import re
from pathlib import Path
from typing import Final

from aiohttp import hdrs, web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.web_request import BaseRequest

_SEGMENT: Final = r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?"
_DIGEST: Final = r"[0-9a-f]{64}"
_FIXED = re.compile(
    rf"/(?:metadata/[1-9]\d{{0,8}}\.[a-z0-9-]{{1,64}}(?:\.[a-z0-9-]{{1,64}})?\.json"
    rf"|targets/{_SEGMENT}/(?:{_SEGMENT}|-)/{_DIGEST}\.(?:{_SEGMENT}|@assignment)"
    rf"|bundles/[0-9a-f]{{2}}/{_DIGEST}"
    r"|steps/[a-z0-9-]{1,64}(?:\.[a-z0-9-]{1,64})?\.(?:0|[1-9]\d{0,8})-[1-9]\d{0,8}\.zst)\Z"
)
_CHANGING: Final = re.compile(r"/(?:tip|metadata/timestamp\.json|tips/[1-9]\d{0,8}\.zst)\Z")
_FOREVER: Final = "public, max-age=31536000, immutable"


def published_path(raw_path: str) -> str | None:
    """Give the repository path of a request, or None where nothing is served."""
    if _CHANGING.match(raw_path) or _FIXED.match(raw_path):
        return raw_path[1:]
    return None


def cache_rule(path: str) -> str:
    """Give the Cache-Control of a repository path."""
    return "no-cache" if _CHANGING.match(f"/{path}") else _FOREVER


class RepositoryFileResponse(web.FileResponse):
    """A file; a Range whose If-Range names another state of it is answered with all of it."""

    async def prepare(self, request: BaseRequest) -> AbstractStreamWriter | None:
        """Send it."""
        wanted = request.headers.get(hdrs.IF_RANGE, "")
        headers = request.headers.copy()
        # Stored bytes only, never a compressed sibling.
        headers.popall(hdrs.ACCEPT_ENCODING, None)
        # aiohttp knows If-Range with dates only.
        if wanted.startswith(('"', "W/")):
            headers.popall(hdrs.IF_RANGE)
            if wanted != self._present_etag():
                headers.popall(hdrs.RANGE, None)
        return await super().prepare(request.clone(headers=headers))

    def _present_etag(self) -> str:
        try:
            status = self._path.stat()
        except OSError:
            return ""
        return f'"{status.st_mtime_ns:x}-{status.st_size:x}"'


def serve_directory(root: Path, request: web.Request) -> web.StreamResponse:
    """Answer with a file of a repository directory.

    Raises:
        web.HTTPNotFound: there is no such file, or it is not the repository's own.
    """
    path = published_path(request.raw_path.partition("?")[0])
    if path is None or not _inside(root, path):
        raise web.HTTPNotFound
    response = RepositoryFileResponse(root / path, chunk_size=256 * 1024)
    response.headers[hdrs.CACHE_CONTROL] = cache_rule(path)
    response.content_type = "application/octet-stream"
    return response


def _inside(root: Path, path: str) -> bool:
    # A symbolic link anywhere in the repository is not followed: it could lead out.
    try:
        return (root / path).resolve(strict=True) == root.resolve() / path
    except OSError:
        return False


async def fewest_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Leave out what no node reads: a poll with nothing new costs 400 bytes at most."""
    del request  # aiohttp's signature
    for name in (hdrs.SERVER, hdrs.LAST_MODIFIED):
        response.headers.popall(name, None)
    if response.status == web.HTTPNotModified.status_code:
        for name in (hdrs.CONTENT_TYPE, hdrs.CACHE_CONTROL):
            response.headers.popall(name, None)
