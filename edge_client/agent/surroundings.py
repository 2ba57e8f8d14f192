"""Looks now and then at what is outside the node's files: its addresses, and sticks."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from edge_client.addresses import portal_addresses, portal_names
from edge_client.agent.board import Board, Surroundings
from edge_client.config import Address
from edge_client.stick_places import plugged_in

# A person who has plugged in a stick looks at the screen for it.
LOOK_SECONDS: Final = 2.0


def look(listen: Address, places: Sequence[str]) -> Surroundings:
    """Look once.

    Args:
        listen: address on which the portal listens.
        places: directories below which sticks are mounted.
    """
    addresses: list[str] = []
    # A system that does not tell its addresses is no reason to stop.
    with suppress(OSError):
        addresses = [*portal_addresses(listen), *portal_names(listen)]
    return Surroundings(addresses, len(plugged_in(places)))


async def keep_looking(board: Board, listen: Address, places: Sequence[str]) -> None:
    """Tell the board of every change, until cancelled."""
    while True:
        # In a thread: a mount point of a dead stick may answer late.
        board.look_around(await asyncio.to_thread(look, listen, places))
        await asyncio.sleep(LOOK_SECONDS)
