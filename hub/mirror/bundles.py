"""Bundles, piece by piece: verified as they come, gone on with after a cut or a kill.

What has come of a bundle lies in a folder of its own until all of it is right, and then gets its
name in the repository. A piece that is wrong is thrown away and asked for once more.
"""

import hashlib
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import BinaryIO, Final

from cache import durable
from core.bundle.frame import spans
from core.errors import ExhaustedError, RefusedError
from core.text import human_bytes
from hub.mirror.upstream import Upstream
from hub.repository import DirectoryRepository
from hub.stick.contents import Bundle

_REQUEST: Final = 8 * 1024 * 1024
_CHECKPOINT: Final = 16 * 1024 * 1024
_CHUNK: Final = 1024 * 1024
_SPARE: Final = 256 * 1024 * 1024

Span = tuple[int, int, bytes]
"""Start and length of a piece of a bundle, and its SHA-256."""


def lacking(repository: DirectoryRepository, bundles: Iterable[Bundle]) -> list[Bundle]:
    """Give the bundles that are not here."""
    return [one for one in bundles if repository.size(one.path) != one.link.length]


class Fetcher:
    """Fetches bundles into a repository.

    Args:
        repository: where they go.
        parts: folder of what is not whole yet.
        came: told about bytes that came.
    """

    def __init__(
        self, repository: DirectoryRepository, parts: Path, came: Callable[[int], None]
    ) -> None:
        """Fetch nothing yet."""
        self._repository = repository
        self._parts = parts
        self._came = came
        # How much of each part was verified by this process.
        self._verified: dict[str, int] = {}

    def fetch(self, upstream: Upstream, bundle: Bundle, is_over: Callable[[], bool]) -> bool:
        """Fetch a bundle, from where an earlier try stopped; say whether it is whole.

        Args:
            upstream: where it comes from.
            bundle: which.
            is_over: whether to stop here, and go on another time.

        Raises:
            RefusedError: it is not what was signed.
            UnavailableError: the line or the upstream failed.
            ExhaustedError: the disk is full.
        """
        durable.make_directory(self._parts)
        part = self._parts / bundle.link.index
        self._check_room(bundle, part)
        with durable.open_staging(part) as file:
            is_whole = _Copy(file, part, bundle, self).run(upstream, is_over)
        if is_whole:
            place = self._repository.root / bundle.path
            durable.make_directory(place.parent)
            durable.replace(part, place)
            self._verified.pop(bundle.link.index, None)
        return is_whole

    def keep_only(self, bundles: Iterable[Bundle]) -> None:
        """Remove the parts of bundles that are not wanted any more."""
        wanted = {one.link.index for one in bundles}
        for path in self._parts.iterdir() if self._parts.is_dir() else ():
            if path.name not in wanted:
                durable.remove(path)

    def verified(self, bundle: Bundle) -> int:
        """Give how many bytes of a part this process has verified."""
        return self._verified.get(bundle.link.index, 0)

    def note(self, bundle: Bundle, verified: int, new: int) -> None:
        """Note how far a bundle has come."""
        self._verified[bundle.link.index] = verified
        self._came(new)

    def _check_room(self, bundle: Bundle, part: Path) -> None:
        have = part.stat().st_size if part.is_file() else 0
        status = os.statvfs(self._parts)
        room = status.f_bavail * status.f_frsize
        if room < bundle.link.length - have + _SPARE:
            raise ExhaustedError(
                "The mirror's disk has {room} left, which is too little for {pack}.",
                hint="Mirror fewer packs, or give it a larger disk.",
                room=human_bytes(room),
                pack=bundle.release.pack,
            )


class _Copy:
    """One bundle on its way."""

    def __init__(self, file: BinaryIO, part: Path, bundle: Bundle, owner: Fetcher) -> None:
        self._file = file
        self._part = part
        self._bundle = bundle
        self._owner = owner
        self._unsafe = 0

    def run(self, upstream: Upstream, is_over: Callable[[], bool]) -> bool:
        spans = self._spans(upstream)
        done = self._resumed(spans)
        failures = 0
        while done < len(spans):
            if is_over():
                self._checkpoint()
                return False
            start, length, digest = spans[done]
            self._receive(upstream, start + length)
            if self._digest(start, length) == digest:
                done += 1
                failures = 0
                self._owner.note(self._bundle, start + length, length)
                continue
            self._file.truncate(start)
            failures += 1
            if failures > 1:
                raise _damaged(self._bundle)
        self._file.truncate(self._bundle.link.length)
        self._checkpoint()
        return True

    def _spans(self, upstream: Upstream) -> list[Span]:
        """Give the pieces; the index that tells them is fetched and verified first."""
        link, release = self._bundle.link, self._bundle.release
        self._receive(upstream, link.index_length)
        self._file.seek(0)
        head = self._file.read(link.index_length)
        try:
            return list(spans(head, link, release))
        except RefusedError:
            # Perhaps it was torn here; then it comes right the next time.
            self._file.truncate(0)
            raise

    def _resumed(self, spans: list[Span]) -> int:
        """Give how many pieces are here already."""
        size = self._size()
        verified = self._owner.verified(self._bundle)
        for number, (start, length, digest) in enumerate(spans):
            stop = start + length
            if stop > size or (stop > verified and self._digest(start, length) != digest):
                return number
        return len(spans)

    def _receive(self, upstream: Upstream, stop: int) -> None:
        """Receive up to a place of the bundle, if it is not here yet."""
        length = self._bundle.link.length
        while (size := self._size()) < stop:
            end = min(length, max(stop, size + _REQUEST))
            if stop <= self._bundle.link.index_length:
                end = stop
            self._file.seek(size)
            for chunk in upstream.open_range(self._bundle.path, size, end):
                self._write(chunk)
        self._file.flush()

    def _write(self, chunk: bytes) -> None:
        try:
            self._file.write(chunk)
        except OSError as error:
            raise ExhaustedError(
                "The mirror's disk cannot be written: {reason}.",
                hint="Give it more room; then it goes on by itself.",
                reason=error.strerror or type(error).__name__,
            ) from error
        self._unsafe += len(chunk)
        if self._unsafe >= _CHECKPOINT:
            self._checkpoint()

    def _checkpoint(self) -> None:
        durable.checkpoint(self._file, self._part)
        self._unsafe = 0

    def _size(self) -> int:
        self._file.flush()
        return os.fstat(self._file.fileno()).st_size

    def _digest(self, start: int, length: int) -> bytes:
        found = hashlib.sha256()
        self._file.seek(start)
        while length and (chunk := self._file.read(min(_CHUNK, length))):
            found.update(chunk)
            length -= len(chunk)
        return found.digest() if not length else b""


def _damaged(bundle: Bundle) -> RefusedError:
    return RefusedError(
        "A bundle of {pack} is not what was signed.",
        hint="It is fetched again later; tell the upstream's admin if it stays so.",
        pack=bundle.release.pack,
        path=bundle.path,
    )
