"""Sending a blob: aiohttp's FileResponse, corrected where RFC 9110 is stricter.

- A Range header that asks for several ranges, or is malformed, is ignored: the whole is sent.
- If-Range with an entity tag is honoured; a stale one makes the whole be sent.
- Blobs are never sent in another encoding.
"""

import re
from pathlib import Path
from typing import Final
from urllib.parse import quote

from aiohttp import hdrs, web
from aiohttp.abc import AbstractStreamWriter

from edge_client.portal.site import Site

_ONE_RANGE: Final = re.compile(r"bytes=(?:(\d{1,18})-(\d{0,18})|-\d{1,18})\Z", re.IGNORECASE)
IMMUTABLE: Final = "public, max-age=31536000, immutable"
REVALIDATE: Final = "no-cache"


class BlobResponse(web.FileResponse):
    """The answer with a blob's bytes, or with a part of them."""

    def __init__(self, site: Site, path: Path, media_type: str, *, caching: str) -> None:
        headers = {hdrs.CONTENT_TYPE: media_type, hdrs.CACHE_CONTROL: caching}
        super().__init__(path, headers=headers)
        self._sending = site.sending

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Send the headers and the file."""
        unwanted = {hdrs.ACCEPT_ENCODING}
        if hdrs.RANGE in request.headers and not self._is_range_valid(request):
            unwanted.add(hdrs.RANGE)
        headers = request.headers.copy()
        for name in unwanted:
            headers.popall(name, None)
        self._sending.add(request.protocol)
        try:
            return await super().prepare(request.clone(headers=headers))
        finally:
            self._sending.discard(request.protocol)

    def _is_range_valid(self, request: web.BaseRequest) -> bool:
        match = _ONE_RANGE.match(request.headers[hdrs.RANGE])
        if not match or (match[2] and int(match[2]) < int(match[1])):
            return False
        condition = request.headers.get(hdrs.IF_RANGE, "")
        # A date is left to aiohttp; a weak tag never matches (RFC 9110, 13.1.5).
        return not condition.startswith(('"', "W/")) or condition == self._current_tag()

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
