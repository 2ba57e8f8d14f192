"""What a workspace remembers of old files, so that a delta need not read them all again.

In ``fingerprints/<digest>``: SHA-256 of the record, then the record. A damaged or torn one counts
as missing. What is quick to find again is not kept, nor what would be too much in all.
"""

from typing import Final

import msgspec

from core.bundle.same_deflate import has_same_deflate
from core.codec import decode_msgpack
from core.digest import DIGEST_BYTES, Digest, digest_of
from core.errors import RefusedError
from packager.delta.sources import Known, Source
from packager.untouched import Untouched
from packager.workspace import Workspace

# Raised whenever something else is found in the same file.
_RECIPE: Final = 2
# Smaller files without streams are read as quickly as a record.
_LEAST_BYTES: Final = 1024 * 1024
_MOST_BYTES: Final = 256 * 1024 * 1024


class _Record(msgspec.Struct, frozen=True, array_like=True):
    """What is known of a file, by which recipe, and whether its streams could be used."""

    recipe: int
    has_streams: bool
    known: Known


class OldFiles:
    """Remembers the old files of a workspace, and verifies them.

    Args:
        workspace: where they are.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._untouched = Untouched(workspace)
        self._left: int | None = None

    def is_whole(self, old: Source) -> bool:
        """Whether an old file is what it was; a damaged one is removed."""
        self._untouched.watch(Digest(old.name))
        return self._workspace.holds(Digest(old.name))

    def get(self, old: Source) -> Known | None:
        """Give what is known of an old file, if anything."""
        try:
            data = self._workspace.fingerprints(Digest(old.name)).read_bytes()
        except FileNotFoundError:
            return None
        digest, body = data[:DIGEST_BYTES], data[DIGEST_BYTES:]
        if bytes.fromhex(digest_of(body)) != digest:
            return None
        try:
            record = decode_msgpack(body, _Record, what="The record", limit=_MOST_BYTES)
        except RefusedError:
            return None
        is_fit = record.recipe == _RECIPE and record.has_streams == has_same_deflate()
        return record.known if is_fit else None

    def put(self, old: Source, known: Known) -> None:
        """Remember an old file, if that is worth it and there is room."""
        if old.size < _LEAST_BYTES and not known.streams:
            return
        if self._untouched.is_written(Digest(old.name)):
            # What was found may be of other content, and would mislead every later run.
            return
        body = msgspec.msgpack.encode(_Record(_RECIPE, has_same_deflate(), known))
        path = self._workspace.fingerprints(Digest(old.name))
        if self._left is None:
            there = sum(one.stat().st_size for one in path.parent.iterdir())
            self._left = _MOST_BYTES - there
        if len(body) > self._left:
            return
        self._left -= len(body)
        path.write_bytes(bytes.fromhex(digest_of(body)) + body)
