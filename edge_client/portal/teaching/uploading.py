"""Reading a form with a file: its fields first, then the file in pieces, never all in memory."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from typing import Final, TypeVar

from aiohttp import BodyPartReader, MultipartReader, web

from edge_client.portal.own_shelf import MOST_BYTES
from edge_client.portal.posting import is_sealed
from edge_client.portal.security import is_from_own_page

T = TypeVar("T")
FILE: Final = "file"
_CHUNK: Final = 256 * 1024
# Beside the file: fields, boundaries and headers.
_MOST_BESIDE: Final = 64 * 1024
_MOST_FIELDS: Final = 16
_LONGEST_FIELD: Final = 2000
_PATIENCE: Final = 30.0


class UploadForm:
    """A form whose last field is a file.

    Attributes:
        fields: those before it.
        name: what the browser calls the file.
    """

    def __init__(self, fields: dict[str, str], part: BodyPartReader) -> None:
        self.fields = fields
        self.name = part.filename or ""
        self._part = part

    async def chunks(self) -> AsyncIterator[bytes]:
        """Give the file's bytes as they come.

        Raises:
            HTTPBadRequest: they end too early.
            HTTPRequestTimeout: they do not come.
        """
        while chunk := await _patiently(self._part.read_chunk(_CHUNK)):
            yield chunk


async def read_upload(request: web.Request) -> UploadForm:
    """Read the fields of a form of one of the portal's own pages, up to its file.

    Raises:
        HTTPBadRequest: it is no such form.
        HTTPForbidden: it does not come from a page that this browser was given.
        HTTPRequestEntityTooLarge: it says itself that it is too large.
        HTTPRequestTimeout: it does not come.
    """
    if not is_from_own_page(request):
        raise web.HTTPForbidden
    if request.content_type != "multipart/form-data":
        raise web.HTTPBadRequest
    if request.content_length is not None and request.content_length > MOST_BYTES + _MOST_BESIDE:
        raise web.HTTPRequestEntityTooLarge(MOST_BYTES, request.content_length)
    try:
        reader = await request.multipart()
        fields, part = await _fields(reader)
    except (ValueError, LookupError) as error:
        raise web.HTTPBadRequest from error
    if not await is_sealed(request, fields.get("session", ""), fields.get("token", "")):
        raise web.HTTPForbidden
    if part is None:
        raise web.HTTPBadRequest
    return UploadForm(fields, part)


async def _fields(reader: MultipartReader) -> tuple[dict[str, str], BodyPartReader | None]:
    fields: dict[str, str] = {}
    for _ in range(_MOST_FIELDS):
        part = await _patiently(reader.next())
        if not isinstance(part, BodyPartReader) or part.name == FILE:
            return fields, part if isinstance(part, BodyPartReader) else None
        data = b""
        while chunk := await _patiently(part.read_chunk(_LONGEST_FIELD)):
            data += chunk
            if len(data) > _LONGEST_FIELD:
                raise ValueError(part.name)
        fields[part.name or ""] = data.decode()
    return fields, None


async def _patiently(reading: Awaitable[T]) -> T:
    try:
        async with asyncio.timeout(_PATIENCE):
            return await reading
    except TimeoutError as error:
        raise web.HTTPRequestTimeout from error
    except ValueError as error:
        raise web.HTTPBadRequest from error
