"""What of the signatures on a node ends when, and what that means, in sentences.

An expired signature never stops serving: what is here was verified while it was good, and stays.
It blocks what is new. Root, targets, snapshot and timestamp speak for the whole repository, a
publisher's role for its own packs alone.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from core.errors import PackhorseError, RefusedError, UsageError

# Renewed by machines while the hub is in order, so they are good for two months at least.
ONLINE_WARNING: Final = timedelta(days=30)
# Renewed by people, with keys from a safe.
OFFLINE_WARNING: Final = timedelta(days=60)
_ONLINE: Final = frozenset({"snapshot", "timestamp"})
_WHOLE: Final = frozenset({"root", "targets"}) | _ONLINE
_MOST: Final = 20


class Expiry(NamedTuple):
    """Until when what a role signed can be installed."""

    role: str
    expires: datetime


def warned_from(one: Expiry) -> datetime:
    """Give the moment from which an expiry is worth a word."""
    return one.expires - (ONLINE_WARNING if one.role in _ONLINE else OFFLINE_WARNING)


def last_moment(expiries: Iterable[Expiry]) -> datetime | None:
    """Give the moment after which nothing new of a repository is installed; None if unknown."""
    return min((one.expires for one in expiries if one.role in _WHOLE), default=None)


def expiry_problems(expiries: Iterable[Expiry], now: datetime) -> list[PackhorseError]:
    """Give a sentence for what has ended or soon ends, what concerns everything first.

    Args:
        expiries: of every role on the node.
        now: trusted time.
    """
    near = sorted((one for one in expiries if warned_from(one) <= now), key=lambda one: one.expires)
    whole = next((one for one in near if one.role in _WHOLE), None)
    problems = [_of_all(whole, now)] if whole else []
    if whole is None or whole.expires > now:
        # Otherwise nothing is installed anyway, whoever else has signed.
        publishers = [one for one in near if one.role not in _WHOLE]
        problems += [_of_publisher(one, now) for one in publishers[:_MOST]]
    return problems


def _of_all(one: Expiry, now: datetime) -> PackhorseError:
    day = f"{one.expires:%Y-%m-%d}"
    if one.expires <= now:
        return RefusedError(
            "The hub's signatures ended on {day}: nothing new is installed.",
            hint="What is here is served on. Let this node reach the hub, or import a newer stick;"
            " if that does not help, tell the hub's admin.",
            day=day,
        )
    return UsageError(
        "The hub's signatures end on {day}: after that nothing new is installed.",
        hint="Let this node reach the hub, or import a newer stick, before then. What is here is"
        " served on in any case.",
        day=day,
    )


def _of_publisher(one: Expiry, now: datetime) -> PackhorseError:
    day = f"{one.expires:%Y-%m-%d}"
    if one.expires <= now:
        return RefusedError(
            "The signature of {publisher} ended on {day}: nothing new of it is installed.",
            hint="What is here of it is served on, and others are not affected. Its publisher"
            " must publish again; tell the hub's admin.",
            publisher=one.role,
            day=day,
        )
    return UsageError(
        "The signature of {publisher} ends on {day}: after that nothing new of it is installed.",
        hint="Its publisher must publish again before then; tell the hub's admin. What is here is"
        " served on in any case.",
        publisher=one.role,
        day=day,
    )
