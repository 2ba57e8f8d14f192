"""What matters most in a node's status: the choice; screens and commands have the words."""

from dataclasses import dataclass
from typing import Literal

from core.control import Status, Transfer

Matter = Literal[
    "not enrolled",
    "fetching",
    "uploading",
    "problem",
    "no line, all here",
    "no line, some missing",
    "no line, nothing here",
    "some missing",
    "nothing published",
    "all here",
]
_FULL = 100


@dataclass(frozen=True, slots=True)
class Headline:
    """What matters most.

    Attributes:
        items: lessons of the newest versions of all packs that are to be here.
        here: how many of them are here.
    """

    matter: Matter
    items: int
    here: int


def headline(status: Status) -> Headline:
    """Choose what matters most: what is being done, then what is wrong, then what is here."""
    items = sum(pack.wanted for pack in status.packs)
    here = sum(pack.here for pack in status.packs)
    return Headline(_matter(status, items, here), items, here)


def percent(transfer: Transfer) -> int:
    """Give how much of a transfer is done, 0 to 100; 100 only when all of it is."""
    if transfer.total <= 0:
        return 0
    return min(_FULL, max(0, transfer.done) * _FULL // transfer.total)


def _matter(status: Status, items: int, here: int) -> Matter:
    if not status.node:
        return "not enrolled"
    return _doing(status) or _lacking(status, items, here)


def _doing(status: Status) -> Matter | None:
    if status.activity == "fetching" and status.transfer is not None:
        return "fetching"
    return "uploading" if status.activity == "uploading" and status.backlog else None


def _lacking(status: Status, items: int, here: int) -> Matter:
    if status.problems:
        return "problem"
    if status.line == "down":
        return _without_line(items, here)
    if not items:
        return "nothing published"
    return "all here" if here >= items else "some missing"


def _without_line(items: int, here: int) -> Matter:
    if not here:
        return "no line, nothing here"
    return "no line, all here" if here >= items else "no line, some missing"
