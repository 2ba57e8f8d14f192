"""Teachers' wishes in the portal, as the journal keeps them (``cache.journal_wishes``)."""

import asyncio
import sqlite3
import threading
from contextlib import suppress

from cache import journal_wishes
from cache.agent_reader import AgentReader
from cache.journal_wishes import Wish
from cache.state import StateDirectory
from core.errors import PackhorseError
from core.wish_list import FACT, decode_unpublished
from edge_client.portal.lately import Lately
from edge_client.portal.usage_log import UsageLog


class WishBook:
    """The wishes.

    Args:
        state: the node's state directory.
        usage: the hand on the journal.
    """

    def __init__(self, state: StateDirectory, usage: UsageLog) -> None:
        self._journal = state.journal
        self._usage = usage
        agent = AgentReader(state.agent)
        self._unpublished = Lately(
            lambda: decode_unpublished(agent.fact(FACT)), set[tuple[str, str]]()
        )
        self._wishes: dict[tuple[str, str], Wish] = {}
        # Read by several threads; what is read last stays.
        self._loading = threading.Lock()
        usage.when_open(self._load)

    def all(self) -> list[Wish]:
        """Give the wishes, oldest first."""
        return list(self._wishes.values())

    def of(self, pack: str, item: str) -> Wish | None:
        """Give the wish for an item, or None."""
        return self._wishes.get((pack, item))

    async def unpublished(self) -> set[tuple[str, str]]:
        """Give packs and items that the agent found nobody to publish."""
        return await self._unpublished.get()

    async def keep(self, wish: Wish) -> bool:
        """Keep a wish; say whether there was room for it.

        Raises:
            UnavailableError: it cannot be kept now.
        """
        kept = await self._usage.change(lambda file: journal_wishes.keep_wish(file, wish))
        await asyncio.to_thread(self._load)
        return kept

    async def drop(self, *gone: tuple[str, str]) -> None:
        """Remove wishes, if they are there.

        Raises:
            UnavailableError: that cannot be kept now.
        """

        def drop_all(file: sqlite3.Connection) -> None:
            for pack, item in gone:
                journal_wishes.drop_wish(file, pack, item)

        await self._usage.change(drop_all)
        await asyncio.to_thread(self._load)

    def _load(self) -> None:
        with suppress(PackhorseError), self._loading:
            self._wishes = {
                (one.pack, one.item): one for one in journal_wishes.wishes(self._journal)
            }
