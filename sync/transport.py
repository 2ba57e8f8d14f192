"""One upstream for httpx: one connection at a time, made by a ``Dialler``."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import httpcore
import httpx

from sync.dialling import Dialler

# Servers keep connections for longer; whoever stands between may not.
_IDLE_SECONDS: Final = 15.0


class LineTransport(httpx.BaseTransport):
    """Sends requests over the dialler's connection.

    Args:
        dialler: makes connections; it, not httpcore, verifies the upstream.
    """

    def __init__(self, dialler: Dialler) -> None:
        self._pool = httpcore.ConnectionPool(
            max_connections=1,
            max_keepalive_connections=1,
            keepalive_expiry=_IDLE_SECONDS,
            ssl_context=dialler.context,
            network_backend=dialler,
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request; give the answer, its body not read yet."""
        url = httpcore.URL(
            scheme=request.url.raw_scheme,
            host=request.url.raw_host,
            port=request.url.port,
            target=request.url.raw_path,
        )
        asked = httpcore.Request(
            request.method,
            url,
            headers=request.headers.raw,
            content=request.read(),
            extensions=request.extensions,
        )
        with _as_of_httpx():
            answer = self._pool.handle_request(asked)
        return httpx.Response(answer.status, headers=answer.headers, stream=_Body(answer))

    def close(self) -> None:
        """Close the connection."""
        self._pool.close()


class _Body(httpx.SyncByteStream):
    def __init__(self, answer: httpcore.Response) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        with _as_of_httpx():
            yield from self._answer.iter_stream()

    def close(self) -> None:
        """Let go of the connection."""
        self._answer.close()


_ERRORS: Final = (
    httpcore.TimeoutException,
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.UnsupportedProtocol,
)
_NAMES: Final[dict[str, type[httpx.TransportError]]] = {
    one.__name__: one
    for one in (
        httpx.ConnectError,
        httpx.ConnectTimeout,
        httpx.LocalProtocolError,
        httpx.PoolTimeout,
        httpx.ReadError,
        httpx.ReadTimeout,
        httpx.RemoteProtocolError,
        httpx.UnsupportedProtocol,
        httpx.WriteError,
        httpx.WriteTimeout,
    )
}


@contextmanager
def _as_of_httpx() -> Iterator[None]:
    """Raise httpx's error for httpcore's of the same name."""
    try:
        yield
    except _ERRORS as error:
        raise _NAMES[type(error).__name__](str(error)) from error
