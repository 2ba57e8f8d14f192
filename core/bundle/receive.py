"""Receiving blocks, sans I/O: feed bytes of a run in, take pieces and finished blocks out."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from core.bundle.index import Index
from core.bundle.needs import Run
from core.errors import RefusedError


@dataclass(frozen=True)
class Piece:
    """Bytes of a block that have arrived, to be written at once.

    Attributes:
        block: the block's number.
        offset: where in the block they belong.
        data: the bytes, not verified yet.
    """

    block: int
    offset: int
    data: bytes | memoryview


@dataclass(frozen=True)
class Finished:
    """All bytes of a block have arrived and its digest is right."""

    block: int


class DamagedBlockError(RefusedError):
    """A block whose bytes are not those that the index names.

    The bytes are gone for good, the block is not: another try, or another source, may bring it.
    """


class RunReceiver:
    """Cuts the bytes of one run into blocks and verifies each at its end.

    Args:
        index: the bundle's index.
        run: what is being received.
        beginning: bytes of the run's first block that an earlier try left behind.
        unhashed: says of a block whether its bytes are not to be hashed here, since what they
            become is hashed whole as it is made.
    """

    def __init__(
        self,
        index: Index,
        run: Run,
        beginning: bytes = b"",
        unhashed: Callable[[int], bool] = lambda _: False,
    ) -> None:
        """Start before the first byte that is still missing."""
        self._index = index
        self._unhashed = unhashed
        self._skips = unhashed(run.first)
        self._run = run
        self._block = run.first
        self._offset = len(beginning)
        self._hash = hashlib.sha256(beginning)
        self.position = run.start + len(beginning)

    @property
    def complete(self) -> bool:
        """Whether every block of the run has arrived."""
        return self._block > self._run.last

    def feed(self, data: bytes) -> Iterator[Piece | Finished]:
        """Take the next bytes of the run, in order; events come out as they are consumed.

        Raises:
            DamagedBlockError: a block is complete and its digest is wrong. Blocks before it
                were reported; nothing after it was taken.
            RefusedError: more bytes than the run has.
        """
        view = memoryview(data)
        while view:
            if self.complete:
                raise RefusedError("The server sent more than was asked for.")
            block = self._index.blocks[self._block]
            piece = view[: block.length - self._offset]
            view = view[len(piece) :]
            if not self._skips:
                self._hash.update(piece)
            number, offset = self._block, self._offset
            self._offset += len(piece)
            self.position += len(piece)
            yield Piece(number, offset, piece)
            if self._offset == block.length:
                self._end(block.digest)
                yield Finished(number)

    def _end(self, digest: bytes) -> None:
        if not self._skips and self._hash.digest() != digest:
            raise DamagedBlockError(
                "Block {block} of the bundle arrived damaged.", block=self._block
            )
        self._block += 1
        self._offset = 0
        self._skips = not self.complete and self._unhashed(self._block)
        self._hash = hashlib.sha256()
