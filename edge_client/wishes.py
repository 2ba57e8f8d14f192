"""Teachers' wishes as screens show them, and which are new to the agent."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from cache.agent_reader import AgentReader
from cache.catalogue_reader import CatalogueReader
from cache.journal_wishes import Wish, wishes
from cache.state import StateDirectory
from core.control import WishState, WishStatus
from core.wish_list import FACT, decode_unpublished

_FORM: Final = "%Y-%m-%dT%H:%M"

Mark = tuple[str, str, float]
"""A wish's pack and item, and when it was wished: wished again it is another wish."""


@dataclass(frozen=True, slots=True)
class Wished:
    """One look at the wishes.

    Attributes:
        told: as screens show them, soonest first.
        open: those whose item is not here, or only its sound.
    """

    told: list[WishStatus] = field(default_factory=list)
    open: frozenset[Mark] = frozenset()


def read_wishes(
    state: StateDirectory,
    catalogue: CatalogueReader,
    agent: AgentReader,
    here: Callable[[datetime], datetime],
) -> Wished:
    """Look at the wishes.

    Args:
        state: the node's state directory.
        catalogue: says what is here.
        agent: remembers what the last pull could not find.
        here: puts a moment into the school's time zone.

    Raises:
        DamagedError: the journal is damaged; the portal salvages it.
        UnavailableError: the catalogue is damaged.
    """
    found = sorted(wishes(state.journal), key=lambda one: (one.wanted_by or 0, one.at))
    if not found:
        return Wished()
    unpublished = decode_unpublished(agent.fact(FACT))
    told: list[WishStatus] = []
    left: set[Mark] = set()
    for one in found:
        item = catalogue.item(one.pack, one.item)
        is_here = item is not None and item.is_enough
        if not is_here:
            left.add((one.pack, one.item, one.at))
        state_of: WishState = "here" if is_here else "waiting"
        if not is_here and (one.pack, one.item) in unpublished:
            state_of = "unpublished"
        told.append(
            WishStatus(
                pack=one.pack,
                item=one.item,
                title=dict(item.title) if item else {},
                state=state_of,
                wanted_by=_local(one, here),
            )
        )
    return Wished(told, frozenset(left))


def _local(wish: Wish, here: Callable[[datetime], datetime]) -> str:
    if wish.wanted_by is None:
        return ""
    try:
        return here(datetime.fromtimestamp(wish.wanted_by * 60, UTC)).strftime(_FORM)
    except (OverflowError, ValueError, OSError):
        # At the end of time, where a zone may have no such moment.
        return ""
