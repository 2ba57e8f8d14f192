"""Files of a repository in an object store, passed through a piece at a time.

A site with a store had better let the store or a CDN serve them; this is for small ones.
"""

import asyncio
import hashlib
from collections.abc import Iterator
from typing import Final

from aiohttp import hdrs, web

from hub.repository import Repository
from hub.serve.static import cache_rule, published_path

_PIECE: Final = 256 * 1024
_SMALL: Final = 96 * 1024


async def serve_store(repository: Repository, request: web.Request) -> web.StreamResponse:
    """Answer with a file of a store; Range is understood in its simple form.

    Raises:
        web.HTTPNotFound: there is no such file.
        UnavailableError: the store does not answer.
    """
    path = published_path(request.raw_path.partition("?")[0])
    size = None if path is None else await asyncio.to_thread(repository.size, path)
    if path is None or size is None:
        raise web.HTTPNotFound
    etag = await _etag(repository, path, size)
    headers = {hdrs.ETAG: etag, hdrs.CACHE_CONTROL: cache_rule(path), hdrs.ACCEPT_RANGES: "bytes"}
    if any(f'"{one.value}"' == etag for one in request.if_none_match or ()):
        return web.Response(status=304, headers=headers)
    span = _span(request, size, etag)
    if span is None:
        headers[hdrs.CONTENT_RANGE] = f"bytes */{size}"
        return web.Response(status=416, headers=headers)
    status = 206 if hdrs.RANGE in request.headers and _applies(request, etag) else 200
    if status == web.HTTPPartialContent.status_code:
        headers[hdrs.CONTENT_RANGE] = f"bytes {span.start}-{span.stop - 1}/{size}"
    response = web.StreamResponse(status=status, headers=headers)
    response.content_type = "application/octet-stream"
    response.content_length = len(span)
    await response.prepare(request)
    if request.method != hdrs.METH_HEAD:
        for start, length in _pieces(span):
            piece = await asyncio.to_thread(repository.read_range, path, start, length)
            await response.write(piece or b"")
            if len(piece or b"") != length:
                # It changed meanwhile: an answer cut short, not one that the next runs into.
                response.force_close()
                break
    await response.write_eof()
    return response


async def _etag(repository: Repository, path: str, size: int) -> str:
    # Immutable files are named by their digest or version; the few others are small.
    if cache_rule(path) != "no-cache":
        return f'"{hashlib.sha256(path.encode()).hexdigest()[:16]}"'
    data = await asyncio.to_thread(repository.read, path, max(size, _SMALL))
    return f'"{hashlib.sha256(data or b"").hexdigest()[:16]}"'


def _applies(request: web.Request, etag: str) -> bool:
    return request.headers.get(hdrs.IF_RANGE, etag) == etag


def _span(request: web.Request, size: int, etag: str) -> range | None:
    """Give the bytes to send; None when the asked ones are beyond the end."""
    try:
        wanted = request.http_range
    except ValueError:
        return None
    if wanted.start is None or not _applies(request, etag):
        return range(size)
    span = range(size)[wanted]
    return span or None


def _pieces(span: range) -> Iterator[tuple[int, int]]:
    for start in range(span.start, span.stop, _PIECE):
        yield start, min(_PIECE, span.stop - start)
