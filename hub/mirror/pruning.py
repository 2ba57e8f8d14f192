"""What nothing needs any more goes, some days after it was first found so.

The pause lets nodes finish what they began by an older state, and lets a publisher who brings
files before the role that names them take a day over it.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from core.trusted_time import format_moment, parse_moment
from hub.repository import DirectoryRepository

KEPT: Final = timedelta(days=3)
_FOLDERS: Final = ("metadata", "targets", "bundles")


def prune(
    repository: DirectoryRepository, named: set[str], stale: dict[str, str], now: datetime
) -> dict[str, str]:
    """Remove what has been stale for long; give what is stale now, and since when.

    Args:
        repository: what is mirrored.
        named: paths that something needs.
        stale: what an earlier call gave.
        now: the moment.
    """
    found: dict[str, str] = {}
    for path in _files(repository.root):
        if path in named:
            continue
        since = stale.get(path) or format_moment(now)
        if parse_moment(since) > now:
            # The clock was wrong then.
            since = format_moment(now)
        if _is_over(since, now):
            repository.remove(path)
        else:
            found[path] = since
    return found


def is_due(stale: dict[str, str], now: datetime) -> bool:
    """Say whether something has been stale for long."""
    return any(_is_over(since, now) for since in stale.values())


def _is_over(since: str, now: datetime) -> bool:
    return parse_moment(since) + KEPT <= now


def _files(root: Path) -> Iterator[str]:
    for folder in _FOLDERS:
        for path in sorted((root / folder).rglob("*")):
            if path.is_file():
                yield path.relative_to(root).as_posix()
