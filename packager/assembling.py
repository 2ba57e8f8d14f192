"""Putting a bundle together: its head, which is known last, and payloads, wherever they are."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NoReturn

from core.digest import Digest
from core.errors import UsageError
from core.manifest import Manifest
from packager.reading import CHUNK
from packager.reuse import Payload
from packager.workspace import Workspace


def assemble(
    path: Path,
    head: bytes,
    payloads: Iterable[Payload],
    changed: Callable[[Digest], NoReturn],
) -> int:
    """Write a bundle, verifying payloads as they pass; give its bytes.

    Args:
        path: where to.
        head: what it begins with.
        payloads: what follows.
        changed: is called with the name of a file whose content is not what it was.
    """
    with path.open("wb") as sink:
        sink.write(head)
        for payload in payloads:
            for chunk in _verified(payload, changed):
                sink.write(chunk)
        return sink.tell()


def _verified(payload: Payload, changed: Callable[[Digest], NoReturn]) -> Iterator[bytes]:
    hasher = hashlib.sha256()
    left = payload.length
    with payload.file.open("rb") as file:
        file.seek(payload.offset)
        while left and (chunk := file.read(min(CHUNK, left))):
            left -= len(chunk)
            hasher.update(chunk)
            yield chunk
    if hasher.hexdigest() != payload.digest:
        changed(Digest(payload.file.name))


def content_changed(workspace: Workspace, manifest: Manifest, digest: Digest) -> UsageError:
    """Say that content changed while a bundle was made.

    Args:
        workspace: the blob is removed from it, so that the next run takes the file in again.
        manifest: the version.
        digest: of the content.
    """
    workspace.holds(digest)
    paths = [file.path for file in manifest.files if file.digest == digest]
    return UsageError(
        "{path} changed while the pack was built.",
        hint="Wait until nothing writes to the folder any more, then run the command again.",
        path=paths[0] if paths else digest,
    )
