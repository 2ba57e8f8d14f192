"""Blobs that must stay as they are while a delta is made of them.

A blob may be a file of the folder, where space is short, and somebody may write to that and put it
back; or its disk is bad. Parts of it are read in any order and verified by nothing else, and a
wrong delta would be kept, and found again by every later run.
"""

from collections.abc import Iterable

from core.digest import Digest
from packager.workspace import Workspace


class Untouched:
    """Sees that blobs stay as they are.

    Args:
        workspace: where they are.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._times: dict[Digest, int | None] = {}

    def watch(self, digest: Digest) -> None:
        """Begin with a blob, before it is read."""
        self._times.setdefault(digest, self._workspace.written_at(digest))

    def is_written(self, digest: Digest) -> bool:
        """Whether a blob was written to meanwhile, as far as its time tells."""
        now = self._workspace.written_at(digest)
        return self._times.get(digest, now) != now

    def first_changed(self, digests: Iterable[Digest]) -> Digest | None:
        """Give the first blob that is not what it was, or was not meanwhile; all are read again."""
        for digest in digests:
            if self.is_written(digest) or not self._workspace.still_holds(digest):
                return digest
        return None
