"""What the agent's side found, as it stood some seconds ago."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Final, Generic, TypeVar

from core.errors import PackhorseError

T = TypeVar("T")
# How long it is not asked for again, seconds.
_TRUST_SECONDS: Final = 5.0


class Lately(Generic[T]):
    """Reads something now and then; what cannot be read stays as it was.

    Args:
        read: reads it, away from the event loop.
        first: what it is until it was read.
    """

    def __init__(self, read: Callable[[], T], first: T) -> None:
        self._read = read
        self._found = first
        self._read_at: float | None = None

    async def get(self) -> T:
        """Give it as it was at most some seconds ago."""
        now = asyncio.get_running_loop().time()
        if self._read_at is None or now - self._read_at >= _TRUST_SECONDS:
            self._read_at = now
            with suppress(PackhorseError):
                self._found = await asyncio.to_thread(self._read)
        return self._found
