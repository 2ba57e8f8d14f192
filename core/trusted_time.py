"""Trusted time: decides expiry of signatures, nothing else.

Most nodes have no real-time clock. The floor is a moment that has certainly passed: the newest
signed issue time seen, at least the build date. It only rises, and at most to the timestamp's
expiry less its period, so that one timestamp issued in the far future cannot lock a node out.
"""

import re
from datetime import datetime, timedelta
from typing import Final

from core.errors import RefusedError

BUILD_DATE: Final = "2026-11-01T00:00:00Z"
TIMESTAMP_PERIOD: Final = timedelta(days=90)
# A synchronised clock this far ahead of the floor is taken for wrong.
PLAUSIBLE_AHEAD: Final = timedelta(days=10 * 365)
_AS_WRITTEN: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\Z", re.ASCII)


def parse_moment(text: str) -> datetime:
    """Read a moment in UTC such as ``2026-11-22T08:30:00Z``.

    Raises:
        RefusedError: it is not written so.
    """
    try:
        if _AS_WRITTEN.match(text):
            # Many times quicker; a county's page reads tens of thousands.
            return datetime.fromisoformat(text)
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S%z")
    except ValueError as error:
        raise RefusedError("{text} is not a moment in UTC.", text=repr(text[:40])) from error


def format_moment(moment: datetime) -> str:
    """Write an aware moment in UTC to the second."""
    return (moment - (moment.utcoffset() or timedelta())).strftime("%Y-%m-%dT%H:%M:%SZ")


def raise_floor(floor: datetime, issued: datetime, expires: datetime) -> datetime:
    """Give the floor after a verified timestamp.

    Args:
        floor: the floor so far.
        issued: the timestamp's signed issue time.
        expires: the timestamp's expiry.
    """
    return max(floor, min(issued, expires - TIMESTAMP_PERIOD))


def trusted_now(floor: datetime, clock: datetime, *, synchronised: bool) -> tuple[datetime, bool]:
    """Give the moment against which expiry is judged, and whether the clock verified it.

    Args:
        floor: the durable floor.
        clock: the system clock.
        synchronised: whether something set the system clock since boot.
    """
    verified = synchronised and floor <= clock <= floor + PLAUSIBLE_AHEAD
    return (clock if verified else floor), verified
