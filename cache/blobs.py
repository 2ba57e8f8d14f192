"""The blob store: immutable whole files under their digest.

Rules:
    - A blob that is here was whole when it came; nothing writes to it. What is about to be
      written down as here must be durable too: ``has_durably``.
    - Its modification time is derived from its digest, so that ETags made of time and size are
      the same after every repair and differ between contents.
    - Names go before blobs: whoever removes a blob has removed what refers to it.
"""

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Final

from cache import durable, durable_many
from cache.disk_errors import in_words
from core.digest import Digest, digest_of, parse_digest
from core.errors import RefusedError

_MODE: Final = 0o444
# Any moment that FAT-era tools can show too: 2000-01-01.
_TIME_SECONDS: Final = 946_684_800
_BILLION: Final = 10**9
_SHARD: Final = 2


class Condition(Enum):
    """What a look at a blob's bytes found."""

    WHOLE = "whole"
    DAMAGED = "damaged"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Hashed:
    """Proof that a file had a digest, good while the file is not touched."""

    path: Path
    digest: Digest
    stamp: tuple[int, int, int, int]


def hash_file(path: Path) -> Hashed:
    """Hash a finished file that lies in staging.

    Raises:
        ExhaustedError: the disk is broken.
    """
    with in_words(path), path.open("rb") as file:
        stamp = _stamp(os.fstat(file.fileno()))
        digest = Digest(hashlib.file_digest(file, "sha256").hexdigest())
    return Hashed(path, digest, stamp)


def hashed_as(path: Path, digest: Digest) -> Hashed:
    """Give the proof for a file whose bytes the caller hashed while it wrote them.

    Raises:
        ExhaustedError: the disk is broken.
    """
    with in_words(path):
        return Hashed(path, digest, _stamp(path.stat()))


