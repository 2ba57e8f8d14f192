"""The connections that are open, and which of them are closed when.

Rules:
    - One that nothing was asked on for a while is closed, so that nobody can hold them all by
      sending half a request. One that is being answered stays: that is a paused video.
    - There are never more than ``most``. When one more comes, the address that holds the most
      of them loses one: a silent one first, the one silent longest of those. A class's sockets
      last: they are bounded by themselves (``LASTING``), and what asks for pages makes room for
      pages.
"""

import asyncio
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from aiohttp import web

MOST: Final = 1000
LASTING: Final = 0.6
"""The share of all connections that may be sockets of classes."""
_LOOKS: Final = 6
_FILES: Final = 4096
# Databases, listening sockets, and those that come in a few turns of the loop.
_SPARE_FILES: Final = 512


class Connections:
    """What is known of each open connection of both ports."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._servers: list[web.Server] = []
        self._answering: Counter[web.RequestHandler] = Counter()
        self._since: dict[web.RequestHandler, float] = {}
        self._lasting: set[web.RequestHandler] = set()

    @property
    def most_lasting(self) -> int:
        """How many connections may last."""
        return int(self._most * LASTING)

    def factory(self, server: web.Server) -> Callable[[], web.RequestHandler]:
        """Give what makes the protocol of each connection that a server accepts."""
        self._servers.append(server)

        def accept() -> web.RequestHandler:
            self._make_room()
            return server()

        return accept

    @contextmanager
    def answering(self, connection: web.RequestHandler) -> Iterator[None]:
        """Note that a connection is being answered while the block runs."""
        self._answering[connection] += 1
        try:
            yield
        finally:
            self._answering[connection] -= 1
            if not self._answering[connection]:
                del self._answering[connection]
                self._since[connection] = _now()

    @contextmanager
    def lasting(self, connection: web.RequestHandler) -> Iterator[None]:
        """Let a connection stay while the block runs, however many others come."""
        self._lasting.add(connection)
        try:
            yield
        finally:
            self._lasting.discard(connection)

    async def sweep(self, idle_seconds: float) -> None:
        """Close silent connections for ever."""
        while True:
            await asyncio.sleep(idle_seconds / _LOOKS)
            now = _now()
            self._since = {one: self._since.get(one, now) for one in self._open()}
            for one, since in self._since.items():
                if now - since >= idle_seconds and one not in self._answering:
                    one.force_close()

    def _make_room(self) -> None:
        there = self._open()
        if len(there) < self._most:
            return
        there = [one for one in there if one not in self._lasting] or there
        held = Counter(map(_address, there))
        greedy = held.most_common(1)[0][0]
        _abort(
            min(
                (one for one in there if _address(one) == greedy),
                key=lambda one: (one in self._answering, self._since.get(one, _now())),
            )
        )

    def _open(self) -> list[web.RequestHandler]:
        everything = (one for server in self._servers for one in server.connections)
        return [one for one in everything if one.transport is not None]


def affordable() -> int:
    """Give how many connections this process can hold, having raised its limit of open files."""
    if sys.platform == "win32":
        return MOST
    import resource  # noqa: PLC0415 - not there on Windows

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _FILES if hard == resource.RLIM_INFINITY else min(_FILES, hard)
    if 0 <= soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        soft = wanted
    # Each connection may have a file open too.
    return MOST if soft < 0 else max(1, min(MOST, (soft - _SPARE_FILES) // 2))


def _abort(connection: web.RequestHandler) -> None:
    transport = connection.transport
    connection.force_close()
    if isinstance(transport, asyncio.Transport):
        # Closing alone would wait until a reader that does not read has read all.
        transport.abort()


def _address(connection: web.RequestHandler) -> str:
    peer = connection.transport and connection.transport.get_extra_info("peername")
    return str(peer[0]) if peer else ""


def _now() -> float:
    return asyncio.get_running_loop().time()
