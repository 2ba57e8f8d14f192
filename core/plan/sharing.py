"""Small items that follow one another in a bundle, and in the plan, come with one request."""

from collections.abc import Iterable, Iterator

import msgspec

from core.line.requests import largest_request
from core.line.wire import wire_bytes
from core.plan.pieces import Piece
from core.plan.situation import Situation


def sharing(pieces: Iterable[Piece], situation: Situation) -> Iterator[Piece]:
    """Give the pieces with what they cost where they share requests: the first one pays for it.

    Only items without renditions do: those of others lie apart from their neighbours' in a
    bundle, and are so large that a request for each is nothing beside them.

    Args:
        pieces: in order, as if each had a request of its own.
        situation: what follows what in a bundle, and what requests cost.
    """
    wire = situation.wire
    most = min(wire.largest, largest_request(situation.estimate, situation.cap))
    follows = _followed(situation)
    before: Piece | None = None
    asked = 0
    for one in pieces:
        together = asked + one.content
        if before is None or together > most or not _goes_on(before, one, follows):
            asked = one.content
            yield one
        else:
            cost = wire_bytes(together, wire, requests=1) - wire_bytes(asked, wire, requests=1)
            asked = together
            # None is free: it would not come by line.
            yield msgspec.structs.replace(one, line=max(1, cost))
        before = one


def _followed(situation: Situation) -> dict[tuple[str, str], str]:
    """Give of each item that follows another one in its pack which one that is."""
    return {
        (pack.pack, one.item): before.item
        for pack in situation.outstanding.packs
        for before, one in zip(pack.items, pack.items[1:], strict=False)
    }


def _goes_on(before: Piece, one: Piece, follows: dict[tuple[str, str], str]) -> bool:
    """Say whether a piece lies behind another one in a bundle, and comes with it."""
    return (
        bool(one.line and before.line and one.item)
        and not (one.rendition or before.rendition)
        and (one.hold, one.version) == (before.hold, before.version)
        and before.place == (one.pack, follows.get(one.place))
    )
