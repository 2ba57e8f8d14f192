"""Sending a blob: aiohttp's FileResponse, corrected where RFC 9110 is stricter.

- A Range header that asks for several ranges, or is malformed, is ignored: the whole is sent.
- If-Range is honoured only with the current entity tag; all else makes the whole be sent.
- All blobs have nearly the same date, so no condition on dates is listened to.
- Blobs are never sent in another encoding.
- An answer that is an error may not be kept.
"""

import asyncio
import re
from pathlib import Path
from typing import Final
from urllib.parse import quote

from aiohttp import hdrs, web
from aiohttp.abc import AbstractStreamWriter

from edge_client.portal.site import Site

_ONE_RANGE: Final = re.compile(
    r"bytes=(?:([0-9]{1,18})-([0-9]{0,18})|-0*[1-9][0-9]{0,17})\Z", re.IGNORECASE
)
_UNWANTED: Final = (hdrs.ACCEPT_ENCODING, hdrs.IF_MODIFIED_SINCE, hdrs.IF_UNMODIFIED_SINCE)
IMMUTABLE: Final = "public, max-age=31536000, immutable"
REVALIDATE: Final = "no-cache"


class BlobResponse(web.FileResponse):
    """The answer with a blob's bytes, or with a part of them."""

    def __init__(self, site: Site, path: Path, media_type: str, *, caching: str) -> None:
        headers = {hdrs.CONTENT_TYPE: media_type, hdrs.CACHE_CONTROL: caching}
        super().__init__(path, headers=headers)
        self._connections = site.connections

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Send the headers and the file."""
        unwanted = {*_UNWANTED, hdrs.IF_RANGE}
        if hdrs.RANGE in request.headers and not await self._is_range_valid(request):
            unwanted.add(hdrs.RANGE)
        headers = request.headers.copy()
        for name in unwanted:
            headers.popall(name, None)
        with self._connections.answering(request.protocol):
            return await super().prepare(request.clone(headers=headers))

    def set_status(self, status: int, reason: str | None = None) -> None:
        """Set the status; an error may not be kept as the file may be."""
        super().set_status(status, reason)
        if status >= web.HTTPBadRequest.status_code:
            self.headers[hdrs.CACHE_CONTROL] = "no-store"

    async def _is_range_valid(self, request: web.BaseRequest) -> bool:
        match = _ONE_RANGE.match(request.headers[hdrs.RANGE])
        if not match or (match[2] and int(match[2]) < int(match[1])):
            return False
        if request.method != hdrs.METH_GET:
            return False
        condition = request.headers.get(hdrs.IF_RANGE)
        # A weak tag never matches (RFC 9110, 13.1.5).
        return condition is None or condition == await asyncio.to_thread(self._current_tag)

    def _current_tag(self) -> str:
        try:
            status = self._path.stat()
        except OSError:
            return ""
        return f'"{status.st_mtime_ns:x}-{status.st_size:x}"'


def attachment(name: str) -> str:
    """Write a Content-Disposition for a download under ``name`` (RFC 6266, RFC 8187)."""
    plain = re.sub(r"[^A-Za-z0-9._ -]", "_", name) or "file"
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
