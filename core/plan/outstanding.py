"""What is wanted and not here: found by the worker, which knows the bundles; read by the planner.

The worker writes it to the disk after each poll and as things arrive, so that the agent and
commands can plan without the network.
"""

from typing import Annotated, Final

import msgspec

from core.codec import decode_msgpack
from core.manifest import check_format

FORMAT: Final = 1
MAX_OUTSTANDING_BYTES: Final = 16 * 1024 * 1024
MOST_OUTSTANDING: Final = 2000
"""Packs of which anything is told."""
_Count = Annotated[int, msgspec.Meta(ge=0, le=1 << 50)]
_Name = Annotated[str, msgspec.Meta(max_length=100)]
_Pack = Annotated[str, msgspec.Meta(max_length=200)]


class Step(msgspec.Struct, frozen=True, array_like=True):
    """What makes an item better by one step; the first one makes it teachable.

    Attributes:
        rendition: its name; empty for what has none.
        line: bytes of index and blocks that still travel for it when it comes by line; 0 with
            ``size`` 0 when it is here.
        size: bytes of its files that are not here.
        sound_alone: whether only sound, with pictures that stand still, is here with it.
    """

    rendition: _Name
    line: _Count
    size: _Count
    sound_alone: bool = False

    @property
    def is_here(self) -> bool:
        """Whether nothing of it is to be fetched."""
        return not self.size


class OutstandingItem(msgspec.Struct, frozen=True, array_like=True):
    """An item of which something is to be fetched.

    Attributes:
        steps: those that are wanted, lowest first, those that are here included.
        is_served: whether it can be opened now, in whatever version and rendition.
        spare: a lower step than those that are wanted; None when there is none.
    """

    item: _Name
    steps: Annotated[list[Step], msgspec.Meta(min_length=1, max_length=20)]
    is_served: bool = False
    spare: Step | None = None


class OutstandingPack(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A pack version that is not whole.

    Attributes:
        pack: its id.
        version: the version that is wanted.
        base: version of the bundle that costs least here; 0 for a full one.
        priority: of the assignment, 1 to 9; 1 comes first; 10 when only wishes want it.
        is_listed: whether manifest and index are here, so that ``items`` is known.
        head: bytes of index and manifest that still travel.
        line: where not listed, bytes of the cheapest bundle without its head.
        size: where not listed, bytes of the version's files, those that are here included.
        items: in teaching order, those of which something is to be fetched.
        rest: what no item names: bytes that travel, as ``line``.
        rest_size: bytes of those files.
    """

    pack: _Pack
    version: Annotated[int, msgspec.Meta(ge=1)]
    base: Annotated[int, msgspec.Meta(ge=0)] = 0
    priority: Annotated[int, msgspec.Meta(ge=0, le=10)] = 5
    is_listed: bool = False
    head: _Count = 0
    line: _Count = 0
    size: _Count = 0
    items: Annotated[list[OutstandingItem], msgspec.Meta(max_length=10_000)] = []
    rest: _Count = 0
    rest_size: _Count = 0


class Removable(msgspec.Struct, frozen=True, array_like=True):
    """A pack that nobody assigns here any more: it makes room when room is needed.

    Attributes:
        size: bytes that only it needs, without what is pinned.
        used: when it was last opened, seconds since 1970; 0 for never.
    """

    pack: _Pack
    size: _Count
    used: float = 0.0


class Outstanding(msgspec.Struct, frozen=True, kw_only=True):
    """All that is outstanding.

    Attributes:
        packs: those that are not whole.
        removable: those that may be removed, last used first to go.
    """

    format: int = FORMAT
    packs: Annotated[list[OutstandingPack], msgspec.Meta(max_length=MOST_OUTSTANDING)] = []
    removable: Annotated[list[Removable], msgspec.Meta(max_length=2000)] = []


def encode_outstanding(outstanding: Outstanding) -> bytes:
    """Encode for the disk."""
    return msgspec.msgpack.encode(outstanding)


def decode_outstanding(data: bytes) -> Outstanding:
    """Decode what ``encode_outstanding`` gave.

    Raises:
        RefusedError: it is damaged, or a newer Packhorse wrote it.
    """
    what = "The list of what is outstanding"
    found = decode_msgpack(data, Outstanding, what=what, limit=MAX_OUTSTANDING_BYTES)
    check_format(found.format, FORMAT, "list of what is outstanding")
    return found
