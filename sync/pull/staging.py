"""Half-received bundles on the disk, so that a kill loses nothing that was verified.

    staging/outputs/<digest>       the beginning of a blob; stored blocks are received in it
    staging/<index digest>/head    the bundle's verified frame and index
    staging/<index digest>/<n>     the payload of block n, until the blobs it makes are adopted

After a kill nothing here is believed: stored blocks are hashed again where they lie, payloads
are hashed and applied again, and a blob is hashed whole before it is adopted.
"""

import os
from collections import deque
from collections.abc import Collection, Iterable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Final

from cache import durable
from cache.blobs import BlobStore, hashed_as
from cache.disk_errors import in_words
from core.bundle.index import Index
from core.bundle.needs import is_in_place, unmakeable, waiting_bytes
from core.digest import Digest, digest_from_bytes
from core.errors import RefusedError
from sync.applier import SourceLostError, decode
from sync.pull.adopting import Adopting
from sync.pull.beside import Beside
from sync.pull.disk import Disk
from sync.pull.running_hash import RunningHash, digest_of_range
from sync.pull.writer import Writer

OUTPUTS: Final = "outputs"
HEAD: Final = "head"


class Staging:
    """One bundle's half-received state.

    Args:
        root: the node's ``staging`` directory.
        name: the bundle's index digest.
        index: its index.
        blobs: where finished blobs go.
        batch: bytes of finished blobs that are adopted together; 0 to adopt each at once, as a
            slow line wants it.

    Attributes:
        made: verified bytes by output number, always the beginning of the output.
        waiting: blocks that are here, and of which some bytes come behind what is not yet made.
        used: blocks that were decoded since this was opened, whichever run fetched them.
    """

    def __init__(
        self, root: Path, name: Digest, index: Index, blobs: BlobStore, batch: int = 0
    ) -> None:
        self.made: dict[int, int] = {}
        self.waiting: set[int] = set()
        self.used: set[int] = set()
        self._index = index
        self._blobs = blobs
        self._directory = root / name
        self._outputs = root / OUTPUTS
        self._wanted: frozenset[int] = frozenset()
        self._disk = Disk()
        self._writer = Writer(self._disk if batch else None)
        # What blocks give is made beside what comes by line, so that the line never waits.
        self._making = Writer(self._disk if batch else None)
        self._beside = Beside(is_quick=bool(batch))
        self._batch = batch
        self._hash = RunningHash()
        self._known: dict[int, Digest] = {}
        self._adopting = Adopting(blobs, self._disk, batch)
        durable.make_directory(self._directory)
        durable.make_directory(self._outputs)
        self._held = {
            number for number, one in enumerate(index.outputs) if blobs.size(one.digest) == one.size
        }

    @property
    def arrived(self) -> deque[Digest]:
        """Blobs that were adopted since the caller last emptied this, from its left."""
        return self._adopting.arrived

    def held(self) -> set[Digest]:
        """Give the outputs that the node has whole."""
        return {self._index.outputs[number].digest for number in self._held}

    def want(self, outputs: Iterable[int]) -> None:
        """Say which outputs are to be made; the others' bytes are dropped.

        Of those that were not wanted before, what an earlier run left is verified, and payloads
        that are complete are applied.

        Raises:
            RefusedError: one of those does not give what the index says.
            ExhaustedError: the disk is full, broken or read-only.
        """
        wanted = frozenset(outputs)
        is_more = not wanted <= self._wanted
        self._wanted = wanted
        if is_more:
            self._recover()

    def _recover(self) -> None:
        for number in range(len(self._index.blocks)):
            if self._in_place(number):
                self._recover_stored(number)
            else:
                self._recover_payload(number)

    def room_needed(self, outputs: Iterable[int], blocks: Iterable[int]) -> int:
        """Give the bytes that making outputs will add to the disk, if ``blocks`` come.

        Stored blocks are received in the blob that they become, so they count once; what an
        earlier run made is on the disk already.
        """
        made = sum(
            self._index.outputs[number].size - self.made.get(number, 0)
            for number in outputs
            if self._lacks(number)
        )
        return made + waiting_bytes(self._index, blocks)

    def beginning(self, number: int) -> bytes:
        """Give the bytes of a block that are here already; they are not verified."""
        block = self._index.blocks[number]
        # What came just before the line was cut must not come again.
        self._writer.flush()
        path, start = self._place(number)
        try:
            with in_words(path), path.open("rb") as file:
                file.seek(start)
                data = file.read(block.length)
        except FileNotFoundError:
            return b""
        # A block that is here whole was verified or dropped before.
        return data if len(data) < block.length else b""

    def write(self, number: int, offset: int, data: bytes | memoryview) -> None:
        """Write bytes of a block that came.

        Raises:
            ExhaustedError: the disk is full, broken or read-only.
        """
        path, start = self._place(number)
        self._writer.write(path, start + offset, data)
        if self._in_place(number) and not self._is_whole(number):
            self._hash.feed(path, start + offset, data)

    def hashes_whole(self, number: int) -> bool:
        """Say whether a block need not be hashed as it comes, since its blob is.

        That is so for the parts of large media from a stick, of which every byte would be hashed
        twice else. Should the blob be damaged, all of it comes again rather than one block; what
        a run leaves half made is verified block by block by the next one.
        """
        return bool(self._batch) and self._in_place(number) and not self._is_whole(number)

    @property
    def is_busy(self) -> bool:
        """Whether blocks that came are still being used."""
        return self._beside.is_busy

    def finish(self, number: int) -> None:
        """Use a block that is here whole and verified, and what waited for it.

        That is done beside what goes on, unless it is soon done. So what is raised may be about
        a block that came before.

        Raises:
            RefusedError: it does not give what the index says.
            SourceLostError: a blob that it refers to is gone.
            ExhaustedError: the disk is full, broken or read-only.
        """
        self._writer.close()
        if not self._in_place(number):
            self._beside.start(partial(self._use, number))
            return
        self._note_digest(number)
        if self._beside.is_busy:
            self._beside.start(partial(self._use, number))
        else:
            self.wait()
            self._use(number)

    def wait(self) -> None:
        """Wait until all blocks that came are used; raises as ``finish``."""
        self._beside.wait()

    def _note_digest(self, number: int) -> None:
        """Remember the digest of a blob whose last byte has just come, if all came in order."""
        output, offset, length = self._index.blocks[number].outputs[0]
        if offset + length == self._index.outputs[output].size:
            found = self._hash.of(self._output(output), offset + length)
            if found is not None:
                self._known[output] = found

    def _use(self, number: int) -> None:
        self.waiting.add(number)
        while ready := [one for one in sorted(self.waiting) if self._is_ready(one)]:
            for one in ready:
                self._apply(one)

    def drop(self, number: int) -> None:
        """Throw away what is here of a damaged block.

        Raises:
            ExhaustedError: the disk is broken or read-only.
        """
        self._writer.close()
        path, start = self._place(number)
        if self._in_place(number):
            if path.exists():
                with in_words(path):
                    os.truncate(path, start)
        else:
            durable.remove(path)

    def place(self, digest: Digest) -> Path:
        """Say where a blob lies, finished or not."""
        self._adopting.await_blob(digest)
        path = self._blobs.path(digest)
        return path if path.is_file() else self._outputs / digest

    def rest(self) -> None:
        """Let everything that came be on the disk; it may go on later.

        Raises:
            RefusedError: a block does not give what the index says.
            ExhaustedError: the disk is full, broken or read-only.
        """
        self._writer.close()
        self.wait()
        self._adopting.rest()

    def close(self) -> None:
        """Leave everything as it is, for the next run.

        Raises:
            ExhaustedError: the disk is full, broken or read-only.
        """
        try:
            # A block that could not be used stays: the next run says so.
            with suppress(RefusedError):
                self._beside.close()
            self.rest()
        finally:
            self._disk.close()

    def abandon(self, lost: Collection[Digest]) -> None:
        """Throw away what is half made of blobs that proved damaged; the rest stays.

        Raises:
            ExhaustedError: the disk is broken or read-only.
        """
        self.close()
        spoilt = unmakeable(self._index, self.held(), lost)
        for number, one in enumerate(self._index.outputs):
            if number in self.made and one.digest in spoilt:
                del self.made[number]
                durable.remove(self._outputs / one.digest)

    def _in_place(self, number: int) -> bool:
        return is_in_place(self._index.blocks[number])

    def _place(self, number: int) -> tuple[Path, int]:
        if self._in_place(number):
            output, offset, _ = self._index.blocks[number].outputs[0]
            return self._output(output), offset
        return self._payload(number), 0

    def _output(self, output: int) -> Path:
        return self._outputs / self._index.outputs[output].digest

    def _payload(self, number: int) -> Path:
        return self._directory / str(number)

    def _is_ready(self, number: int) -> bool:
        """Say whether a block can be applied, as far as this bundle's own outputs go."""
        block = self._index.blocks[number]
        if not any(self._is_next(output, offset) for output, offset, _ in block.outputs):
            return not self._left(number)
        first = len(self._index.sources)
        return all(
            blob < first
            or blob - first in self._held
            or self.made.get(blob - first, 0) >= offset + length
            for blob, offset, length in block.references
        )

    def _is_next(self, output: int, offset: int) -> bool:
        return self._lacks(output) and self.made.get(output, 0) == offset

    def _lacks(self, output: int) -> bool:
        return output in self._wanted and output not in self._held

    def _left(self, number: int) -> bool:
        """Say whether bytes of a block are wanted that were not used yet."""
        return any(
            self._lacks(output) and self.made.get(output, 0) < offset + length
            for output, offset, length in self._index.blocks[number].outputs
        )

    def _apply(self, number: int) -> None:
        block = self._index.blocks[number]
        if self._in_place(number):
            output, offset, length = block.outputs[0]
            if self._is_next(output, offset):
                # Its digest is that of the whole blob.
                known = digest_from_bytes(block.digest) if self._is_whole(number) else None
                self._grow(output, offset + length, known)
        elif self._left(number):
            self.used.add(number)
            payload = self._payload(number).read_bytes()
            for (output, offset, _), data in decode(self._index, block, payload, self.place):
                if self._is_next(output, offset):
                    self._making.write(self._output(output), offset, data)
                    self._making.flush()
                    self._grow(output, offset + len(data))
            self._making.close()
        if not self._left(number):
            self.waiting.discard(number)
            self._forget_payloads(number)

    def _grow(self, output: int, length: int, known: Digest | None = None) -> None:
        """Note that an output has grown.

        Args:
            output: its number.
            length: its bytes that are made.
            known: its digest, when whoever verified a block found it.
        """
        self.made[output] = length
        one = self._index.outputs[output]
        if length < one.size:
            return
        self._making.close()
        path = self._output(output)
        with in_words(path):
            if path.stat().st_size != one.size:
                os.truncate(path, one.size)
        known = known or self._known.pop(output, None)
        try:
            proof = hashed_as(path, known) if known else None
            self._blobs.prepare(path, one.digest, proof=proof)
        except RefusedError:
            self.made[output] = 0
            durable.remove(path)
            raise
        self._held.add(output)
        self._adopting.add(path, one.digest, one.size)

    def _is_whole(self, number: int) -> bool:
        """Say whether a block is all of a blob."""
        block = self._index.blocks[number]
        return block.length == self._index.outputs[block.outputs[0][0]].size

    def _forget_payloads(self, number: int) -> None:
        """Remove payloads that only finished blobs were made of; the rest serves a restart."""
        if not {output for output, _, _ in self._index.blocks[number].outputs} & self._held:
            return
        for path in self._directory.iterdir():
            if path.name.isdecimal():
                outputs = self._index.blocks[int(path.name)].outputs
                if not any(self._lacks(output) for output, _, _ in outputs):
                    path.unlink()

    def _recover_stored(self, number: int) -> None:
        block = self._index.blocks[number]
        output, offset, length = block.outputs[0]
        path = self._output(output)
        if not self._is_next(output, offset) or not path.is_file():
            return
        if path.stat().st_size < offset + length:
            return
        if digest_of_range(path, offset, length) == block.digest:
            self._use(number)
        else:
            self.drop(number)

    def _recover_payload(self, number: int) -> None:
        path = self._payload(number)
        block = self._index.blocks[number]
        if not path.is_file() or path.stat().st_size < block.length:
            return
        if digest_of_range(path, 0, path.stat().st_size) != block.digest:
            durable.remove(path)
            return
        try:
            self._use(number)
        except SourceLostError:
            self.waiting.discard(number)
            durable.remove(path)
