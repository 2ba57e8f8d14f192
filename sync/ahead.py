"""Asking for the next part of a file while the present one still comes.

Where an answer takes long to begin (600 ms by satellite) the line would stand still between two
requests.

Rules:
    - Each request that is out has a connection of its own; connections are made when they are
      needed first, and kept.
    - Parts are asked for in the order in which they will be read. What turns out not to be wanted
      is hung up.
    - A thread waits for the beginning of an answer alone. Its content is read by whoever reads
      the file, so that cap and budget hold as for any other.
"""

import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Final, NamedTuple

from core.errors import PackhorseError
from sync.http_client import Answer, HttpClient

MOST_CONNECTIONS: Final = 6
THREAD: Final = "request ahead"
# Whoever hangs up does not wait for a connection that is only being made.
_FAREWELL_SECONDS: Final = 1.0


class Part(NamedTuple):
    """Bytes of a file, from ``start`` to before ``stop``."""

    path: str
    start: int
    stop: int


@contextmanager
def asked(client: HttpClient, part: Part) -> Iterator[Answer]:
    """Ask for a part; the answer is open inside.

    Raises:
        SourceError: the line or the upstream failed, inside as well.
        HeldError: hours, switches or budget do not allow it, inside as well.
    """
    headers = {"Range": f"bytes={part.start}-{part.stop - 1}"}
    expected = part.stop - part.start
    with client.exchange("GET", part.path, headers=headers, expected=expected) as answer:
        yield answer


class _Coming:
    """A request that is out."""

    def __init__(self, client: HttpClient, part: Part) -> None:
        self.client = client
        self.part = part
        self._stack = ExitStack()
        self._answer: Answer | None = None
        self._error: PackhorseError | None = None
        self._is_dropped = False
        self._thread = threading.Thread(target=self._ask, name=THREAD, daemon=True)
        self._thread.start()

    def _ask(self) -> None:
        try:
            self._answer = self._stack.enter_context(asked(self.client, self.part))
        except PackhorseError as error:
            self._error = error
        if self._is_dropped:
            self._stack.close()

    @contextmanager
    def answer(self) -> Iterator[Answer]:
        """Wait for the beginning of the answer; it is open inside."""
        self._thread.join()
        if self._error is not None:
            raise self._error
        if self._answer is None:
            raise RuntimeError("a request that was sent ahead has stopped")
        with self._stack:
            yield self._answer

    def drop(self) -> bool:
        """Hang up; say whether the connection can be used for something else."""
        self._is_dropped = True
        self.client.meter.hang_up()
        self._thread.join(_FAREWELL_SECONDS)
        if self._thread.is_alive():
            return False
        self._stack.close()
        return True

    def has_left(self) -> bool:
        """Say whether it has ended after all; it has hung up itself then."""
        return not self._thread.is_alive()


class Ahead:
    """The requests of one upstream, one after the other or some at once.

    Args:
        client: the first connection; nothing is sent ahead on it.
        another: makes one more; None where there is to be no other.
    """

    def __init__(self, client: HttpClient, another: Callable[[], HttpClient] | None) -> None:
        self.clients = [client]
        self._free: list[HttpClient] = []
        self._another = another
        self._queue: deque[Part] = deque()
        self._out: deque[_Coming] = deque()
        self._leaving: list[_Coming] = []

    def follow(self, parts: Sequence[Part]) -> None:
        """Take note of what will be read from now on, in order; hang up what does not belong."""
        self._queue = deque(part for part in parts if part.start < part.stop)
        for number, coming in enumerate(self._out):
            if not self._queue or not _begins(coming.part, self._queue[0]):
                self._hang_up(number)
                return
            self._cut(coming.part.stop - coming.part.start)

    @contextmanager
    def next(self, largest: Callable[[], int]) -> Iterator[tuple[Part, Answer]]:
        """Give the answer to the next part, asked for before or now; it is open inside.

        Args:
            largest: gives bytes that one request asks for at most.
        """
        if self._out:
            coming = self._out.popleft()
            try:
                with coming.answer() as answer:
                    yield coming.part, answer
            finally:
                self._free.append(coming.client)
            return
        part = self._cut(largest())
        with asked(self.clients[0], part) as answer:
            yield part, answer

    def look(self, left: int, lead: int, largest: Callable[[], int]) -> None:
        """Send what is to be sent by now.

        Args:
            left: bytes that are still to come of the present part.
            lead: bytes that are to be on their way; 0 for one request after the other.
            largest: gives bytes that one request asks for at most.
        """
        if not lead:
            return
        on_their_way = left + sum(one.part.stop - one.part.start for one in self._out)
        while on_their_way < lead and self._queue and (client := self._spare()) is not None:
            part = self._cut(largest())
            self._out.append(_Coming(client, part))
            on_their_way += part.stop - part.start

    def first(self) -> HttpClient:
        """Give the first connection for something else; what is out is hung up."""
        self._hang_up(0)
        return self.clients[0]

    def close(self) -> None:
        """Hang up and let go of all connections."""
        self._hang_up(0)
        for client in self.clients:
            client.close()

    def _spare(self) -> HttpClient | None:
        """Give a connection that nothing uses; None when there are enough."""
        for coming in [one for one in self._leaving if one.has_left()]:
            self._leaving.remove(coming)
            self._free.append(coming.client)
        if self._free:
            return self._free.pop(0)
        if self._another is None or len(self.clients) >= MOST_CONNECTIONS:
            return None
        self.clients.append(self._another())
        return self.clients[-1]

    def _cut(self, size: int) -> Part:
        """Take a piece off the beginning of what is to be read."""
        whole = self._queue.popleft()
        piece = whole._replace(stop=min(whole.stop, whole.start + size))
        if piece.stop < whole.stop:
            self._queue.appendleft(whole._replace(start=piece.stop))
        return piece

    def _hang_up(self, number: int) -> None:
        """Hang up the requests that are out, from the ``number``-th on."""
        while len(self._out) > number:
            coming = self._out.pop()
            if coming.drop():
                self._free.append(coming.client)
            else:
                self._leaving.append(coming)


def _begins(part: Part, whole: Part) -> bool:
    return part[:2] == whole[:2] and part.stop <= whole.stop
