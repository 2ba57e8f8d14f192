"""One upstream by HTTP: every wait bounded, every answer bounded, every failure in words."""

import http.client
import json
import re
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from core.display import one_line
from core.errors import RefusedError, UnavailableError, UsageError

_CHUNK: Final = 64 * 1024
_OK: Final = 200
_PARTIAL: Final = 206
_NOT_MODIFIED: Final = 304
_BEYOND: Final = 416
_MISSING: Final = frozenset({404, 410})
_REFUSED: Final = frozenset({400, 403, 405, 409, 411, 413, 415, 422})
_MAX_WORDS: Final = 500
_MAX_VALIDATOR: Final = 200
_MAX_ANSWER: Final = 256 * 1024
_RANGE: Final = re.compile(r"bytes (\d{1,15})-(\d{1,15})/")
_AGAIN: Final = "It is tried again; what is here is served on."


class MissingError(UnavailableError):
    """The upstream answers, and has no such file."""


class SpoiltError(UnavailableError):
    """The upstream answers, and not with what this file is; others may be right."""


class StoppedError(UnavailableError):
    """Somebody asked to stop."""


class Document(NamedTuple):
    """A whole small file, and the upstream's name for this state of it."""

    data: bytes
    validator: str


@dataclass(frozen=True)
class Patience:
    """How long to wait: seconds between two bytes, for any answer, and bytes a second."""

    gap: float = 30.0
    grace: float = 60.0
    least_rate: float = 200.0


