"""The digest of a file that arrives in order, so that it need not be read again."""

import hashlib
from pathlib import Path
from typing import Final

from cache.disk_errors import in_words
from core.digest import Digest

_CHUNK: Final = 1024 * 1024


class RunningHash:
    """Hashes one file after the other as their bytes come; whoever jumps is hashed no more."""

    def __init__(self) -> None:
        self._path = Path()
        self._position = -1
        self._hash = hashlib.sha256()

    def feed(self, path: Path, offset: int, data: bytes | memoryview) -> None:
        """Take bytes of a file that are written at ``offset``."""
        if offset == 0:
            self._path, self._position, self._hash = path, 0, hashlib.sha256()
        if path != self._path or offset != self._position:
            self._position = -1
            return
        self._hash.update(data)
        self._position += len(data)

    def of(self, path: Path, size: int) -> Digest | None:
        """Give the digest of a file of ``size`` bytes; None when not all of it came in order."""
        if path != self._path or self._position != size:
            return None
        return Digest(self._hash.hexdigest())


def digest_of_range(path: Path, start: int, length: int) -> bytes:
    """Give the SHA-256 of a part of a file, 32 bytes.

    Raises:
        ExhaustedError: the disk is broken.
    """
    found = hashlib.sha256()
    with in_words(path), path.open("rb") as file:
        file.seek(start)
        while length and (chunk := file.read(min(_CHUNK, length))):
            found.update(chunk)
            length -= len(chunk)
    return found.digest()
