"""Copying a bundle to a stick: verified block by block, and gone on with after a kill."""

import hashlib
import os
from collections.abc import Callable, Iterator
from typing import Final

from cache.stick import StickDirectory
from cache.stick_writer import StickWriter
from core.bundle.frame import spans as spans_of
from core.errors import RefusedError
from hub.repository import Repository
from hub.stick.contents import Bundle, missing

_CHUNK: Final = 8 * 1024 * 1024
_CHECKPOINT_BYTES: Final = 64 * 1024 * 1024

Span = tuple[int, int, bytes]
"""Start and length of a piece of a bundle, and its SHA-256."""


def lacks(stick: StickDirectory, bundle: Bundle) -> bool:
    """Say whether a bundle is not on the stick, by its size.

    Raises:
        OSError: the stick fails.
    """
    return stick.size(bundle.path) != bundle.link.length


def is_damaged(stick: StickDirectory, repository: Repository, bundle: Bundle) -> bool:
    """Read a bundle on the stick; say whether it is not what was signed.

    Raises:
        RefusedError: the hub's own copy is damaged.
        OSError: the stick fails.
    """
    spans = _spans(repository, bundle)
    return _verified(stick, bundle.path, spans) != bundle.link.length


def copy_bundle(
    repository: Repository, stick: StickWriter, bundle: Bundle, came: Callable[[int], None]
) -> int:
    """Copy a bundle, from where an earlier try stopped; give the bytes that were written.

    Args:
        repository: where it comes from.
        stick: where it goes.
        bundle: which.
        came: told about bytes that are on the stick, those of an earlier try included.

    Raises:
        RefusedError: the hub's own copy is missing or damaged.
        OSError: the stick fails.
    """
    spans = _spans(repository, bundle)
    kept = _verified(stick, stick.part(bundle.path), spans)
    came(kept)
    written = since = 0
    with stick.growing(bundle.path, kept) as file:
        for data in _read(repository, bundle, [one for one in spans if one[0] >= kept]):
            file.write(data)
            came(len(data))
            written += len(data)
            since += len(data)
            if since >= _CHECKPOINT_BYTES:
                file.checkpoint()
                since = 0
        file.finish()
    return written


def _spans(repository: Repository, bundle: Bundle) -> list[Span]:
    length = bundle.link.index_length
    head = repository.read_range(bundle.path, 0, length)
    if head is None:
        raise missing(bundle.path)
    return [
        (0, length, bytes.fromhex(bundle.link.index)),
        *spans_of(head, bundle.link, bundle.release),
    ]


def _read(repository: Repository, bundle: Bundle, spans: list[Span]) -> Iterator[memoryview]:
    """Give the bytes of pieces that follow one another, some at a time, verified."""
    while spans:
        count = size = 0
        while count < len(spans) and (not count or size + spans[count][1] <= _CHUNK):
            size += spans[count][1]
            count += 1
        start = spans[0][0]
        data = memoryview(repository.read_range(bundle.path, start, size) or b"")
        for at, length, digest in spans[:count]:
            piece = data[at - start : at - start + length]
            if len(piece) != length or hashlib.sha256(piece).digest() != digest:
                raise RefusedError(
                    "The repository's file {path} is damaged.",
                    hint="Publish {pack} again, or restore the repository from a backup.",
                    path=bundle.path,
                    pack=bundle.release.pack,
                )
        yield data
        spans = spans[count:]


def _verified(stick: StickDirectory, path: str, spans: list[Span]) -> int:
    """Give how many of a file's first bytes on the stick are right, by whole pieces."""
    position = 0
    try:
        with stick.open(path) as descriptor:
            for start, length, digest in spans:
                if _digest(descriptor, start, length) != digest:
                    break
                position = start + length
    except FileNotFoundError:
        return 0
    return position


def _digest(descriptor: int, start: int, length: int) -> bytes:
    found = hashlib.sha256()
    stop = start + length
    while start < stop and (chunk := os.pread(descriptor, min(_CHUNK, stop - start), start)):
        found.update(chunk)
        start += len(chunk)
    return found.digest() if start == stop else b""