class BlobStore:
    """Blobs under one directory."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._durable_shards: set[str] = set()
        self._durable_names: set[str] = set()

    def path(self, digest: Digest) -> Path:
        """Say where a blob lies, or would lie."""
        return self.root / digest[:_SHARD] / digest

    def has(self, digest: Digest) -> bool:
        """Say whether a blob is here. Its bytes are not looked at; see ``verify``."""
        return self.path(digest).is_file()

    def has_durably(self, digest: Digest) -> bool:
        """Say whether a blob is here to stay: its bringer may have been killed just before that.

        Raises:
            ExhaustedError: the disk is broken.
        """
        if not self.has(digest):
            return False
        shard = digest[:_SHARD]
        if shard not in self._durable_names:
            self._make_shard(digest)
            durable.sync_directory(self.root / shard)
            self._durable_names.add(shard)
        return True

    def size(self, digest: Digest) -> int | None:
        """Give a blob's size in bytes, or None when it is not here."""
        try:
            # Not by a path's object, which costs more than the system's look: packs have many.
            return os.stat(f"{self.root}/{digest[:_SHARD]}/{digest}").st_size  # noqa: PTH116
        except FileNotFoundError:
            return None

    def read(self, digest: Digest, *, limit: int) -> bytes:
        """Read and verify a small blob, such as a manifest.

        Args:
            digest: its name.
            limit: largest size, bytes.

        Raises:
            RefusedError: it is missing, damaged or too large.
            ExhaustedError: the disk is broken.
        """
        try:
            with in_words(self.path(digest)), self.path(digest).open("rb") as file:
                data = file.read(limit + 1)
        except FileNotFoundError as error:
            raise RefusedError("The blob {digest} is not here.", digest=digest) from error
        if len(data) > limit or digest_of(data) != digest:
            raise RefusedError(
                "The blob {digest} is damaged.",
                hint="Run `packhorse node check --repair`; it is fetched again then.",
                digest=digest,
            )
        return data

    def adopt(self, staging: Path, digest: Digest, *, proof: Hashed | None = None) -> None:
        """Take a finished file from staging as the blob ``digest``, durably.

        Args:
            staging: the file; afterwards it is gone from there.
            digest: what its bytes must have.
            proof: of ``hash_file`` or ``hashed_as``, when the caller has just made one.

        Raises:
            RefusedError: its bytes have another digest; it stays in staging.
            ExhaustedError: the disk is full, broken or read-only.
        """
        self.prepare(staging, digest, proof=proof)
        self._make_shard(digest)
        durable.replace(staging, self.path(digest))

    def adopt_all(self, prepared: Sequence[tuple[Path, Digest]]) -> None:
        """Take files that ``prepare`` has passed as blobs, durably, all together.

        Raises:
            ExhaustedError: the disk is full, broken or read-only.
        """
        shards = {digest[:_SHARD] for _, digest in prepared} - self._durable_shards
        durable_many.make_directories(self.root, sorted(shards))
        self._durable_shards |= shards
        durable_many.replace_all([(staging, self.path(digest)) for staging, digest in prepared])

    def prepare(self, staging: Path, digest: Digest, *, proof: Hashed | None = None) -> None:
        """Check a finished file in staging, and make of it what a blob is, but for its name.

        Args:
            staging: the file; it stays there.
            digest: what its bytes must have.
            proof: of ``hash_file`` or ``hashed_as``, when the caller has just made one.

        Raises:
            RefusedError: its bytes have another digest.
            ExhaustedError: the disk is broken or read-only.
        """
        with in_words(staging):
            stamp = _stamp(staging.stat())
            if proof is None or (proof.path, proof.stamp) != (staging, stamp):
                proof = hash_file(staging)
            if proof.digest != digest:
                raise RefusedError(
                    "The file {path} is not what was signed: its digest is {found}, not {digest}.",
                    hint="It is dropped and fetched again.",
                    path=staging.name,
                    found=proof.digest,
                    digest=digest,
                )
            moment = blob_time(digest)
            os.utime(staging, ns=(moment, moment))
            staging.chmod(_MODE)

    def add(self, data: bytes) -> Digest:
        """Keep small bytes, such as a manifest, as a blob; give its digest.

        Raises:
            ExhaustedError: the disk is full, broken or read-only.
        """
        digest = digest_of(data)
        if self.verify(digest) is not Condition.WHOLE:
            staging = durable.temporary_beside(self.root / digest)
            try:
                with in_words(staging):
                    staging.write_bytes(data)
                self.adopt(staging, digest)
            finally:
                staging.unlink(missing_ok=True)
        return digest

    def add_all(self, contents: Mapping[Digest, bytes], staging: Path) -> list[Digest]:
        """Keep small contents as blobs, durably, all together; give those that were not here.

        Args:
            contents: by their digests.
            staging: a directory for them until then.

        Raises:
            RefusedError: one has another digest.
            ExhaustedError: the disk is full, broken or read-only.
        """
        fresh = [digest for digest, data in contents.items() if self.size(digest) != len(data)]
        durable.make_directory(staging)
        for digest in fresh:
            path = staging / digest
            with in_words(path):
                # One that a killed run left cannot be written to.
                path.unlink(missing_ok=True)
                path.write_bytes(contents[digest])
            self.prepare(path, digest)
        self.adopt_all([(staging / digest, digest) for digest in fresh])
        return fresh

    def remove(self, digest: Digest) -> None:
        """Remove a blob that nothing refers to any more.

        Raises:
            ExhaustedError: the disk is broken or read-only.
        """
        durable.remove(self.path(digest))

    def verify(self, digest: Digest) -> Condition:
        """Hash a blob's bytes.

        Raises:
            ExhaustedError: the disk is broken.
        """
        try:
            found = hash_file(self.path(digest)).digest
        except FileNotFoundError:
            return Condition.MISSING
        return Condition.WHOLE if found == digest else Condition.DAMAGED

    def __iter__(self) -> Iterator[Digest]:
        """Name every blob, in no order; other files are passed over."""
        with suppress(FileNotFoundError):
            for shard in os.scandir(self.root):
                if shard.is_dir() and len(shard.name) == _SHARD:
                    yield from _names(shard)

    def _make_shard(self, digest: Digest) -> None:
        shard = digest[:_SHARD]
        if shard not in self._durable_shards:
            durable.make_directory(self.root / shard)
            self._durable_shards.add(shard)


def blob_time(digest: Digest) -> int:
    """Give the modification time of a blob, nanoseconds since 1970."""
    return _TIME_SECONDS * _BILLION + int(digest[:12], 16) % _BILLION


def _names(shard: "os.DirEntry[str]") -> Iterator[Digest]:
    for entry in os.scandir(shard):
        if entry.name.startswith(shard.name):
            with suppress(RefusedError):
                yield parse_digest(entry.name)


def _stamp(status: os.stat_result) -> tuple[int, int, int, int]:
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns
