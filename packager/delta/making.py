"""Making the blocks of a bundle with references: what is new, from what is old.

Blocks are encoded by all processors, as far as memory goes; they come in order.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from core.bundle.compact import Range
from packager.delta.encode import Encoded, encode_with, memory_for
from packager.delta.planning import MadeBlock, New, Planned, Planner, Unheard, Work
from packager.delta.processes import count_of
from packager.delta.room import Room
from packager.delta.sources import Absent, Forgetful, Memory, Source
from packager.delta.workers import Workers

if TYPE_CHECKING:
    from concurrent.futures import Future

LEVEL: Final = 22
# Below, starting processes takes longer than they save.
_WORTH_PROCESSES: Final = 8 * 1024 * 1024


def make_blocks(
    groups: Sequence[Sequence[New]],
    old: Sequence[Source | Absent],
    level: int = LEVEL,
    work: Work | None = None,
    memory: Memory | None = None,
) -> Iterator[tuple[int, MadeBlock]]:
    """Make the blocks of what is new.

    Args:
        groups: what is to be made, in order; blocks hold parts of one group.
        old: what can be referred to, in the order of the space.
        level: zstd's.
        work: is told what was done, from several threads.
        memory: remembers what is old, and sees that it is whole; without one it is taken as it is.

    Yields:
        The number of the group, and a block.
    """
    size = sum(new.source.size for group in groups for new in group if not new.is_stored)
    if not any(groups):
        return iter(())
    heard = work or Unheard()
    planned = Planner(old, heard, memory or Forgetful()).work(groups)
    if size < _WORTH_PROCESSES:
        return _here(planned, level, heard)
    return _in_processes(planned, level, heard)


def _here(planned: Iterator[Planned], level: int, work: Work) -> Iterator[tuple[int, MadeBlock]]:
    for number, one in planned:
        if isinstance(one, MadeBlock):
            work.stored(one.size)
            yield number, one
        else:
            told = _Told(len(one.content.data), work)
            found = encode_with(one.references, one.content, level, told)
            told(1)
            yield number, _made(found, one.ranges, len(one.content.data))


class _Coming(NamedTuple):
    """A block that is being encoded; its content is kept no longer than that takes."""

    ranges: tuple[Range, ...]
    size: int
    future: "Future[Encoded]"
    told: "_Told"

    def arrived(self) -> MadeBlock:
        found = self.future.result()
        self.told(1)
        return _made(found, self.ranges, self.size)


def _in_processes(
    planned: Iterator[Planned], level: int, work: Work
) -> Iterator[tuple[int, MadeBlock]]:
    """Encode blocks by all processors; no more wait than there are processes."""
    waiting: deque[tuple[int, MadeBlock | _Coming]] = deque()
    most, room = count_of(), Room()

    def next_one() -> tuple[int, MadeBlock]:
        number, one = waiting.popleft()
        if isinstance(one, MadeBlock):
            work.stored(one.size)
            return number, one
        return number, one.arrived()

    with Workers(most) as pool:
        for number, one in planned:
            if isinstance(one, MadeBlock):
                waiting.append((number, one))
            else:
                memory = memory_for(one.references, one.content)
                room.wait_for(memory)
                told = _Told(len(one.content.data), work)
                coming = pool.submit(told, encode_with, one.references, one.content, level)
                room.take(coming, memory)
                size = len(one.content.data)
                waiting.append((number, _Coming(one.ranges, size, coming, told)))
            while len(waiting) > most:
                yield next_one()
        while waiting:
            yield next_one()


class _Told:
    """Is told which share of a block is encoded, and tells of its bytes."""

    def __init__(self, size: int, work: Work) -> None:
        self._size = size
        self._work = work
        self._done = 0

    def __call__(self, share: float) -> None:
        done = int(self._size * min(1.0, share))
        self._work.encoded(max(0, done - self._done))
        self._done = max(done, self._done)


def _made(found: Encoded, ranges: tuple[Range, ...], size: int) -> MadeBlock:
    return MadeBlock(found.codec, found.payload, size, ranges if found.has_references else ())
