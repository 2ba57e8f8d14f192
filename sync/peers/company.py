"""Whom a node may turn to beside its hub. Light."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Event
from typing import Final, NamedTuple


class Found(NamedTuple):
    """A node that answered on the network.

    Attributes:
        address: host and port.
        name: what it calls itself.
    """

    address: str
    name: str


Search = Callable[[float, Event], Sequence[Found]]
"""Finds nodes on the network within some seconds, or sooner when it is told to stop."""


def nobody(seconds: float, stop: Event) -> Sequence[Found]:  # noqa: ARG001 - takes no time
    """Find nobody."""
    return []


@dataclass(frozen=True)
class Company:
    """Whom a node may turn to.

    Attributes:
        addresses: other nodes that a person has named, host and port.
        parent: a node from which metadata are taken, too; empty for none.
        search: finds nodes on the network.
    """

    addresses: tuple[str, ...] = ()
    parent: str = ""
    search: Search = nobody

    @property
    def is_none(self) -> bool:
        """Whether there is nobody."""
        return not (self.addresses or self.parent or self.search is not nobody)


NOBODY: Final = Company()
