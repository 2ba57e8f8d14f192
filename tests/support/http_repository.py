"""A real HTTP server for a repository on loopback, with the faults of bad lines and proxies.

with HttpRepository(tiny.directory) as server:
    server.fault = lambda request: Cut(1000) if "bundles/" in request.path else None
    ...
    server.requests     # what was asked, and how many body bytes were sent for it
"""

import hashlib
import re
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Self

_RANGE = re.compile(r"bytes=(\d+)-(\d+)\Z")
_CHUNK = 16 * 1024


@dataclass
class Asked:
    """One request.

    Attributes:
        path: without the leading slash.
        start: first byte asked for, None without a range.
        sent: body bytes that were sent.
        status: of the answer.
        headers: of the request.
        began, ended: when its body was sent, seconds that only rise.
    """

    path: str
    start: int | None
    sent: int = 0
    status: int = 0
    headers: list[str] = field(default_factory=list)
    began: float = 0.0
    ended: float = 0.0


@dataclass
class Cut:
    """The connection ends after so many body bytes."""

    after: int


@dataclass
class Stall:
    """Nothing comes any more after so many body bytes, until the client hangs up."""

    after: int


@dataclass
class Trickle:
    """Body bytes come one by one, that far apart."""

    seconds: float


@dataclass
class TrickleHeaders:
    """Header bytes come one by one, that far apart."""

    seconds: float


@dataclass
class Answer:
    """Some answer of its own."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Whole:
    """The whole file for a range."""


@dataclass
class OtherRange:
    """Another range than was asked for."""


@dataclass
class ShortBody:
    """A shorter body, whose length is stated rightly, after a Content-Range that is right."""

    by: int


@dataclass
class Flip:
    """One bit of the body at this offset in the file differs."""

    offset: int


@dataclass
class OtherTag:
    """Another entity tag for a range; none when it is empty."""

    tag: str


Fault = (
    Cut
    | Stall
    | Trickle
    | TrickleHeaders
    | Answer
    | Whole
    | OtherRange
    | ShortBody
    | Flip
    | OtherTag
)
PORTAL = Answer(200, b"<html>Please log in</html>", {"Content-Type": "text/html"})


class HttpRepository:
    """Serves a directory.

    Attributes:
        fault: gives what goes wrong with a request, or None.
        overlay: other content by path, None for a file that is not there.
        requests: everything that was asked.
        pace: seconds between two chunks of a body: as on a line, what is sent is under way only
            for a moment.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.fault: Callable[[Asked], Fault | None] = lambda _: None
        self.overlay: dict[str, bytes | None] = {}
        self.requests: list[Asked] = []
        self.pace = 0.0
        self.posts: Callable[[str, bytes], Answer] = lambda *_: Answer(404)
        self.over = threading.Event()
        owner = self

        class Handler(_Handler):
            repository = owner

        self._server = _Server(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        )

    @property
    def url(self) -> str:
        """The base address."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def sent(self, part: str = "") -> int:
        """Give the body bytes sent for paths that contain ``part``."""
        return sum(one.sent for one in self.requests if part in one.path)

    def wrap(self, change: Callable[[socket.socket], socket.socket]) -> None:
        """Wrap the listening socket, such as in TLS."""
        self._server.socket = change(self._server.socket)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.over.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: clients that hang up are what is tested here."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    repository: HttpRepository

    def do_GET(self) -> None:
        match = _RANGE.match(self.headers.get("Range", ""))
        asked = Asked(self.path.lstrip("/"), int(match[1]) if match else None)
        asked.headers = list(self.headers.keys())
        self.repository.requests.append(asked)
        fault = self.repository.fault(asked)
        data = self._content(asked.path)
        if isinstance(fault, Answer):
            self._answer(asked, fault.status, fault.body, fault.headers, None)
        elif data is None:
            self._answer(asked, 404, b"{}", {"Content-Type": "application/json"}, None)
        else:
            self._give(asked, data, match, fault)

    def _give(
        self, asked: Asked, data: bytes, match: re.Match[str] | None, fault: Fault | None
    ) -> None:
        tag = fault.tag if isinstance(fault, OtherTag) else hashlib.sha256(data).hexdigest()[:16]
        headers = {"ETag": f'"{tag}"'}
        if isinstance(fault, Flip):
            data = data[: fault.offset] + bytes([data[fault.offset] ^ 1]) + data[fault.offset + 1 :]
        if self.headers.get("If-None-Match") == headers["ETag"]:
            self._answer(asked, 304, b"", headers, None)
        elif match is None or isinstance(fault, Whole):
            self._answer(asked, 200, data, headers, fault)
        elif int(match[1]) >= len(data):
            self._answer(asked, 416, b"", {"Content-Range": f"bytes */{len(data)}"}, None)
        else:
            self._part(asked, data, (int(match[1]), min(int(match[2]) + 1, len(data))), fault)

    def _part(self, asked: Asked, data: bytes, part: tuple[int, int], fault: Fault | None) -> None:
        start, stop = part
        if isinstance(fault, OtherRange):
            start, stop = start + 1, stop + 1
        body = data[start:stop]
        if isinstance(fault, ShortBody):
            body = body[: -fault.by]
        headers = {
            "ETag": f'"{hashlib.sha256(data).hexdigest()[:16]}"',
            "Content-Range": f"bytes {start}-{stop - 1}/{len(data)}",
        }
        if isinstance(fault, OtherTag):
            headers["ETag"] = f'"{fault.tag}"'
            if not fault.tag:
                del headers["ETag"]
        self._answer(asked, 206, body, headers, fault)

    def _content(self, path: str) -> bytes | None:
        if path in self.repository.overlay:
            return self.repository.overlay[path]
        file = self.repository.directory / path
        return file.read_bytes() if file.is_file() else None

    def do_POST(self) -> None:
        data = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        asked = Asked(self.path.lstrip("/"), None)
        self.repository.requests.append(asked)
        answer = self.repository.fault(asked) or self.repository.posts(asked.path, data)
        assert isinstance(answer, Answer)
        self._answer(asked, answer.status, answer.body, answer.headers, None)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""

    def _answer(
        self, asked: Asked, status: int, body: bytes, headers: dict[str, str], fault: Fault | None
    ) -> None:
        asked.status = status
        lines = [f"HTTP/1.1 {status} X"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        if status != 304:
            lines.append(f"Content-Length: {len(body)}")
        head = ("\r\n".join(lines) + "\r\n\r\n").encode()
        try:
            if isinstance(fault, TrickleHeaders):
                self._trickle(head, fault.seconds)
                return
            self.wfile.write(head)
            self._send(asked, body, fault)
        except OSError:
            self.close_connection = True

    def _send(self, asked: Asked, body: bytes, fault: Fault | None) -> None:
        if isinstance(fault, Trickle):
            self._trickle(body, fault.seconds)
            return
        whole = body[: fault.after] if isinstance(fault, Cut | Stall) else body
        asked.began = time.monotonic()
        for start in range(0, len(whole), _CHUNK):
            self.wfile.write(whole[start : start + _CHUNK])
            asked.sent += len(whole[start : start + _CHUNK])
            if self.repository.pace:
                self.repository.over.wait(self.repository.pace)
            asked.ended = time.monotonic()
        if isinstance(fault, Stall):
            self.repository.over.wait(30)
        if isinstance(fault, Cut | Stall) and len(whole) < len(body):
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)

    def _trickle(self, data: bytes, seconds: float) -> None:
        for byte in data:
            self.wfile.write(bytes([byte]))
            if self.repository.over.wait(seconds):
                return
