"""Connecting to several addresses of one name, the next one whenever the present one is silent."""

import errno
import os
import selectors
import socket
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple, Self

# Two seconds are more than a satellite takes, so that a line that is well pays for one attempt.
_SILENCE_SECONDS: Final = 2.0
_HOPS: Final[dict[int, tuple[int, int]]] = {
    socket.AF_INET: (socket.IPPROTO_IP, socket.IP_TTL),
    socket.AF_INET6: (socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS),
}
_UNDER_WAY: Final = frozenset({0, errno.EINPROGRESS, errno.EWOULDBLOCK})


class Address(NamedTuple):
    """Where to connect to, as the socket module has it.

    Attributes:
        hops: over how many networks packets may go to it; 0 for any number.
        buffer: bytes of what comes from it that may wait in the system's buffer; 0 for as many as
            usual.
    """

    family: int
    address: Any
    hops: int = 0
    buffer: int = 0


def first_to_answer(
    addresses: Sequence[Address], until: float | None, monotonic: Callable[[], float]
) -> tuple[socket.socket, Address]:
    """Connect to the first address that answers; give the connection and the address.

    Args:
        addresses: at least one, in the order of trying.
        until: when to give up, by ``monotonic``; None for never.
        monotonic: gives seconds that only rise.

    Raises:
        OSError: none answers; a refusal is told rather than anything else.
        TimeoutError: none has answered in time.
    """
    with _Race(addresses, monotonic) as race:
        while (found := race.step(until)) is None:
            pass
        return found


class _Race:
    def __init__(self, addresses: Sequence[Address], monotonic: Callable[[], float]) -> None:
        self._waiting = deque(addresses)
        self._monotonic = monotonic
        self._selector = selectors.DefaultSelector()
        self._trying: dict[socket.socket, Address] = {}
        self._next_start = monotonic()
        self._failure = OSError(errno.EHOSTUNREACH, os.strerror(errno.EHOSTUNREACH))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._selector.close()
        for one in self._trying:
            one.close()

    def step(self, until: float | None) -> tuple[socket.socket, Address] | None:
        """Start what is due and wait for the next thing to happen."""
        now = self._monotonic()
        if until is not None and now >= until:
            raise TimeoutError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT))
        if self._waiting and (not self._trying or now >= self._next_start):
            self._start(self._waiting.popleft(), now)
            return None
        if not self._trying:
            raise self._failure
        ends = [one for one in (until, self._next_start if self._waiting else None) if one]
        patience = min(ends) - now if ends else None
        for key, _ in self._selector.select(patience):
            connection: socket.socket = key.data
            if self._has_answered(connection):
                return connection, self._trying.pop(connection)
        return None

    def _start(self, one: Address, now: float) -> None:
        try:
            connection = socket.socket(one.family, socket.SOCK_STREAM)
        except OSError as error:
            self._note(error.errno or errno.EHOSTUNREACH)
            return
        self._trying[connection] = one
        self._next_start = now + _SILENCE_SECONDS
        if one.hops:
            connection.setsockopt(*_HOPS[one.family], one.hops)
        if one.buffer:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, one.buffer)
        connection.settimeout(0)
        code = connection.connect_ex(one.address)
        if code in _UNDER_WAY:
            self._selector.register(connection, selectors.EVENT_WRITE, connection)
        else:
            self._give_up(connection, code)

    def _has_answered(self, connection: socket.socket) -> bool:
        self._selector.unregister(connection)
        code = connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            self._give_up(connection, code)
        return not code

    def _give_up(self, connection: socket.socket, code: int) -> None:
        del self._trying[connection]
        connection.close()
        # Whoever refuses is there, and says more than silence elsewhere.
        if not isinstance(self._failure, ConnectionRefusedError):
            self._note(code)

    def _note(self, code: int) -> None:
        self._failure = OSError(code, os.strerror(code))
