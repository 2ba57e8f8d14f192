"""Room on the disk: who makes it for whom, and what has none."""

from collections.abc import Iterable

import msgspec

from core.plan.outstanding import Removable
from core.plan.pieces import Piece
from core.plan.situation import Situation


def make_room(pieces: Iterable[Piece], situation: Situation) -> list[Piece]:
    """Put removals before the first piece that needs them; hold what finds no room.

    Args:
        pieces: in order.
        situation: what is free, and what may be removed.
    """
    room = situation.usable
    removable = _coldest_first(situation)
    spare = sum(one.size for one in removable)
    done: list[Piece] = []
    for piece in pieces:
        if piece.hold in {"metered", "peer"}:
            done.append(piece)
            continue
        # Nothing goes in vain.
        while room < piece.size <= room + spare:
            one = removable.pop(0)
            room, spare = room + one.size, spare - one.size
            # Not before its beneficiary could come.
            done.append(Piece("remove", "room", one.pack, size=one.size, hold=piece.hold))
        if piece.size > room:
            done.append(msgspec.structs.replace(piece, hold="disk"))
        else:
            room -= piece.size
            done.append(piece)
    return done


def _coldest_first(situation: Situation) -> list[Removable]:
    """Order the packs that may go: last used first; what is taught or wished is none of them."""
    needed = {one.pack for one in situation.lessons} | {one.pack for one in situation.wishes}
    found = [one for one in situation.outstanding.removable if one.pack not in needed and one.size]
    return sorted(found, key=lambda one: (one.used, one.pack))
