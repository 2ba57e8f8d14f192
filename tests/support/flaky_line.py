"""What a bad line does to connections: seeded, so that a run can be repeated."""

import asyncio
import math
import random
from dataclasses import dataclass
from typing import Final, Literal

Ending = Literal["reset", "close", "silence"]

_PACKET: Final = 1448
# A packet takes a twentieth of a second there.
_THIN: Final = 20 * _PACKET
PAGE: Final = (
    "<!doctype html><html><head><title>Login</title></head><body>"
    "<h1>请登录校园网 / Please sign in</h1></body></html>"
).encode()


@dataclass(frozen=True, kw_only=True)
class Flaws:
    """How bad the line is. Seconds, bytes, and chances from 0 to 1.

    Attributes:
        rate: bytes a second in each direction, for all connections together; 0 for no limit.
        latency: of each direction.
        cut_seconds: each connection ends so long after it was made; 0 for never.
        cut_bytes: each connection ends after so many bytes from the server; 0 for never.
        ending: by a reset, in good order, or in silence with the connection left open.
        flips: chance that a byte from the server has one bit flipped.
        portals: chance that a login page answers a connection.
        refusals: chance that a connection is reset at once.
        seed: of all chances.
    """

    rate: float = 0.0
    latency: float = 0.0
    cut_seconds: float = 0.0
    cut_bytes: int = 0
    ending: Ending = "reset"
    flips: float = 0.0
    portals: float = 0.0
    refusals: float = 0.0
    seed: int = 0


class Fate:
    """What happens to one connection, whatever happens to others at the same time.

    Args:
        flaws: how bad the line is.
        number: of the connection.

    Attributes:
        is_refused: whether it is reset at once.
        meets_portal: whether a login page answers it.
    """

    def __init__(self, flaws: Flaws, number: int) -> None:
        self._chance = random.Random(f"{flaws.seed}/{number}")
        self._flips = flaws.flips
        self.is_refused = self._chance.random() < flaws.refusals
        self.meets_portal = self._chance.random() < flaws.portals
        self._next_flip = self._gap()

    def spoilt(self, data: bytes) -> bytes:
        """Give data with some bits flipped."""
        if self._next_flip >= len(data):
            self._next_flip -= len(data)
            return data
        spoilt = bytearray(data)
        while self._next_flip < len(spoilt):
            spoilt[int(self._next_flip)] ^= 1 << self._chance.randrange(8)
            self._next_flip += 1 + self._gap()
        self._next_flip -= len(spoilt)
        return bytes(spoilt)

    def _gap(self) -> float:
        """Give how many bytes pass unharmed, by which each has the same chance."""
        if not self._flips:
            return math.inf
        return math.floor(math.log(1 - self._chance.random()) / math.log1p(-self._flips))


class Bottleneck:
    """One direction of the line, shared by all connections: it is busy until it is free."""

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._free = 0.0

    @property
    def piece(self) -> int:
        """Bytes that cross together: a full packet on a thin line, two on a fast one.

        As many are acknowledged together; more would be met by fewer acknowledgements than on a
        real line.
        """
        if not self._rate:
            return 64 * 1024
        return _PACKET if self._rate < _THIN else 2 * _PACKET

    async def cross(self, size: int) -> None:
        """Wait until so many bytes have crossed."""
        if self._rate:
            now = asyncio.get_running_loop().time()
            self._free = max(self._free, now) + size / self._rate
            await asyncio.sleep(self._free - now)
