"""Listening, with a cap on what is open at the same time."""

import asyncio
import ssl
import sys
from typing import Final, cast

from aiohttp import web

from hub.address import Address

_HANDSHAKE_SECONDS: Final = 15.0
_OTHER_FILES: Final = 256
_BUSY: Final = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\n"
    b"Retry-After: 30\r\nConnection: close\r\n\r\n"
    b'{"error":"The hub has too many connections open.","hint":"Try again in a minute."}'
)


class _Refusal(asyncio.Protocol):
    """Answers a connection that is one too many, and closes it."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Say so at once."""
        writing = cast("asyncio.Transport", transport)
        writing.write(_BUSY)
        writing.close()


async def listen(
    runner: web.AppRunner, address: Address, tls: ssl.SSLContext | None, most: int
) -> asyncio.Server:
    """Listen for a runner that is set up.

    Args:
        runner: answers.
        address: where.
        tls: how, if with TLS.
        most: connections open at the same time.

    Raises:
        OSError: the address cannot be listened on.
    """
    _allow_files(2 * most + _OTHER_FILES)
    server = runner.server
    if server is None:
        raise RuntimeError(runner)

    def admit() -> asyncio.Protocol:
        return server() if len(server.connections) < most else _Refusal()

    return await asyncio.get_running_loop().create_server(
        admit,
        address.host,
        address.port,
        ssl=tls,
        ssl_handshake_timeout=_HANDSHAKE_SECONDS if tls else None,
    )


def _allow_files(wanted: int) -> None:
    # A connection and the file that it is sent are a descriptor each; without room for them,
    # strangers' connections would keep the hub from its own files.
    if sys.platform != "win32":
        import resource  # noqa: PLC0415 - not on Windows

        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if soft != resource.RLIM_INFINITY and soft < wanted:
            most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
