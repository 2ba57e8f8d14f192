"""The slate, as the build made it: loops whose timestamps the portal lets go on.

So to a player it is one endless film; without that, each round would be a break in it.
"""

import json
from array import array
from functools import cache
from itertools import accumulate, pairwise
from typing import Any, Final

from core.lineup import SLATE, Source
from edge_client.portal.rendering import STATIC

_FOLDER: Final = STATIC / "slate"
_CLOCK_BYTES: Final = 8


class Slate:
    """One of the two loops.

    Args:
        name: of its file: ``pictures`` or ``sound``.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        index: dict[str, Any] = json.loads((_FOLDER / "index.json").read_bytes())[name]
        data = (_FOLDER / f"{name}.mp4").read_bytes()
        sizes = [one["size"] for one in index["segments"]]
        ends = list(accumulate(sizes, initial=index["head"]))
        self.head = data[: ends[0]]
        self._segments = [data[begin:end] for begin, end in pairwise(ends)]
        self._clocks = [one["clocks"] for one in index["segments"]]
        ticks = accumulate((one["ticks"] for one in index["segments"]), initial=0)
        self.source = Source(
            SLATE, len(self.head), array("Q", sizes), array("Q", ticks), loops=True
        )

    def segment(self, number: int) -> bytes:
        """Give a segment, counted from the beginning of a run; its time goes on."""
        rounds, index = divmod(number, len(self._segments))
        data = bytearray(self._segments[index])
        for place, step in self._clocks[index]:
            field = slice(place, place + _CLOCK_BYTES)
            begins = int.from_bytes(data[field], "big") + rounds * step
            data[field] = begins.to_bytes(_CLOCK_BYTES, "big")
        return bytes(data)


@cache
def slate(*, sound: bool) -> Slate:
    """Give the loop of feeds of sound alone, or of the others."""
    return Slate("sound" if sound else "pictures")
