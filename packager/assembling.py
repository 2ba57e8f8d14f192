"""Putting a bundle together: its head, which is known last, and payloads, wherever they are."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, NoReturn

from core.digest import Digest, digest_of
from core.errors import UsageError
from core.manifest import Manifest
from packager.delta.planning import MadeBlock
from packager.reading import CHUNK
from packager.reuse import Payload
from packager.workspace import Workspace


class Payloads:
    """Payloads of a bundle that is being made, in a file; stored ones stay where they are.

    Args:
        staged: the file, open for writing.
        place: its path.

    Attributes:
        all: where each is, in the bundle's order.
    """

    def __init__(self, staged: BinaryIO, place: Path) -> None:
        self.all: list[Payload] = []
        self._staged = staged
        self._place = place

    def add(self, block: MadeBlock) -> Digest:
        """Take the payload of a block; give its digest."""
        digest = digest_of(block.payload)
        if block.place is not None:
            self.all.append(Payload(block.place, block.offset, block.size, digest))
        else:
            start = self._staged.tell()
            self._staged.write(block.payload)
            self.all.append(Payload(self._place, start, len(block.payload), digest))
        return digest


def assemble(
    path: Path,
    head: bytes,
    payloads: Iterable[Payload],
    changed: Callable[[Path], NoReturn],
) -> int:
    """Write a bundle, verifying payloads as they pass; give its bytes.

    Args:
        path: where to.
        head: what it begins with.
        payloads: what follows.
        changed: is called with a file whose content is not what it was.
    """
    with path.open("wb") as sink:
        sink.write(head)
        for payload in payloads:
            for chunk in _verified(payload, changed):
                sink.write(chunk)
        return sink.tell()


def _verified(payload: Payload, changed: Callable[[Path], NoReturn]) -> Iterator[bytes]:
    hasher = hashlib.sha256()
    left = payload.length
    with payload.file.open("rb") as file:
        file.seek(payload.offset)
        while left and (chunk := file.read(min(CHUNK, left))):
            left -= len(chunk)
            hasher.update(chunk)
            yield chunk
    if hasher.hexdigest() != payload.digest:
        changed(payload.file)


def content_changed(workspace: Workspace, manifest: Manifest, digest: Digest) -> UsageError:
    """Say that content changed while a bundle was made.

    Args:
        workspace: the blob is removed from it, so that the next run takes the file in again.
        manifest: the version.
        digest: of the content.
    """
    workspace.still_holds(digest)
    paths = [file.path for file in manifest.files if file.digest == digest]
    return UsageError(
        "{path} changed while the pack was built.",
        hint="Wait until nothing writes to the folder any more, then run the command again.",
        path=paths[0] if paths else digest,
    )
