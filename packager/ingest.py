"""Taking the folder's content into the workspace, and naming it by digest.

A file is read once: its digest is taken and its copy is made in the same pass. Files that have
not changed since the last run are not read again. Large files, which people replace rather than
edit, are linked instead of copied where space is short; whatever becomes of them, content is
verified when it is used. Videos that will give way to their renditions are only named.
"""

import hashlib
import shutil
from collections.abc import Callable, Collection
from datetime import datetime
from typing import Final

from core.digest import Digest
from packager.reading import CHUNK, LARGE, Found, reading, still_there
from packager.scan import Folder
from packager.workspace import SeenFile, Workspace

# A file written this shortly before it was read may be written again within the same tick of
# its file system's clock, so its times prove nothing.
_TICK_NS: Final = 3_000_000_000
# Large files are copied while this many more of them would fit.
_SPARE: Final = 4

Progress = Callable[[int], None]


def ingest(
    folder: Folder,
    workspace: Workspace,
    now: datetime,
    progress: Progress,
    named: Collection[str] = (),
) -> dict[str, Digest]:
    """Take in the folder's files.

    Args:
        folder: what to take in.
        workspace: where to.
        now: the machine's clock.
        progress: told bytes as they are done.
        named: paths of files whose digest is enough.

    Returns:
        Digest by path.

    Raises:
        UsageError: a file changed meanwhile, or cannot be read.
    """
    seen = workspace.seen_files()
    fresh: dict[str, SeenFile] = {}
    digests: dict[str, Digest] = {}
    try:
        for found in folder.files:
            known = seen.get(found.path)
            is_named = found.path in named
            digest = _known(workspace, found, known, is_named=is_named)
            if digest is None:
                digest = _take(workspace, found, progress, is_named=is_named)
            else:
                progress(found.signature.size)
            digests[found.path] = digest
            if found.signature.mtime_ns < now.timestamp() * 1e9 - _TICK_NS:
                fresh[found.path] = SeenFile(found.signature, digest)
    finally:
        # Also when interrupted: what was read need not be read again.
        _remember(workspace, folder, seen, fresh)
    return digests


def _remember(
    workspace: Workspace, folder: Folder, seen: dict[str, SeenFile], fresh: dict[str, SeenFile]
) -> None:
    merged = {**seen, **fresh}
    paths = {found.path for found in folder.files}
    kept = {path: file for path, file in merged.items() if path in paths}
    if kept != seen:
        workspace.put_seen_files(kept)


def see_unchanged(folder: Folder) -> None:
    """Check that all files are as they were when the folder was walked.

    Raises:
        UsageError: one changed.
    """
    for found in folder.files:
        still_there(found)


def _known(
    workspace: Workspace, found: Found, known: SeenFile | None, *, is_named: bool
) -> Digest | None:
    if known is None or known.signature != found.signature:
        return None
    if is_named:
        return known.digest
    return known.digest if workspace.has_blob(known.digest, found.signature.size) else None


def _may_copy(workspace: Workspace, size: int) -> bool:
    """Whether a copy is worth its space: a link is lost when the file is changed in place."""
    return size <= LARGE or shutil.disk_usage(workspace.place).free > _SPARE * size


def _take(workspace: Workspace, found: Found, progress: Progress, *, is_named: bool) -> Digest:
    copy = not is_named and _may_copy(workspace, found.signature.size)
    staged = workspace.staging("blob")
    sink = staged.open("wb") if copy else None
    hasher = hashlib.sha256()
    try:
        with reading(found) as file:
            while chunk := file.read(CHUNK):
                hasher.update(chunk)
                if sink:
                    sink.write(chunk)
                progress(len(chunk))
    finally:
        if sink:
            sink.close()
    digest = Digest(hasher.hexdigest())
    if is_named or workspace.has_blob(digest, found.signature.size):
        return digest
    if copy:
        workspace.adopt_blob(staged, digest)
    else:
        workspace.link_blob(found.source, digest)
    return digest
