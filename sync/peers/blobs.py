"""Fetching whole blobs from other nodes, verified by their digests.

    staging/peers/<digest>    the beginning of a blob, as another node sent it

What came by line of the same blob lies elsewhere, and is not touched. Blobs are adopted some at a
time, as they come quickly.
"""

import hashlib
import os
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Final

from cache import durable
from cache.blobs import BlobStore, hashed_as
from cache.disk_errors import in_words
from cache.durable_many import open_growing
from core.digest import Digest
from core.errors import RefusedError
from sync.peers.source import PeerSource
from sync.source import MissingError

FOLDER: Final = "peers"
_BATCH_FILES: Final = 64
_BATCH_BYTES: Final = 64 * 1024 * 1024
_CHUNK: Final = 1024 * 1024
# Of so many blobs that a node has not, nothing more of the same pack is asked for.
_MOST_MISSES: Final = 200


class BlobFetch:
    """Fetches blobs of one pack from one node.

    Args:
        source: the node.
        staging: the node's ``staging`` directory.
        blobs: where finished blobs go.
        arrived: is told which blobs are here durably, some at a time.
        alive: called after each blob.

    Attributes:
        missed: those that it has not.
        received: bytes that came.
    """

    def __init__(
        self,
        source: PeerSource,
        staging: Path,
        blobs: BlobStore,
        arrived: Callable[[list[Digest]], None],
        alive: Callable[[], None] = lambda: None,
    ) -> None:
        self.missed: set[Digest] = set()
        self.received = 0
        self._source = source
        self._folder = staging / FOLDER
        self._blobs = blobs
        self._arrived = arrived
        self._alive = alive
        self._ready: list[tuple[Path, Digest]] = []
        self._size = 0

    def bring(self, wanted: Mapping[Digest, int]) -> None:
        """Fetch blobs.

        Args:
            wanted: size by digest.

        Raises:
            SourceError: the node failed; what came is kept.
            RefusedError: it sent something else.
            ExhaustedError: the disk is full, broken or read-only.
        """
        durable.make_directory(self._folder)
        try:
            for digest, size in wanted.items():
                if self._fetch(digest, size) and self._is_enough():
                    self._adopt()
                self._alive()
                if len(self.missed) > _MOST_MISSES:
                    return
        finally:
            # What came whole before it failed is right, and stays.
            self._adopt()

    def _fetch(self, digest: Digest, size: int) -> bool:
        """Fetch one blob; say whether the node has it."""
        path = self._folder / digest
        try:
            is_begun = path.is_file()
            found = self._receive(path, digest, size)
            if found != digest and is_begun:
                # Another node may have lied about its beginning, or a power cut have spoilt it.
                durable.remove(path)
                found = self._receive(path, digest, size)
        except MissingError:
            self.missed.add(digest)
            with in_words(path):
                if not path.stat().st_size:
                    path.unlink()
            return False
        if found != digest:
            durable.remove(path)
            raise RefusedError(
                "The other node {name} sent other bytes than those of {digest}.",
                hint="Nothing of them is kept; it is left alone for a day.",
                name=self._source.repository.name,
                digest=digest,
            )
        self._blobs.prepare(path, digest, proof=hashed_as(path, digest))
        self._ready.append((path, digest))
        self._size += size
        return True

    def _receive(self, path: Path, digest: Digest, size: int) -> str:
        """Bring a blob's file to its size; give the digest of what is in it."""
        found = hashlib.sha256()
        if path.is_file():
            path.chmod(0o644)
        with open_growing(path) as file, in_words(path):
            start = min(os.fstat(file.fileno()).st_size, size)
            file.truncate(start)
            while chunk := file.read(_CHUNK):
                found.update(chunk)
            if start < size:
                with closing(self._source.blob(digest, start, size)) as chunks:
                    for chunk in chunks:
                        found.update(chunk)
                        file.write(chunk)
                        self.received += len(chunk)
        return found.hexdigest()

    def _is_enough(self) -> bool:
        return len(self._ready) >= _BATCH_FILES or self._size >= _BATCH_BYTES

    def _adopt(self) -> None:
        ready, self._ready, self._size = self._ready, [], 0
        if ready:
            self._blobs.adopt_all(ready)
            self._arrived([digest for _, digest in ready])
