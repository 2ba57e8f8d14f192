"""Making connections: to the first address that answers, remembered, TLS resumed.

Rules:
    - Of several addresses the next one is tried when the present one is silent for a while, so
      that a line which carries only IPv6, or only pretends to, costs little time; the one that
      answered comes first from then on.
    - A name that was resolved once is not asked for again while its addresses answer: a cut then
      costs no further round trip, and a name service that fails in between costs nothing.
    - TLS goes on with the session that the upstream gave before, which saves its certificates.
    - Where a cap holds reading back, only some seconds' worth waits in the system's buffer: so the
      upstream slows down at once, and a line that ends is noticed soon. A buffer cannot be made
      smaller without loss, so where the cap is quite another one the next request has a
      connection of its own.
"""

import select
import socket
import ssl
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from itertools import zip_longest
from typing import Any, Final

import httpcore

from sync.racing import Address, first_to_answer
from sync.tls import Tls

_RESOLVED_AT_MOST: Final = 8
_BUFFERED_SECONDS: Final = 4.0
_SMALLEST_BUFFER: Final = 8 * 1024
_USUAL_BUFFER: Final = 128 * 1024


class Dialler(httpcore.NetworkBackend):
    """Makes the connections to one upstream.

    Args:
        tls: how to verify it.
        monotonic: gives seconds that only rise.
        opened: called with the socket of each connection before anything travels on it.
        hops: over how many networks its packets may go; 0 for any number.
        capped: gives bytes a second to which a cap holds reading back; None for no cap just now.
    """

    def __init__(
        self,
        tls: Tls,
        monotonic: Callable[[], float],
        opened: Callable[[socket.socket], None],
        *,
        hops: int = 0,
        capped: Callable[[], float | None] = lambda: None,
    ) -> None:
        self._capped = capped
        self._tls = tls
        self._monotonic = monotonic
        self._opened = opened
        self._hops = hops
        self._known: dict[tuple[str, int], list[Address]] = {}
        self._session: ssl.SSLSession | None = None

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the first of a name's addresses that answers."""
        del local_address, socket_options
        with _failing_as(httpcore.ConnectTimeout, httpcore.ConnectError):
            buffer = self.buffer()
            connection = self._connect((host, port), timeout, buffer)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._opened(connection)
        return Connection(connection, self, buffer)

    def buffer(self) -> int:
        """Give bytes that may wait in the system's buffer; 0 for as many as usual."""
        rate = self._capped()
        size = 0 if rate is None else max(_SMALLEST_BUFFER, int(rate * _BUFFERED_SECONDS))
        return size if size < _USUAL_BUFFER else 0

    @property
    def context(self) -> ssl.SSLContext:
        """Chain and name that it verifies."""
        return self._tls.context

    def encrypt(self, connection: socket.socket, name: str | None) -> ssl.SSLSocket:
        """Agree on encryption, and look at the peer's certificate."""
        encrypted = self.context.wrap_socket(
            connection, server_hostname=name, session=self._session
        )
        if self._tls.check_peer is not None:
            try:
                self._tls.check_peer(encrypted.getpeercert(binary_form=True) or b"")
            except BaseException:
                encrypted.close()
                raise
        return encrypted

    def keep(self, session: ssl.SSLSession | None) -> None:
        """Remember the session that the next connection goes on with."""
        self._session = session

    def _connect(self, name: tuple[str, int], seconds: float | None, buffer: int) -> socket.socket:
        until = None if seconds is None else self._monotonic() + seconds
        known = self._known.get(name, [])
        if known:
            with suppress(OSError):
                return self._race(name, known, until, buffer)
            # They may have changed: if there is no time left for it now, the next try has them.
            with suppress(OSError):
                known = self._known[name] = _resolved(*name)
            return self._race(name, known, until, buffer)
        return self._race(name, _resolved(*name), until, buffer)

    def _race(
        self, name: tuple[str, int], addresses: list[Address], until: float | None, buffer: int
    ) -> socket.socket:
        near = [one._replace(hops=self._hops, buffer=buffer) for one in addresses]
        connection, winner = first_to_answer(near, until, self._monotonic)
        self._known[name] = [winner, *(one for one in near if one != winner)]
        return connection


class Connection(httpcore.NetworkStream):
    """One connection, encrypted or not."""

    def __init__(self, connection: socket.socket, dialler: Dialler, buffer: int) -> None:
        self._socket = connection
        self._dialler = dialler
        self._keeps_session = isinstance(connection, ssl.SSLSocket)
        self._buffer = buffer

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Give what has come, at least a byte; nothing at its end."""
        with _failing_as(httpcore.ReadTimeout, httpcore.ReadError):
            self._socket.settimeout(timeout)
            data = self._socket.recv(min(max_bytes, self._buffer or max_bytes))
        if self._keeps_session and isinstance(self._socket, ssl.SSLSocket):
            # Whoever has sent content has sent the ticket before.
            self._keeps_session = False
            self._dialler.keep(self._socket.session)
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send all of it."""
        with _failing_as(httpcore.WriteTimeout, httpcore.WriteError):
            self._socket.settimeout(timeout)
            self._socket.sendall(buffer)

    def close(self) -> None:
        """Let go of the connection."""
        self._socket.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        """Give an encrypted connection in the place of this one."""
        del ssl_context
        with _failing_as(httpcore.ConnectTimeout, httpcore.ConnectError):
            try:
                self._socket.settimeout(timeout)
                encrypted = self._dialler.encrypt(self._socket, server_hostname)
            except BaseException:
                self.close()
                raise
        return Connection(encrypted, self._dialler, self._buffer)

    def get_extra_info(self, info: str) -> Any:  # noqa: ANN401 -- httpcore's signature
        """Say whether something came that nobody asked for: it is the end, then.

        So it is where the buffer does not fit the cap any more.
        """
        if info != "is_readable":
            return None
        return _has_more(self._socket) or not _fits(self._buffer, self._dialler.buffer())


@contextmanager
def _failing_as(
    late: type[httpcore.TimeoutException], broken: type[httpcore.NetworkError]
) -> Iterator[None]:
    try:
        yield
    except TimeoutError as error:
        raise late(str(error)) from error
    except OSError as error:
        raise broken(str(error)) from error


def _resolved(host: str, port: int) -> list[Address]:
    """Give a name's addresses, as the system prefers them, families in turns."""
    try:
        answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError as error:
        # An empty part, or one that is too long: nobody can have such a name.
        raise socket.gaierror(socket.EAI_NONAME, "no name") from error
    found = [Address(family, address) for family, _, _, _, address in answers]
    first = [one for one in found if one.family == found[0].family]
    others = [one for one in found if one.family != found[0].family]
    turns = [one for pair in zip_longest(first, others) for one in pair if one is not None]
    return turns[:_RESOLVED_AT_MOST]


def _fits(buffer: int, wanted: int) -> bool:
    """Say whether a buffer does as well as the one that is wanted."""
    if not buffer or not wanted:
        return buffer == wanted
    return wanted / 2 <= buffer <= wanted * 2


def _has_more(connection: socket.socket) -> bool:
    try:
        watched = select.poll()
        watched.register(connection, select.POLLIN)
        return bool(watched.poll(0))
    except (OSError, ValueError):
        return True
