"""What is in a folder now: paths and signatures, whatever they are.

Nothing is refused here: what cannot be in a pack is for the build to say. A path that cannot be
looked at is as one that is not there, so that it is seen when it can.
"""

import os
from collections.abc import Iterator
from pathlib import Path

from packager.reading import Signature, signature_of
from packager.walk import is_litter

Snapshot = dict[str, Signature]


def snapshot_of(folder: Path) -> Snapshot:
    """Look at the files of a folder; hidden ones are left out, the packager's own among them."""
    found: Snapshot = {}
    waiting = [folder]
    while waiting:
        for entry in _entries(waiting.pop()):
            if is_litter(entry.name):
                continue
            path = Path(entry.path)
            try:
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(path)
                else:
                    found[path.relative_to(folder).as_posix()] = signature_of(path.stat())
            except OSError:
                continue
    return found


def _entries(directory: Path) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(directory) as entries:
            yield from list(entries)
    except OSError:
        return
