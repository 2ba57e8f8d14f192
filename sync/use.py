"""What an HTTP client asks and tells about the line that it uses."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Final, NamedTuple, Protocol

from core.line.wire import Wire

NO_BOUND: Final = 1 << 50
_TELLING_BYTES: Final = 16 * 1024


class Wanted(NamedTuple):
    """What a request will move.

    Attributes:
        content: bytes of the answer at most.
        sent: bytes of the request.
        is_steady: whether the answer has exactly those bytes.
        connects: whether a connection is to be made first.
    """

    content: int
    sent: int
    is_steady: bool
    connects: bool

    @property
    def tells_pace(self) -> bool:
        """Whether the answer's pace tells what the line carries.

        That of a short one, such as a bundle's index, tells how long an answer takes to begin.
        """
        return self.is_steady and self.content >= _TELLING_BYTES


class Ticket(Protocol):
    """What one request has moved. Bytes are those on the wire, headers included."""

    def moved(self, received: int, sent: int) -> None:
        """Note bytes that have travelled."""

    def expect(self, count: int) -> None:
        """Note how many bytes of content the answer says to have.

        Raises:
            HeldError: so many may not travel.
        """

    def check(self) -> None:
        """See whether more may travel.

        Raises:
            HeldError: it may not.
        """


class Use(Protocol):
    """What may be done with a line, and what it does."""

    def request(self, wanted: Wanted, wire: Wire) -> AbstractContextManager[Ticket]:
        """Ask for a request.

        Raises:
            HeldError: nothing may travel now, or not so much.
        """

    def largest(self, wire: Wire) -> int:
        """Give bytes of content that one request may ask for."""

    def lead(self) -> int:
        """Give how many bytes before the end of an answer the next request is sent; 0 for after."""

    def round_trip(self, seconds: float) -> None:
        """Note how long it took until an answer began."""


class Unlimited:
    """The use of what costs nothing: a network of one's own."""

    @contextmanager
    def request(self, _wanted: Wanted, _wire: Wire) -> Iterator[Ticket]:
        """Allow it."""
        yield self

    def largest(self, _wire: Wire) -> int:
        """Allow any number."""
        return NO_BOUND

    def lead(self) -> int:
        """Ask for one after the other."""
        return 0

    def round_trip(self, seconds: float) -> None:
        """Forget it."""

    def moved(self, received: int, sent: int) -> None:
        """Forget it."""

    def expect(self, count: int) -> None:
        """Allow it."""

    def check(self) -> None:
        """Allow it."""
