"""How much one request asks for, and when the next one is sent. Pure.

Rules:
    - A request is as long as half a minute of the line, so that what it costs to ask is nothing
      beside it, and a kill leaves little of the budget reserved in vain.
    - Never more than what is left of the budget, headers included.
    - Where an answer takes long to begin (600 ms by satellite), the next request is sent while
      the present answer still comes: early enough that the line never waits, and no earlier.
"""

from typing import Final

from core.line.estimate import Estimate
from core.line.wire import Wire, wire_bytes

SMALLEST: Final = 64 * 1024
LARGEST: Final = 16 * 1024 * 1024
_SECONDS: Final = 30.0
# Until a line is measured, so that what is learnt then holds soon.
_UNMEASURED_SECONDS: Final = 8.0
# To connect, to ask, and half as much again to be sure.
_ROUND_TRIPS: Final = 2.5
# Less than this in flight is not worth a second connection.
_WORTH: Final = 4 * 1024


def largest_request(estimate: Estimate, capped: float | None = None, pace: float = 0.0) -> int:
    """Give bytes of content that one request asks for at most.

    Args:
        estimate: what the line carries.
        capped: the present cap, bytes a second; None for none.
        pace: what it has carried in this run, bytes a second, which counts until it is measured:
            a quick line would be thought slow that waits for one small answer after the other.
    """
    rate = estimate.rate if estimate.is_measured else max(estimate.rate, pace)
    rate = rate if capped is None else min(rate, capped)
    seconds = _SECONDS if estimate.is_measured else _UNMEASURED_SECONDS
    return int(min(LARGEST, max(SMALLEST, rate * seconds)))


def affordable(left: int, wire: Wire, *, connect: bool = False) -> int:
    """Give bytes of content that one request can ask for, so that all of it costs no more.

    Args:
        left: bytes on the wire that may still travel.
        wire: what requests cost.
        connect: whether a connection is to be made first.
    """
    fixed = wire.connection if connect else 0
    count = left - fixed
    while count > 0 and (over := wire_bytes(count, wire, requests=1) + fixed - left) > 0:
        count -= over
    return max(0, count)


def lead_bytes(estimate: Estimate) -> int:
    """Give how many bytes before the end of an answer the next request is sent; 0 for after it."""
    in_flight = int(estimate.rate * estimate.latency * _ROUND_TRIPS) if estimate.is_measured else 0
    return in_flight if in_flight >= _WORTH else 0
