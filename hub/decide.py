"""The sequencer's decisions: pure, over values."""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from tuf.api.metadata import TOP_LEVEL_ROLE_NAMES, Targets

from core.errors import UsageError
from core.trust.roles import Publisher
from core.trusted_time import BUILD_DATE, PLAUSIBLE_AHEAD, parse_moment

_NAME = re.compile(r"([a-z0-9-]{1,64}(?:\.[a-z0-9-]{1,64})?)\.([1-9]\d{0,8})\.json\Z")


class Incoming(NamedTuple):
    """A role file that waits for the sequencer."""

    version: int
    role: str
    name: str


def waiting(names: Iterable[str]) -> list[Incoming]:
    """Pick the role files from the names in ``incoming/``, in the order to take them.

    A role's versions come in order; anything else there (half-uploaded files, answers) is left.
    """
    matches = ((name, _NAME.match(name)) for name in names)
    return sorted(Incoming(int(m[2]), m[1], name) for name, m in matches if m)


def answer_name(name: str) -> str:
    """Give the name of the answer to a refused role file."""
    return name.removesuffix(".json") + ".rejected"


def walk(targets: Targets, roles: Mapping[str, Targets]) -> Iterator[tuple[str, Targets]]:
    """Give every delegated role's name with the role that delegates to it, parents first."""
    queue, seen = [targets], set(TOP_LEVEL_ROLE_NAMES)
    while queue:
        delegator = queue.pop(0)
        delegated = delegator.delegations.roles if delegator.delegations else None
        for name in delegated or {}:
            if name in seen:
                continue
            seen.add(name)
            yield name, delegator
            if name in roles:
                queue.append(roles[name])


def delegator_of(role: str, targets: Targets, roles: Mapping[str, Targets]) -> Targets | None:
    """Find the role that delegates to ``role``; None when nobody does."""
    return next((one for name, one in walk(targets, roles) if name == role), None)


def renewal_due(expires: datetime, period: timedelta, now: datetime) -> bool:
    """Whether a third of an online role's life has passed."""
    return now >= expires - period * 2 / 3


def signing_time(wall: datetime, last_issued: datetime | None) -> datetime:
    """Give the moment to sign with: the clock, never before what has certainly passed.

    Raises:
        UsageError: the clock is years ahead of the last signature; signing then would lock out
            every node once the clock is right again.
    """
    floor = max(parse_moment(BUILD_DATE), last_issued or parse_moment(BUILD_DATE))
    if wall > floor + PLAUSIBLE_AHEAD:
        raise UsageError(
            "This machine's clock says {wall}, years after the last signature.",
            hint="Set the clock, then try again.",
            wall=f"{wall:%Y-%m-%d %H:%M}",
        )
    return max(wall, floor)


def parents(publishers: Iterable[Publisher]) -> dict[Publisher, Publisher | None]:
    """Find who delegates to each publisher: the narrowest other one that covers it, or targets.

    Raises:
        UsageError: two publishers need the same role, or one that TUF itself has.
    """
    ones = list(publishers)
    names = [one.role for one in ones]
    for name in names:
        if names.count(name) > 1 or name in TOP_LEVEL_ROLE_NAMES:
            raise UsageError(
                "Two publishers cannot share the name {name}.",
                hint="Give each place once; a province (gd) includes its own packs (gd/-).",
                name=name,
            )
    return {one: _parent(one, ones) for one in ones}


def _parent(publisher: Publisher, ones: list[Publisher]) -> Publisher | None:
    wider = [one for one in ones if one != publisher and covers(one.pattern, publisher.pattern)]
    return min(wider, key=lambda one: one.pattern.count("*"), default=None)


def covers(wide: str, narrow: str) -> bool:
    """Say whether a path pattern has all that another has, segment by segment."""
    pairs = zip(wide.split("/"), narrow.split("/"), strict=True)
    return all(one in {"*", other} for one, other in pairs)
