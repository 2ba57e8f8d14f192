"""HTTP over a bad line: few headers, one connection, every wait bounded, every failure named.

Bounds: seconds to connect, seconds between bytes, bytes a second over each stretch, and a timer
that hangs up when even the headers trickle. Redirects are not followed: an upstream has none,
and a login page is told from it by them. What a proxy has packed anew is not taken.
"""

import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

import httpx

from core.line.wire import wire_to
from sync.dialling import Dialler
from sync.http_answers import altered, captive, meaning_of, too_much
from sync.http_errors import too_slow, worded
from sync.meter import Meter
from sync.patience import Pace, Timing, Watchdog
from sync.source import SourceError
from sync.tls import Tls
from sync.transport import LineTransport
from sync.use import Ticket, Unlimited, Use, Wanted

USER_AGENT: Final = "packhorse"
_LINE_END: Final = 4
_DIGITS: Final = 16
_NOT_MODIFIED: Final = 304
# Round trips until an answer begins on a new connection.
_TRIPS: Final = 2
_TLS_TRIPS: Final = 3


class Answer:
    """An upstream's answer, its body not read yet.

    Attributes:
        status: HTTP status.
        headers: HTTP headers.
    """

    def __init__(
        self, response: httpx.Response, client: "HttpClient", path: str, ticket: Ticket
    ) -> None:
        self._response = response
        self._ticket = ticket
        self._client = client
        self._path = path
        self.status = response.status_code
        self.headers: Mapping[str, str] = response.headers

    def chunks(self) -> Iterator[bytes]:
        """Give the body as it comes.

        Raises:
            SourceError: the line failed, or is too slow.
        """
        pace = Pace(self._client.timing)
        left = _stated_length(self._response)
        # Without a size: with one, httpx waits until it is full, and no rate can be judged.
        for chunk in self._response.iter_raw():
            self._client.meter.answer(len(chunk))
            self._client.tell(self._ticket)
            if not pace.took(len(chunk)):
                raise too_slow(self._client.name, self._path)
            yield chunk
            # What came is of use, also when nothing more may come.
            left -= len(chunk)
            if left:
                self._ticket.check()

    def read(self, limit: int) -> bytes:
        """Read the body whole.

        Raises:
            RefusedError: it is larger than ``limit`` bytes.
            SourceError: the line failed, or is too slow.
        """
        parts: list[bytes] = []
        size = 0
        for chunk in self.chunks():
            parts.append(chunk)
            size += len(chunk)
            if size > limit:
                raise too_much(self._path, limit)
        return b"".join(parts)

    def check(self, *accepted: int) -> None:
        """Accept the status, or say in words what it means.

        Raises:
            SourceError: it is none of ``accepted``, or the answer is a login page.
        """
        name = self._client.name
        if self.status not in accepted:
            raise meaning_of(self.status, self.headers, name, self._client.address(self._path))
        if self.headers.get("content-type", "").lower().startswith("text/html"):
            raise captive(name)
        if self.headers.get("content-encoding", "identity").lower() != "identity":
            raise altered(name, self._path)


