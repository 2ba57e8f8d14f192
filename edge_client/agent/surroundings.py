"""Looks now and then at what is outside the node's files: its addresses, its link, and sticks."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final

from edge_client.addresses import portal_addresses, portal_names
from edge_client.agent.board import Board, Surroundings
from edge_client.config import Address
from edge_client.link import is_linked
from edge_client.stick_places import plugged_in

# A person who has plugged in a stick looks at the screen for it.
LOOK_SECONDS: Final = 2.0


def look(listen: Address, places: Sequence[str], hub: str = "") -> Surroundings:
    """Look once.

    Args:
        listen: address on which the portal listens.
        places: directories below which sticks are mounted.
        hub: the hub's address; empty where there is no hub.
    """
    addresses: list[str] = []
    linked = True
    # A system that does not tell its addresses is no reason to stop.
    with suppress(OSError):
        addresses = [*portal_addresses(listen), *portal_names(listen)]
        linked = is_linked(hub)
    return Surroundings(addresses, len(plugged_in(places)), linked)


async def keep_looking(
    board: Board, listen: Address, places: Sequence[str], linked_again: Callable[[], None]
) -> None:
    """Tell the board of every change, until cancelled.

    Args:
        board: is told.
        listen: address on which the portal listens.
        places: directories below which sticks are mounted.
        linked_again: told when there may be a way to the hub again.
    """
    before = True
    while True:
        hub = board.enrolment.url if board.enrolment else ""
        # In a thread: a mount point of a dead stick may answer late.
        around = await asyncio.to_thread(look, listen, places, hub)
        board.look_around(around)
        if around.is_linked and not before:
            linked_again()
        before = around.is_linked
        await asyncio.sleep(LOOK_SECONDS)
