"""The pieces that a plan is made of: one step of one item, or what is of a pack as a whole.

Where each comes from is decided here: from whatever costs nothing, if anything has it; and not
by line as long as another node of the school is fetching it and will be done in time.
"""

from collections.abc import Iterator
from typing import Final

import msgspec

from core.line.wire import wire_bytes
from core.plan.model import ActionKind, Hold, Why
from core.plan.outstanding import OutstandingItem, OutstandingPack, Step
from core.plan.situation import Holding, Offer, Situation, SourceKind

SMALL_UPDATE: Final = 256 * 1024
"""Bytes of all of a version up to which it comes as soon as it makes no lesson late."""
_CHEAPEST: Final[dict[SourceKind, int]] = {"stick": 0, "peer": 1, "parent": 2, "hub": 3}
Key = tuple[str, int, str, str]
"""Pack, version, item and rendition."""
# What a manifest comes to on the disk, beside what travelled for it.
_UNPACKED: Final = 4
# What another node's forecast may be wrong by before ours would be too late.
_MARGIN_SECONDS: Final = 1800.0


class Piece(msgspec.Struct, frozen=True):
    """One thing to do, before it is known when.

    Attributes:
        line: bytes on the wire; 0 where it does not come by line.
        content: bytes of it without what asking for it costs.
        size: bytes on the disk.
        deadline: seconds since 1970; None for none.
        coming: when another node will have it, if that is waited for.
        rate: bytes a second of a source that is not the line.
    """

    kind: ActionKind
    why: Why
    pack: str = ""
    version: int = 0
    item: str = ""
    rendition: str = ""
    line: int = 0
    size: int = 0
    source: SourceKind = "hub"
    name: str = ""
    deadline: float | None = None
    coming: float | None = None
    rate: float = 0.0
    hold: Hold = ""
    content: int = 0

    @property
    def key(self) -> Key:
        """What it brings."""
        return self.pack, self.version, self.item, self.rendition

    @property
    def place(self) -> tuple[str, str]:
        """Which item it is of."""
        return self.pack, self.item


class Maker:
    """Makes pieces of what is outstanding.

    Args:
        situation: where things come from, and what requests cost.
    """

    def __init__(self, situation: Situation) -> None:
        self._situation = situation
        self._offers = sorted(situation.offers, key=lambda one: (_CHEAPEST[one.kind], one.name))

    def upload(self) -> Iterator[Piece]:
        """Give the upload of statements, if any wait."""
        backlog = self._situation.backlog
        if backlog:
            yield Piece("upload", "statements", line=wire_bytes(backlog, self._situation.wire))

    def listing(self, pack: OutstandingPack) -> Piece:
        """Give what tells which items a pack has."""
        # What is known of it are two small files.
        line = wire_bytes(pack.head, self._situation.wire, requests=2)
        size = _UNPACKED * pack.head
        made = Piece("list", "list", pack.pack, pack.version, line=line, size=size)
        return self._from_cheapest(made)

    def whole(self, pack: OutstandingPack, why: Why) -> Piece:
        """Give all of a pack that is not listed yet, as one piece."""
        return self._fetch(pack, "", Step("", pack.line, pack.size), why)

    def step(
        self,
        pack: OutstandingPack,
        item: OutstandingItem,
        step: Step,
        why: Why,
        deadline: float | None = None,
    ) -> Piece:
        """Give one step of an item."""
        return self._fetch(pack, item.item, step, why, deadline)

    def rest(self, pack: OutstandingPack, why: Why) -> Iterator[Piece]:
        """Give what no item names, if there is any."""
        if pack.rest_size:
            yield self._fetch(pack, "", Step("", pack.rest, pack.rest_size), why)

    def _fetch(
        self,
        pack: OutstandingPack,
        item: str,
        step: Step,
        why: Why,
        deadline: float | None = None,
    ) -> Piece:
        line = wire_bytes(step.line, self._situation.wire)
        made = Piece(
            "fetch",
            why,
            pack.pack,
            pack.version,
            item,
            step.rendition,
            line,
            step.size,
            deadline=deadline,
            content=step.line,
        )
        return self._from_cheapest(made)

    def _from_cheapest(self, piece: Piece) -> Piece:
        coming: Piece | None = None
        for offer in self._offers:
            holding = offer.packs.get(piece.pack)
            if holding is None or holding.version != piece.version:
                continue
            if _has(holding, piece):
                return _from(piece, offer)
            # What is known of a pack is little, and tells how urgent the rest is.
            if holding.coming is not None and coming is None and piece.kind != "list":
                coming = self._waiting(piece, offer, holding.coming)
        return coming or piece

    def _waiting(self, piece: Piece, offer: Offer, coming: float) -> Piece | None:
        """Give the piece as it comes when another node has it; None where that is too late."""
        now = self._situation.now
        done = max(coming, now) + piece.size / offer.rate
        deadline = piece.deadline
        if deadline is None and piece.why == "wish":
            # As soon as possible: not when all of a large pack is there.
            deadline = now + 2 * _MARGIN_SECONDS
        if deadline is not None and done + _MARGIN_SECONDS > deadline:
            return None
        return msgspec.structs.replace(_from(piece, offer), coming=done, hold="peer")


def _has(holding: Holding, piece: Piece) -> bool:
    if holding.items is None:
        return holding.coming is None
    # The manifest, which ``list`` is about, is there as soon as any item is.
    if not piece.item:
        return piece.kind == "list" and bool(holding.items)
    return piece.item in holding.items


def _from(piece: Piece, offer: Offer) -> Piece:
    return msgspec.structs.replace(
        piece, line=0, source=offer.kind, name=offer.name, rate=offer.rate
    )
