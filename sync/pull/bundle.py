"""Fetching one bundle: its index, then the blocks that are needed, whatever the line does."""

from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cache import durable
from cache.blobs import BlobStore
from core.bundle.frame import verify_head
from core.bundle.index import Index
from core.bundle.needs import Run, runs
from core.bundle.receive import DamagedBlockError, Finished, RunReceiver
from core.errors import RefusedError
from core.release import BundleLink, Release, bundle_path
from sync.pull.heads import Heads
from sync.pull.room import Room
from sync.pull.staging import HEAD, Staging
from sync.pull.writer import Writer
from sync.source import Foreseeing

RUN_BYTES: Final = 16 * 1024 * 1024
MOST_DAMAGED: Final = 3
DAMAGED: Final = "{file} from {name} is damaged: {reason}"
# Blocks that are looked ahead at: more than are asked for at once.
_FORESEEN: Final = 8
_HEAD_PART: Final = "head.part"


@dataclass(frozen=True)
class Stretch:
    """How much is fetched before something else may come first.

    Attributes:
        is_enough: asked after each range whether the next one waits.
        most: bytes of one range; it may end within a block, where the next one goes on.
    """

    is_enough: Callable[[], bool] = lambda: False
    most: int = RUN_BYTES


WHOLE: Final = Stretch()


