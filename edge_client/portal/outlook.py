"""What a lesson that is not here waits for, as the agent's side last found it.

When it comes is another thing, which only a fresh plan can say: ``edge_client.portal.foresight``.
"""

from dataclasses import dataclass, field
from typing import Literal

from cache.agent_reader import AgentReader, Contact
from cache.catalogue_reader import CatalogueItem
from cache.state import StateDirectory
from core.standing import FACT, decode_standing
from edge_client.portal.lately import Lately
from edge_client.portal.wish_book import WishBook

Awaited = Literal["turn", "line", "stick", "wish", "news", "assignment", "publisher"]
"""What a lesson waits for.

``turn``: it is to come, and the line is up; ``line``: that is down; ``stick``: the node has never
had a line. Of a lesson that the node does not know: ``wish``: it looks for what a teacher wished;
``news``: no hub has told it anything lately; ``publisher``: nobody publishes it.
``assignment``: nobody has assigned it to this school.
"""


@dataclass(frozen=True, slots=True)
class _Found:
    contact: Contact = field(default_factory=Contact)
    unwanted: frozenset[str] = frozenset()


class Outlook:
    """What lessons wait for.

    Args:
        state: the node's state directory.
        wishes: what teachers wish for.
    """

    def __init__(self, state: StateDirectory, wishes: WishBook) -> None:
        self._agent = AgentReader(state.agent)
        self._wishes = wishes
        self._found = Lately(self._read, _Found())

    async def awaited(self, pack: str, item: str, known: CatalogueItem | None) -> Awaited:
        """Say what a lesson that is not here, nor withdrawn, waits for.

        Args:
            pack: its pack.
            item: its id.
            known: as the catalogue has it; None when it does not.
        """
        wished = self._wishes.of(pack, item) is not None
        if known is None and wished:
            lost = (pack, item) in await self._wishes.unpublished()
            return "publisher" if lost else "wish"
        found = await self._found.get()
        is_cut_off = found.contact.answered is None or bool(found.contact.problem)
        if known is None:
            return "news" if is_cut_off else "assignment"
        if pack in found.unwanted and not wished:
            return "assignment"
        if found.contact.problem:
            return "line"
        return "stick" if is_cut_off else "turn"

    def _read(self) -> _Found:
        unwanted = decode_standing(self._agent.fact(FACT)).unwanted
        return _Found(self._agent.contact(), frozenset(unwanted))