class Upstream:
    """Reads a repository at an address.

    Args:
        url: base address.
        context: how to verify it, when the address is encrypted.
        patience: how long to wait.
    """

    def __init__(
        self, url: str, context: ssl.SSLContext | None = None, patience: Patience | None = None
    ) -> None:
        """Connect to nothing yet."""
        parts = urlsplit(url)
        self.name = parts.hostname or url
        self._url = parts
        self._context = context
        self._patience = patience or Patience()
        self._connection: http.client.HTTPConnection | None = None
        self._stopped = threading.Event()

    def read(self, path: str, limit: int) -> bytes:
        """Read a whole small file.

        Raises:
            MissingError: there is none.
            UnavailableError: the line or the upstream failed.
            RefusedError: it is larger than ``limit``.
        """
        with self._exchange("GET", path, expected=limit) as answer:
            self._check(answer, path, _OK)
            return self._whole(answer, path, limit)

    def poll(self, path: str, limit: int, validator: str) -> Document | None:
        """Read a small file unless it still is as ``validator`` says; raises as ``read``."""
        headers = {"If-None-Match": validator} if validator else {}
        with self._exchange("GET", path, headers=headers, expected=limit) as answer:
            if validator and answer.status == _NOT_MODIFIED:
                answer.read()
                return None
            self._check(answer, path, _OK)
            return Document(self._whole(answer, path, limit), _validator(answer))

    def open_range(self, path: str, start: int, stop: int) -> Iterator[bytes]:
        """Give the bytes from ``start`` to before ``stop`` as they come; raises as ``read``."""
        headers = {"Range": f"bytes={start}-{stop - 1}"}
        with self._exchange("GET", path, headers=headers, expected=stop - start) as answer:
            self._check(answer, path, _PARTIAL)
            match = _RANGE.match(answer.getheader("Content-Range") or "")
            if match is None or (int(match[1]), int(match[2]) + 1) != (start, stop):
                raise self._wrong(path)
            came = 0
            for chunk in self._chunks(answer):
                came += len(chunk)
                if came > stop - start:
                    raise self._wrong(path)
                yield chunk
            if came < stop - start:
                raise self._cut()

    def post(self, path: str, body: bytes) -> bytes:
        """Hand something in; give the answer.

        Raises:
            RefusedError: the upstream does not accept it, in its words.
            MissingError: it takes nothing of the kind.
            UnavailableError: the line or the upstream failed.
        """
        expected = _MAX_ANSWER + len(body)
        with self._exchange("POST", path, body=body, expected=expected) as answer:
            if answer.status in _REFUSED:
                self._refuse(answer, path)
            self._check(answer, path, _OK)
            return self._whole(answer, path, _MAX_ANSWER)

    def stop(self) -> None:
        """End what is going on, now and for good; called from another thread."""
        self._stopped.set()
        self._hang_up()

    def close(self) -> None:
        """Close the connection."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    @contextmanager
    def _exchange(
        self,
        method: str,
        path: str,
        *,
        headers: dict[str, str] | None = None,
        body: bytes | None = None,
        expected: int = 0,
    ) -> Iterator[http.client.HTTPResponse]:
        if self._stopped.is_set():
            raise StoppedError("The mirror was asked to stop.")
        rang = threading.Event()

        def ring() -> None:
            rang.set()
            self._hang_up()

        patience = self._patience
        timer = threading.Timer(patience.grace + expected / patience.least_rate, ring)
        timer.daemon = True
        timer.start()
        is_whole = False
        try:
            answer = self._ask(method, path, {"User-Agent": "packhorse", **(headers or {})}, body)
            with answer:
                yield answer
                is_whole = answer.isclosed() or answer.length == 0
        except (http.client.HTTPException, OSError) as error:
            raise self._worded(error, rang=rang.is_set()) from error
        finally:
            timer.cancel()
            if not is_whole:
                self.close()

    def _ask(
        self, method: str, path: str, headers: dict[str, str], body: bytes | None
    ) -> http.client.HTTPResponse:
        target = f"{self._url.path.rstrip('/')}/{path}"
        is_kept = self._connection is not None
        connection = self._connected()
        try:
            connection.request(method, target, body=body, headers=headers)
            return connection.getresponse()
        except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
            # The upstream had closed the idle connection meanwhile.
            if not is_kept or method != "GET":
                raise
        self.close()
        connection = self._connected()
        connection.request(method, target, body=body, headers=headers)
        return connection.getresponse()

    def _connected(self) -> http.client.HTTPConnection:
        if self._connection is None:
            host, port, gap = self._url.hostname or "", self._url.port, self._patience.gap
            if self._context is not None:
                self._connection = http.client.HTTPSConnection(
                    host, port, timeout=gap, context=self._context
                )
            else:
                self._connection = http.client.HTTPConnection(host, port, timeout=gap)
            self._connection.connect()
        return self._connection

    def _hang_up(self) -> None:
        connection = self._connection
        if connection is not None and connection.sock is not None:
            with suppress(OSError):
                connection.sock.shutdown(socket.SHUT_RDWR)

    def _chunks(self, answer: http.client.HTTPResponse) -> Iterator[bytes]:
        while chunk := answer.read1(_CHUNK):
            if self._stopped.is_set():
                raise StoppedError("The mirror was asked to stop.")
            yield chunk

    def _whole(self, answer: http.client.HTTPResponse, path: str, limit: int) -> bytes:
        data = bytearray()
        stated = answer.length
        for chunk in self._chunks(answer):
            data += chunk
            if len(data) > limit:
                raise RefusedError(
                    "{path} is too large: more than {limit} bytes.", path=path, limit=limit
                )
        if stated is not None and len(data) != stated:
            raise self._cut()
        return bytes(data)

    def _check(self, answer: http.client.HTTPResponse, path: str, accepted: int) -> None:
        kind = (answer.getheader("Content-Type") or "").lower()
        if answer.status == accepted and not kind.startswith("text/html"):
            return
        if answer.status in _MISSING:
            # Most web servers say so in HTML.
            answer.read(_MAX_ANSWER)
            raise MissingError("{name} has no file {path}.", name=self.name, path=path)
        if answer.status == _BEYOND or (answer.status == _OK and accepted == _PARTIAL):
            raise self._wrong(path)
        if answer.status == accepted or answer.status in range(300, 400):
            raise UnavailableError(
                "Something else answers in place of {name}: a login page, or another server.",
                hint="Check the address and the line; what is here is served on.",
                name=self.name,
            )
        raise UnavailableError(
            "{name} cannot answer now (HTTP {status}).",
            hint=_AGAIN,
            name=self.name,
            status=answer.status,
        )

    def _refuse(self, answer: http.client.HTTPResponse, path: str) -> None:
        """Raise what the upstream says; an answer that is none of its own is left."""
        if not (answer.getheader("Content-Type") or "").startswith("application/json"):
            return
        try:
            words = json.loads(self._whole(answer, path, _MAX_ANSWER))
            sentence, hint = str(words["error"]), str(words.get("hint", ""))
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            return
        sentence, hint = (one_line(one, _MAX_WORDS) for one in (sentence, hint))
        raise RefusedError("{sentence}", hint="{advice}", sentence=sentence, advice=hint)

    def _wrong(self, path: str) -> SpoiltError:
        return SpoiltError(
            "{name} sent another part of {path} than was asked for.",
            hint="A proxy on the line may spoil it: use the encrypted address.",
            name=self.name,
            path=path,
        )

    def _cut(self) -> UnavailableError:
        if self._stopped.is_set():
            return StoppedError("The mirror was asked to stop.")
        return UnavailableError("The line to {name} was cut.", hint=_AGAIN, name=self.name)

    def _worded(self, error: Exception, *, rang: bool) -> UnavailableError:
        if self._stopped.is_set():
            return StoppedError("The mirror was asked to stop.")
        if rang:
            return UnavailableError("{name} sends too slowly.", hint=_AGAIN, name=self.name)
        if isinstance(error, ssl.SSLCertVerificationError):
            return UnavailableError(
                "{name} does not prove that it is the hub: {reason}.",
                hint="Give its own authority with --authority, or check the address.",
                name=self.name,
                reason=error.verify_message,
            )
        if isinstance(error, (TimeoutError, socket.gaierror, ConnectionRefusedError)):
            return UnavailableError("{name} cannot be reached.", hint=_AGAIN, name=self.name)
        return self._cut()


def open_upstream(
    url: str,
    authority: str = "",
    patience: Patience | None = None,
    *,
    is_verified: bool = True,
) -> Upstream:
    """Open an upstream; nothing travels yet.

    Args:
        url: base address.
        authority: certificate of its own authority (PEM); empty for the system's.
        patience: how long to wait.
        is_verified: False to take whoever answers, for what is compared with a digest afterwards.

    Raises:
        RefusedError: ``authority`` is not a certificate.
        UsageError: the address cannot be used.
    """
    if not _is_address(url):
        raise UsageError(
            "{url} is not the address of a hub.",
            hint="Write it as https://hub.example:8443.",
            url=repr(url[:200]),
        )
    context = None
    if urlsplit(url).scheme == "https":
        try:
            context = ssl.create_default_context(cadata=authority or None)
            if not is_verified:
                context.check_hostname = False
                context.verify_mode = ssl.CERT_NONE
        except (ssl.SSLError, ValueError) as error:
            raise RefusedError("The upstream's authority is not a certificate.") from error
    return Upstream(url, context, patience)


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        # Half a bracket, or a port that is none.
        return False


def _validator(answer: http.client.HTTPResponse) -> str:
    """Give the upstream's name for a state, if it can be sent back as it is."""
    name = answer.getheader("ETag") or ""
    return name if len(name) <= _MAX_VALIDATOR and name.isascii() and name.isprintable() else ""
