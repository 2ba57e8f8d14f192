"""A hub, or any web server with a repository, as a source."""

import re
from collections.abc import Callable, Generator, Iterator, Sequence
from typing import Final

from sync import http_answers
from sync.ahead import Ahead, Part
from sync.events import Traffic, added
from sync.http_client import Answer, HttpClient
from sync.http_errors import truncated
from sync.source import Document

_OK: Final = 200
_PARTIAL: Final = 206
_NOT_MODIFIED: Final = 304
_NOT_SATISFIABLE: Final = 416
_RANGE = re.compile(r"bytes (\d{1,15})-(\d{1,15})/(\d{1,15}|\*)\Z")
_ETAG_KEPT: Final = 200
# Of a whole file that came in place of a part, so much is passed over: it costs less than to
# ask again, and more than that is for another source.
_PASSED_OVER: Final = 64 * 1024
# With less left of the budget than this takes, nothing more is asked for.
_SMALLEST: Final = 1024


class HttpSource:
    """Reads a repository by HTTP.

    Args:
        client: the upstream; closed with the source.
        another: makes one more connection to it, for lines on which answers take long to begin;
            None for no more than one.
    """

    def __init__(self, client: HttpClient, another: Callable[[], HttpClient] | None = None) -> None:
        self._name, self._use, self._wire = client.name, client.use, client.wire
        self._ahead = Ahead(client, another)
        self._foreseen: list[Part] = []
        self._validators: dict[str, str] = {}

    @property
    def client(self) -> HttpClient:
        """The upstream, for what is not read from it."""
        return self._ahead.clients[0]

    @property
    def name(self) -> str:
        """The upstream's host."""
        return self._name

    def read(self, path: str, limit: int) -> bytes:
        """Read a whole small file.

        Raises:
            SourceError: the line or the upstream failed, or has no such file.
            RefusedError: the file is larger than ``limit``.
        """
        with self._ahead.first().exchange("GET", path, expected=limit) as answer:
            answer.check(_OK)
            return self._body(answer, path, limit)

    def poll(self, path: str, limit: int, validator: str) -> Document | None:
        """Read a small file unless it still is as ``validator`` (an ETag) says.

        Raises:
            SourceError: the line or the upstream failed, or has no such file.
            RefusedError: the file is larger than ``limit``.
        """
        headers = {"If-None-Match": validator} if validator else {}
        client = self._ahead.first()
        with client.exchange("GET", path, headers=headers, expected=limit) as answer:
            if validator and answer.status == _NOT_MODIFIED:
                answer.read(0)
                return None
            answer.check(_OK)
            etag = answer.headers.get("etag", "")
            kept = etag if len(etag) <= _ETAG_KEPT else ""
            return Document(self._body(answer, path, limit), kept)

    def open_range(self, path: str, start: int, stop: int) -> Generator[bytes, None, None]:
        """Give the bytes from ``start`` to before ``stop`` as they come, asked for bit by bit.

        Raises:
            SourceError: the line or the upstream failed, has no such file, or sends another
                part of it.
            HeldError: hours, switches or budget do not allow it.
        """
        foreseen, self._foreseen = self._foreseen, []
        self._ahead.follow([Part(path, start, stop), *foreseen])
        while start < stop:
            with self._ahead.next(self._largest) as (part, answer):
                for chunk in self._content(answer, part):
                    start += len(chunk)
                    self._ahead.look(part.stop - start, self._use.lead(), self._largest)
                    yield chunk

    def foresee(self, path: str, ranges: Sequence[tuple[int, int]]) -> None:
        """Take note of what is asked for after the next range, so that the line need not wait."""
        self._foreseen = [Part(path, start, stop) for start, stop in ranges]

    def traffic(self) -> Traffic:
        """Give the bytes moved so far."""
        return added(client.meter.traffic() for client in self._ahead.clients)

    def close(self) -> None:
        """Close the connections."""
        self._ahead.close()

    def _largest(self) -> int:
        return max(_SMALLEST, self._use.largest(self._wire))

    def _content(self, answer: Answer, part: Part) -> Iterator[bytes]:
        """Give the content of a part's answer, after a look at whether it is that part's."""
        path, start, stop = part
        if answer.status == _OK:
            yield from self._part_of_whole(answer, path, start, stop)
            return
        self._check_range(answer, path, start, stop)
        position = start
        for chunk in answer.chunks():
            position += len(chunk)
            if position > stop:
                raise http_answers.wrong_range(self.name, path)
            yield chunk
        if position < stop:
            raise truncated(self.name, path)

    def _body(self, answer: Answer, path: str, limit: int) -> bytes:
        data = answer.read(limit)
        stated = answer.headers.get("content-length", "")
        if stated.isdecimal() and int(stated) != len(data):
            raise truncated(self.name, path)
        return data

    def _part_of_whole(
        self, answer: Answer, path: str, start: int, stop: int
    ) -> Generator[bytes, None, None]:
        """Take a part out of a whole file, where little comes before it."""
        answer.check(_OK)
        if start > max(_PASSED_OVER, stop - start):
            raise http_answers.no_range(self.name, path)
        position = 0
        for chunk in answer.chunks():
            piece = chunk[max(0, start - position) : stop - position]
            position += len(chunk)
            if piece:
                yield piece
            if position >= stop:
                return
        raise truncated(self.name, path)

    def _check_range(self, answer: Answer, path: str, start: int, stop: int) -> None:
        if answer.status == _NOT_SATISFIABLE:
            raise http_answers.cut_short(self.name, path)
        answer.check(_PARTIAL)
        match = _RANGE.match(answer.headers.get("content-range", ""))
        if match is not None and match[3] != "*" and int(match[3]) < stop:
            raise http_answers.cut_short(self.name, path)
        if match is None or (int(match[1]), int(match[2]) + 1) != (start, stop):
            raise http_answers.wrong_range(self.name, path)
        etag = answer.headers.get("etag", "")
        # Without one nothing is said of a change; what comes is judged by its digest anyway.
        if etag and self._validators.setdefault(path, etag) != etag:
            del self._validators[path]
            raise http_answers.changed(self.name, path)
