"""Teachers' wishes in a pull: what is wished and not here, soonest first.

A wish is obeyed whatever the assignment says, as far as the item is published and not withdrawn:
its sound, then its lowest rendition with pictures, as early as the plan makes no lesson late by
it. It is done when its item is here, with pictures if any are wanted.
"""

from collections.abc import Collection
from contextlib import closing
from itertools import groupby

from cache.agent_db import AgentDatabase
from cache.catalogue_reader import CatalogueItem, CatalogueReader
from cache.databases import DamagedError
from cache.journal_wishes import Wish, wishes
from cache.state import StateDirectory
from core.wish_list import FACT, encode_unpublished


class Wishes:
    """The wishes at the beginning of a pull.

    Args:
        state: the node's state directory.
    """

    def __init__(self, state: StateDirectory) -> None:
        self._state = state
        try:
            found = wishes(state.journal)
        except DamagedError:
            # The portal salvages it when it starts; nothing is lost until then.
            found = []
        # Without a day it is wanted as soon as possible.
        self._wishes = sorted(found, key=lambda one: (one.wanted_by or 0, one.at))

    @property
    def named(self) -> set[str]:
        """The packs of which anything is wished."""
        return {one.pack for one in self._wishes}

    def packs(self) -> set[str]:
        """Name the packs of which something is wished that is not here, or not known."""
        with closing(CatalogueReader(self._state.catalogue)) as reader:
            return {
                one.pack
                for one in self._wishes
                if (item := reader.item(one.pack, one.item)) is None or _is_open(item)
            }

    def items(self, pack: str) -> set[str]:
        """Name the wished items of a pack, whether they are here or not."""
        return {one.item for one in self._wishes if one.pack == pack}

    def open(self, pack: str) -> set[str]:
        """Name the wished items of a pack that are not here, or not known."""
        with closing(CatalogueReader(self._state.catalogue)) as reader:
            found = {name: reader.item(pack, name) for name in self.items(pack)}
        return {name for name, item in found.items() if item is None or _is_open(item)}

    def in_order(self, packs: Collection[str]) -> list[tuple[str, list[str]]]:
        """Give what of these packs is not here: a pack and items of it, soonest first."""
        with closing(CatalogueReader(self._state.catalogue)) as reader:
            left = [
                one
                for one in self._wishes
                if one.pack in packs
                and (item := reader.item(one.pack, one.item)) is not None
                and _is_open(item)
            ]
        return [
            (pack, [one.item for one in some])
            for pack, some in groupby(left, key=lambda one: one.pack)
        ]

    def remember_unpublished(self, agent: AgentDatabase, published: Collection[str]) -> None:
        """Remember which wishes cannot be fulfilled, for whoever shows them.

        Args:
            agent: where it is remembered.
            published: the packs that can be had.

        Raises:
            ExhaustedError: the disk is full, broken or read-only.
        """
        with closing(CatalogueReader(self._state.catalogue)) as reader:
            unpublished = {
                (one.pack, one.item)
                for one in self._wishes
                if one.pack not in published or not _is_published(reader, one)
            }
        text = encode_unpublished(unpublished)
        if (agent.reader.fact(FACT) or encode_unpublished([])) != text:
            agent.remember(FACT, text)


def _is_open(item: CatalogueItem) -> bool:
    return item.withdrawal is None and not item.is_enough


def _is_published(reader: CatalogueReader, wish: Wish) -> bool:
    """Say whether an item is there to be had; of a pack that could not be read nobody knows."""
    item = reader.item(wish.pack, wish.item)
    if item is None:
        return reader.pack(wish.pack) is None
    return item.is_served or item.withdrawal is None
