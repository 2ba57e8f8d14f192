"""Finished files become blobs: each at once, or many together where they come quickly."""

from collections import deque
from pathlib import Path
from typing import Final

from cache.blobs import BlobStore
from core.digest import Digest
from sync.pull.disk import Disk

_MOST_FINISHED: Final = 256


class Adopting:
    """Takes prepared files as blobs.

    Args:
        blobs: where they go.
        disk: adopts them beside what goes on.
        batch: bytes of those that are adopted together; 0 to adopt each at once, as a slow line
            wants it.

    Attributes:
        arrived: blobs that were adopted since the caller last emptied this, from its left.
    """

    def __init__(self, blobs: BlobStore, disk: Disk, batch: int) -> None:
        self.arrived: deque[Digest] = deque()
        self._blobs = blobs
        self._disk = disk
        self._batch = batch
        self._finished: list[tuple[Path, Digest]] = []
        self._settling: list[Digest] = []
        self._unsettled = 0

    def add(self, path: Path, digest: Digest, size: int) -> None:
        """Take a file that was prepared.

        Raises:
            ExhaustedError: the disk is full, broken or read-only.
        """
        self._finished.append((path, digest))
        self._unsettled += size
        if self._unsettled >= self._batch or len(self._finished) >= _MOST_FINISHED:
            self._settle()

    def await_blob(self, digest: Digest) -> None:
        """Wait until a blob has its name, if it is being adopted just now."""
        if digest in self._settling:
            self._await_disk()

    def rest(self) -> None:
        """Let all of them be adopted.

        Raises:
            ExhaustedError: the disk is full, broken or read-only.
        """
        self._settle()
        self._await_disk()

    def _settle(self) -> None:
        self._await_disk()
        finished, self._finished, self._unsettled = self._finished, [], 0
        if not finished:
            return
        if not self._batch:
            self._blobs.adopt_all(finished)
            self.arrived.extend(digest for _, digest in finished)
            return
        self._settling = [digest for _, digest in finished]
        self._disk.start(lambda: self._blobs.adopt_all(finished))

    def _await_disk(self) -> None:
        self._disk.wait()
        self.arrived.extend(self._settling)
        self._settling = []
