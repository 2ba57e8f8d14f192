"""Making what is in a folder, each of it new.

Some disks take two names for one: those that take no notice of letter case, or of how an accent is
written. There the second one would silently go into the first.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO
from itertools import chain
from pathlib import Path

from core.errors import UsageError
from core.names import folded
from packager.faults import printable


class Creating:
    """Makes files and folders in a folder that nobody else writes to.

    Args:
        root: that folder.
    """

    def __init__(self, root: Path) -> None:
        """Make nothing yet."""
        self._root = root
        self._folders: set[str] = set()
        self._files: set[str] = set()

    def folder(self, path: str) -> None:
        """Make a folder, and those that it lies in.

        Raises:
            UsageError: the disk takes its name for another one's.
        """
        missing = []
        while path and path not in self._folders:
            missing.append(path)
            path = path.rpartition("/")[0]
        for one in reversed(missing):
            with self._as_new(one):
                (self._root / one).mkdir()
            self._folders.add(one)

    def file(self, path: str) -> FileIO:
        """Make a file, and the folders that it lies in; give it, open for writing.

        Raises:
            UsageError: the disk takes its name for another one's.
        """
        self.folder(path.rpartition("/")[0])
        with self._as_new(path):
            file = (self._root / path).open("xb", buffering=0)
        self._files.add(path)
        return file

    @contextmanager
    def _as_new(self, path: str) -> Iterator[None]:
        try:
            yield
        except FileExistsError as error:
            other = self._taken_for(path)
            if other is None:
                raise
            raise UsageError(
                "{path} and {other} have names that this disk cannot tell apart.",
                hint="Choose a place on another disk with -o, or rename one of them and make the"
                " bundle again. Nothing was kept.",
                path=printable(path),
                other=printable(other),
            ) from error

    def _taken_for(self, path: str) -> str | None:
        """Give what else was made here that the disk takes a path for."""
        folder = path.rpartition("/")[0]
        beside = [
            one
            for one in (*self._folders, *self._files)
            if one != path and one.rpartition("/")[0] == folder
        ]
        # Some disks number what they hold anew for each name, and some shorten names.
        alike = (one for one in beside if folded(one) == folded(path))
        same = (one for one in beside if self._is_same(one, path))
        return next(chain(alike, same), None)

    def _is_same(self, one: str, other: str) -> bool:
        return os.path.samestat((self._root / one).lstat(), (self._root / other).lstat())