class HttpClient:
    """One upstream, one connection.

    Args:
        url: base address.
        tls: how to verify it, when the address is encrypted.
        timing: how to tell time, and how long to wait.
        use: what may be done with the line; None where it costs nothing.
        hops: over how many networks its packets may go; 0 for any number.
    """

    def __init__(
        self, url: str, tls: Tls, timing: Timing, use: Use | None = None, *, hops: int = 0
    ) -> None:
        self.timing = timing
        self.use: Use = use or Unlimited()
        self.wire = wire_to(url)
        self._trips = _TLS_TRIPS if self.wire.tls else _TRIPS
        self._told = 0, 0
        self.meter = Meter()
        self._url = url.rstrip("/") + "/"
        self.name = httpx.URL(url).host or url
        patience, cap = timing.patience, timing.cap
        dialler = Dialler(
            tls,
            timing.monotonic,
            self.meter.watch,
            hops=hops,
            capped=lambda: cap.rate if cap else None,
        )
        self._client = httpx.Client(
            transport=LineTransport(dialler),
            trust_env=False,
            follow_redirects=False,
            timeout=httpx.Timeout(patience.gap, connect=patience.connect),
        )
        self._client.headers.update({"User-Agent": USER_AGENT, "Accept-Encoding": "identity"})
        for name in ("Accept", "Connection"):
            del self._client.headers[name]

    def address(self, path: str) -> str:
        """Give a file's whole address."""
        return self._url + path

    @contextmanager
    def exchange(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
        expected: int = 0,
    ) -> Iterator[Answer]:
        """Send a request; the answer is open inside.

        Args:
            method: such as ``GET``.
            path: relative to the base address.
            headers: more headers.
            content: the body.
            expected: bytes that the answer may have, which bounds the whole.

        Raises:
            SourceError: the line or the upstream failed, inside as well.
            HeldError: hours, switches or budget do not allow it, inside as well.
        """
        request = self._client.build_request(
            method,
            self.address(path),
            headers=headers,
            content=content,
        )
        size, connects = _request_bytes(request, content), not self.meter.is_watching
        # A range has as many bytes as are asked for: its pace tells of the line.
        is_steady = "Range" in (headers or {})
        wanted = Wanted(expected, size, is_steady=is_steady, connects=connects)
        with self.use.request(wanted, self.wire) as ticket:
            self.meter.request(size)
            began = self.timing.monotonic()
            try:
                with self._answered(request, path, len(content or b""), expected) as response:
                    trips = self._trips if connects else 1
                    waited = (self.timing.monotonic() - began) / trips
                    # A proxy may be near, and the upstream far behind it.
                    self.use.round_trip(max(waited, self.meter.round_trip()))
                    ticket.expect(_stated_length(response))
                    yield Answer(response, self, path, ticket)
            finally:
                self.tell(ticket)

    @contextmanager
    def _answered(
        self, request: httpx.Request, path: str, sent: int, expected: int
    ) -> Iterator[httpx.Response]:
        """Send a request; the answer is open inside."""
        timing = self.timing
        patience = 2 * timing.patience.stretch
        with Watchdog(patience + sent / timing.least_rate, self.meter.hang_up) as timer:
            try:
                response = self._client.send(request, stream=True)
                timer.restart(patience + expected / timing.least_rate)
                try:
                    self.meter.answer(_header_bytes(response))
                    yield response
                finally:
                    # Not read to its end: the connection is of no more use.
                    if not response.is_closed:
                        response.close()
                        self.meter.finish()
            except (httpx.HTTPError, httpx.InvalidURL, OSError, ssl.SSLError) as error:
                self.meter.finish()
                if timer.rang:
                    raise too_slow(self.name, path) from error
                raise worded(error, self.name, path) from error
            except SourceError:
                self.meter.finish()
                raise

    def tell(self, ticket: Ticket) -> None:
        """Tell what has travelled since the last time."""
        traffic = self.meter.traffic()
        received, sent = self._told
        self._told = traffic.line_received, traffic.line_sent
        ticket.moved(traffic.line_received - received, traffic.line_sent - sent)

    def close(self) -> None:
        """Close the connection."""
        self.meter.finish()
        self._client.close()


def _request_bytes(request: httpx.Request, content: bytes | None) -> int:
    line = len(request.method) + len(request.url.raw_path) + 12
    return line + sum(len(a) + len(b) + 4 for a, b in request.headers.raw) + len(content or b"")


def _header_bytes(response: httpx.Response) -> int:
    return 19 + sum(len(a) + len(b) + _LINE_END for a, b in response.headers.raw)


def _stated_length(response: httpx.Response) -> int:
    if response.status_code == _NOT_MODIFIED:
        # It would be that of what is not sent.
        return 0
    stated = response.headers.get("content-length", "")
    return int(stated) if stated.isascii() and stated.isdecimal() and len(stated) < _DIGITS else 0
