"""Packs that nobody assigns here any more: which may go when room is needed, and their going.

Never one of which anything is pinned, timetabled or wished; where nobody can say, none.
"""

from collections.abc import Collection
from typing import Final

from cache.agent_reader import AgentReader
from cache.databases import DamagedError
from cache.journal_pins import pinned
from cache.state import StateDirectory
from core.plan.outstanding import Removable
from sync.last_used import last_used
from sync.pull.room import Room
from sync.timetabled import Timetabled

_MOST: Final = 2000


def removable(room: Room, unwanted: Collection[str], wished: Collection[str]) -> list[Removable]:
    """Give the packs that may go, last used first.

    Args:
        room: the node's stores.
        unwanted: the packs that no assignment wants.
        wished: those of which anything is wished, whether it is here or not.

    Raises:
        ExhaustedError: the disk is broken.
    """
    state = room.context.state
    free = set(unwanted) - set(wished) - _timetabled(state) if unwanted else set()
    if not free:
        return []
    try:
        pins = pinned(state)
    except DamagedError:
        # Nobody knows what is played just now; the portal salvages the journal.
        return []
    sizes = room.catalogue.own_bytes(free, pins)
    used = last_used(AgentReader(state.agent))
    found = [Removable(pack, size, used.get(pack, 0)) for pack, size in sizes.items() if size]
    return sorted(found, key=lambda one: (one.used, one.pack))[:_MOST]


def remove(room: Room, pack: str) -> bool:
    """Remove a pack, first from the catalogue; say whether it went.

    Raises:
        ExhaustedError: the disk is full, broken or read-only.
    """
    try:
        pins = pinned(room.context.state)
    except DamagedError:
        return False
    gone = room.catalogue.remove_pack(pack, pins)
    room.remove(gone or ())
    return gone is not None


def _timetabled(state: StateDirectory) -> set[str]:
    """Name the packs of all lessons, past ones too: a class may repeat one."""
    placed = Timetabled(state).look()
    return {one.slot.pack for some in placed.values() for one in some}
