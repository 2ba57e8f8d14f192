"""What the control socket's methods are made of: what each takes, what it does, how often.

Rules:
    - Parameters are read by the method's own type before anything is done.
    - A method may be called only so often by all clients together, and runs one at a time, so
      that a client that has gone wild costs the node little; few wait for their turn. Whoever calls
      too often is told so.
    - What a method does goes on when its caller leaves: a screen that is closed in the middle of
      an import changes nothing.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

import msgspec

from cache.clock import Clock
from core.control_calls import parse_call
from core.errors import UnavailableError

C = TypeVar("C", bound=msgspec.Struct)

_BURST: Final = 20
_REFILL_SECONDS: Final = 1.0
# Calls that wait for their turn behind one that hangs, in a failing stick for instance.
_MOST_AT_ONCE: Final = 50


class NoCall(msgspec.Struct, frozen=True):
    """The parameters of a method that takes none."""


class Allowance:
    """How often something may be done: at once so many times, then once in so many seconds.

    Args:
        clock: the machine's clocks.
        burst: how many times at once.
        refill: seconds until one more is allowed.
    """

    def __init__(
        self, clock: Clock, *, burst: int = _BURST, refill: float = _REFILL_SECONDS
    ) -> None:
        self._clock = clock
        self._burst = burst
        self._refill = refill
        self._left = float(burst)
        self._at = clock.monotonic()

    def take(self) -> None:
        """Do it once more.

        Raises:
            UnavailableError: not now.
        """
        now = self._clock.monotonic()
        self._left = min(self._burst, self._left + (now - self._at) / self._refill)
        self._at = now
        if self._left < 1:
            raise too_often()
        self._left -= 1


def too_often() -> UnavailableError:
    """Tell a caller to wait."""
    return UnavailableError(
        "The node is asked for the same too often.", hint="Wait a moment and try again."
    )


@dataclass(frozen=True)
class Method:
    """One method.

    Attributes:
        call: type of its parameters.
        run: does it; gives the result.
        allowance: how often.
    """

    call: type[msgspec.Struct]
    run: Callable[[Any], Awaitable[object]]
    allowance: Allowance
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    _running: set[asyncio.Task[object]] = field(default_factory=set)

    async def answer(self, params: dict[str, Any]) -> object:
        """Do it with these parameters; give the result.

        Raises:
            UsageError: the parameters are not what it takes.
            UnavailableError: it is asked for too often.
            PackhorseError: whatever it raises.
        """
        call = parse_call(params, self.call)
        if len(self._running) >= _MOST_AT_ONCE:
            raise too_often()
        self.allowance.take()
        # Not cancelled with its caller, and kept from the garbage collector until it has ended.
        task = asyncio.create_task(self._run(call))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return await asyncio.shield(task)

    async def _run(self, call: msgspec.Struct) -> object:
        async with self._turn:
            return await self.run(call)


Methods = Mapping[str, Method]


def method(
    clock: Clock,
    call: type[C],
    run: Callable[[C], Awaitable[object]],
    *,
    burst: int = _BURST,
    refill: float = _REFILL_SECONDS,
) -> Method:
    """Make a method."""
    return Method(call, run, Allowance(clock, burst=burst, refill=refill))


async def in_thread(work: Callable[[], object]) -> dict[str, object]:
    """Do what waits for the disk, and has nothing to give, in a thread."""
    await asyncio.to_thread(work)
    return {}