class BundleFetch:
    """One bundle from one source.

    Args:
        room: what all pulls of the run share.
        release: the verified release.
        link: which of its bundles.
        heads: reads the bundle's head.

    Attributes:
        received: bytes of the bundle that came in this run, those that came twice included.
    """

    def __init__(self, room: Room, release: Release, link: BundleLink, heads: Heads) -> None:
        self.link = link
        self.received = 0
        self.path = bundle_path(link.index)
        self._source = room.source
        self._release = release
        self._root = room.context.state.staging
        self._persistence = room.persistence
        self._heads = heads
        self._damage: dict[int, int] = {}

    def is_begun(self) -> bool:
        """Say whether an earlier run has begun with this bundle."""
        return (self._root / self.link.index / HEAD).is_file()

    def forget(self) -> None:
        """Remove what is staged of it: all that was wanted is here.

        Raises:
            ExhaustedError: the disk is broken or read-only.
        """
        durable.remove_tree(self._root / self.link.index)

    def index(self) -> Index:
        """Give the verified index, fetched unless an earlier run did.

        Raises:
            RefusedError: it is not what was signed.
            SourceLostError: it starts from a version of which something is not here.
            SourceError: the line failed.
        """
        found = self.kept_index()
        if found is not None:
            return found
        kept = self._root / self.link.index / HEAD
        part = kept.with_name(_HEAD_PART)
        durable.make_directory(part.parent)
        damaged = 0
        while True:
            head = self._fetch_head(part)
            try:
                verify_head(head, self.link)
            except RefusedError as error:
                durable.remove(part)
                damaged += 1
                if damaged == MOST_DAMAGED:
                    raise self.refused(str(error)) from error
            else:
                durable.write_file(kept, head)
                durable.remove(part)
                return self._heads.index(head, self.link, self._release)

    def kept_index(self) -> Index | None:
        """Give the verified index that an earlier run fetched; None when there is none.

        Raises:
            RefusedError: it breaks a rule.
            SourceLostError: it starts from a version of which something is not here.
            ExhaustedError: the disk is broken or read-only.
        """
        kept = self._root / self.link.index / HEAD
        if not kept.is_file():
            return None
        head = kept.read_bytes()
        try:
            verify_head(head, self.link)
        except RefusedError:
            durable.remove(kept)
            return None
        return self._heads.index(head, self.link, self._release)

    def open_staging(self, index: Index, blobs: BlobStore, batch: int = 0) -> Staging:
        """Open what is half received of it; see ``Staging`` for ``batch``."""
        return Staging(self._root, self.link.index, index, blobs, batch)

    def fetch(
        self,
        staging: Staging,
        index: Index,
        blocks: list[int],
        stretch: Stretch,
    ) -> Generator[int, None, None]:
        """Fetch blocks in this order; give each block's number as bytes of it come.

        Args:
            staging: where they go.
            index: the bundle's.
            blocks: their numbers.
            stretch: how much is fetched before something else may come first.

        When it gives a block's number, all bytes that ``received`` counts are on the disk.

        Raises:
            RefusedError: a block stays damaged, or does not give what was signed.
            SourceError: the line failed for good, or the bundle is not there.
            SourceLostError: a blob that a block refers to is gone.
            ExhaustedError: the disk is full, broken or read-only.
        """
        left = list(blocks)
        while left:
            run = runs(index, left[: _ahead(left)], self.link.index_length, RUN_BYTES)[0]
            self._foresee(index, left[run.last - run.first + 1 :])
            done = 0
            try:
                with self._persistence.attempt():
                    for number, is_finished in self._receive(staging, index, run, stretch):
                        done += is_finished
                        yield number
            except DamagedBlockError as error:
                self._note_damage(run.first + done, error)
                staging.drop(run.first + done)
            finally:
                del left[:done]
            if stretch.is_enough():
                return

    def _foresee(self, index: Index, blocks: list[int]) -> None:
        """Tell a source that is far away what comes next."""
        if isinstance(self._source, Foreseeing):
            coming = runs(index, blocks[:_FORESEEN], self.link.index_length, RUN_BYTES)
            self._source.foresee(self.path, [(one.start, one.stop) for one in coming])

    def _receive(
        self, staging: Staging, index: Index, run: Run, stretch: Stretch
    ) -> Generator[tuple[int, bool], None, None]:
        beginning = staging.beginning(run.first)
        receiver = RunReceiver(index, run, beginning, staging.hashes_whole)
        start = receiver.position
        stream = self._source.open_range(self.path, start, min(run.stop, start + stretch.most))
        with closing(stream) as chunks:
            for chunk in chunks:
                self._came(chunk)
                for event in receiver.feed(chunk):
                    if isinstance(event, Finished):
                        staging.finish(event.block)
                        yield event.block, True
                    else:
                        staging.write(event.block, event.offset, event.data)
                        yield event.block, False

    def _fetch_head(self, part: Path) -> bytes:
        """Fetch the head into ``part``, from where an earlier run left off."""
        writer = Writer()
        try:
            while (size := _size_of(part)) < self.link.index_length:
                with self._persistence.attempt():
                    self._continue_head(writer, part, size)
        finally:
            writer.close()
        return part.read_bytes()

    def _continue_head(self, writer: Writer, part: Path, size: int) -> None:
        stream = self._source.open_range(self.path, size, self.link.index_length)
        with closing(stream) as chunks:
            try:
                for chunk in chunks:
                    self._came(chunk)
                    writer.write(part, size, chunk)
                    size += len(chunk)
            finally:
                writer.close()

    def _came(self, chunk: bytes) -> None:
        self.received += len(chunk)
        self._persistence.progressed(len(chunk))

    def _note_damage(self, number: int, error: DamagedBlockError) -> None:
        self._damage[number] = self._damage.get(number, 0) + 1
        if self._damage[number] >= MOST_DAMAGED:
            raise self.refused(str(error)) from error

    def refused(self, reason: str) -> RefusedError:
        """Say that the bundle cannot be used."""
        return RefusedError(
            DAMAGED,
            hint="What was right of it is kept; the rest is fetched again when the hub has it.",
            file=self.path,
            name=self._source.name,
            reason=reason,
        )


def _size_of(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _ahead(blocks: list[int]) -> int:
    """Give how many of the first blocks follow one another."""
    count = 1
    while count < len(blocks) and blocks[count] == blocks[count - 1] + 1:
        count += 1
    return count
