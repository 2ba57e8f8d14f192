"""Compressing blocks, by all processors where there is much of them."""

from collections.abc import Callable
from functools import partial
from typing import Final

from core.bundle.encode import compressing_memory, encode_block
from packager.delta.processes import count_of
from packager.delta.room import Room
from packager.delta.workers import Workers

Made = tuple[int, bytes]
"""A block's codec and payload."""

# Below, starting processes takes longer than what they save.
_WORTH_PROCESSES: Final = 8 * 1024 * 1024


class Compressing(Workers):
    """Compresses blocks that refer to nothing; to be used in a ``with`` block.

    Args:
        level: zstd's.
        size: bytes that will be compressed in all.

    Attributes:
        most: how many blocks are worth being begun beyond the one that is waited for.
    """

    def __init__(self, level: int, size: int) -> None:
        """Start nothing yet."""
        self.most = count_of() if size >= _WORTH_PROCESSES else 0
        super().__init__(max(1, self.most))
        self._level = level
        self._room = Room()

    def begin(self, data: bytes) -> Callable[[], Made]:
        """Begin with a block; give who waits for what it makes.

        Waits itself until there is room in memory.
        """
        if not self.most:
            return partial(encode_block, data, b"", self._level)
        memory = compressing_memory(len(data)) + len(data)
        self._room.wait_for(memory)
        coming = self.submit(_unheard, _compressed, data, self._level)
        self._room.take(coming, memory)
        return coming.result


def _unheard(_: float) -> None:
    """Hear nothing of a block that is being compressed: it is soon done."""


def _compressed(data: bytes, level: int, told: Callable[[float], None]) -> Made:
    del told
    return encode_block(data, b"", level)
