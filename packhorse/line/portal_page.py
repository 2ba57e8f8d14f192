"""The page of a captive portal: what a hotel's or a campus network says in place of the hub."""

import asyncio

from packhorse.line.pump import Shared

_HEAD_LIMIT = 32 * 1024
_HEAD_SECONDS = 10.0
_LINGER_SECONDS = 1.0
_BODY = """<!doctype html>
<html lang="zh"><head><meta charset="utf-8"><title>网络认证 Network sign-in</title></head>
<body><h1>请先登录校园网</h1><p>Please sign in to use this network.</p>
<form method="post" action="http://portal.invalid/login">
<input name="user"><input name="password" type="password"><button>登录 Sign in</button>
</form></body></html>
""".encode()
PAGE = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n"
    b"Content-Length: %d\r\nConnection: close\r\n\r\n" % len(_BODY)
) + _BODY
"""The whole answer, head and body."""


async def show_portal(
    line: Shared, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    """Read one request's head and answer it with the portal's page, whatever it asked.

    Raises:
        ExceptionGroup: Never by itself; OSError when the client speaks no HTTP or goes away.
    """
    head = await _read_head(reader)
    line.counters.up += len(head)
    line.counters.portal_pages += 1
    await asyncio.sleep(line.options.latency * 2)
    await asyncio.sleep(line.clock.reserve(len(PAGE), asyncio.get_running_loop().time()))
    writer.write(PAGE)
    await writer.drain()
    line.counters.down += len(PAGE)
    writer.write_eof()
    await _drain_client(reader)


async def _read_head(reader: asyncio.StreamReader) -> bytes:
    head = bytearray()
    try:
        async with asyncio.timeout(_HEAD_SECONDS):
            while b"\r\n\r\n" not in head:
                piece = await reader.read(4096)
                head += piece
                # A TLS hello (or anything endless) is no request that a portal could answer.
                if not piece or len(head) > _HEAD_LIMIT or head[:1] == b"\x16":
                    raise ConnectionAbortedError
    except TimeoutError as error:
        raise ConnectionAbortedError from error
    return bytes(head)


async def _drain_client(reader: asyncio.StreamReader) -> None:
    """Take what the client still sends: closing on unread bytes would reset the page away."""
    try:
        async with asyncio.timeout(_LINGER_SECONDS):
            while await reader.read(4096):
                pass
    except TimeoutError:
        return
