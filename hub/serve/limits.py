"""Bounds on what strangers may cost: tries per address, bytes and seconds per request body."""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from aiohttp import hdrs, web

from hub.refusals import TooLargeError, TooOftenError, TooSlowError

# A rural line sends a full batch well within this; a slow attacker does not hold on longer.
BODY_SECONDS: Final = 300.0
_MAX_ADDRESSES: Final = 10_000


@dataclass
class _Bucket:
    tokens: float
    filled: float


class RateLimit:
    """A token bucket for each address; the oldest addresses are forgotten first.

    Args:
        per_minute: tries that an address gets a minute, and at most saves up.
    """

    def __init__(self, per_minute: int) -> None:
        """Know no address yet."""
        self._capacity = float(per_minute)
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def check(self, address: str, now: float) -> None:
        """Count one try.

        Args:
            address: who tries.
            now: monotonic seconds.

        Raises:
            TooOftenError: the address has used up its tries.
        """
        if not self.admits(address, now):
            raise TooOftenError("Too many tries from this address.", hint="Wait a minute.")

    def admits(self, address: str, now: float) -> bool:
        """Count one try, and say whether it may go on; arguments as for ``check``."""
        bucket = self._buckets.setdefault(address, _Bucket(self._capacity, now))
        self._buckets.move_to_end(address)
        if len(self._buckets) > _MAX_ADDRESSES:
            self._buckets.popitem(last=False)
        gained = (now - bucket.filled) * self._capacity / 60
        bucket.tokens, bucket.filled = min(self._capacity, bucket.tokens + gained), now
        if bucket.tokens < 1:
            return False
        bucket.tokens -= 1
        return True


def client_address(request: web.Request, *, behind_proxy: bool) -> str:
    """Give the address that a request is from, as our own proxy says it where there is one."""
    forwarded = request.headers.get(hdrs.X_FORWARDED_FOR, "")
    if behind_proxy and forwarded:
        # The last one was written by our own proxy.
        return forwarded.rpartition(",")[2].strip()[:64]
    return request.remote or ""


async def read_body(request: web.Request, limit: int, seconds: float = BODY_SECONDS) -> bytes:
    """Read a request's body within bounds.

    Raises:
        TooLargeError: it has more than ``limit`` bytes.
        TooSlowError: it did not come in time.
    """
    too_large = TooLargeError(
        "The request is too large, at most {limit} bytes are accepted.", limit=limit
    )
    if request.content_length is not None and request.content_length > limit:
        raise too_large
    body = bytearray()
    try:
        async with asyncio.timeout(seconds):
            async for chunk in request.content.iter_any():
                body += chunk
                if len(body) > limit:
                    raise too_large
    except TimeoutError as error:
        raise TooSlowError("The request's body did not come in time.") from error
    return bytes(body)
