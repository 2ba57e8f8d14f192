"""Removing what nothing needs any more, at a run's end: also of a run that failed."""

from collections.abc import Iterable
from typing import Final

from cache import durable
from cache.databases import DamagedError
from cache.journal_pins import pinned
from core.digest import Digest
from core.release import Release
from sync.peers.blobs import FOLDER
from sync.pull.room import Room
from sync.pull.staging import OUTPUTS

# Where blobs lie in staging of which only the beginning is here.
_PARTS: Final = (OUTPUTS, FOLDER)


def clean(room: Room, releases: Iterable[Release], *, is_whole: bool, is_sound: bool) -> None:
    """Remove old blobs, and staged bundles of old versions.

    Args:
        room: the node's stores.
        releases: those that are taken.
        is_whole: whether all of them are whole.
        is_sound: whether the run had no problem. After one, a blob without a name may be of a
            pack that comes back soon.

    Raises:
        ExhaustedError: the disk is full, broken or read-only.
    """
    _clean_staging(room, releases, is_whole=is_whole)
    try:
        spared = pinned(room.context.state)
    except DamagedError:
        # Nobody knows what is played just now; the portal salvages the journal.
        return
    # Also beside a pack that stays broken, or the disk would fill with others' old versions.
    room.remove(room.catalogue.drop_unneeded(spared))
    if is_sound:
        _clean_strays(room, spared)


def _clean_staging(room: Room, releases: Iterable[Release], *, is_whole: bool) -> None:
    staging = room.context.state.staging
    links = {link.index for one in releases for link in one.bundles}
    for path in [one for one in staging.iterdir() if one.name not in {*links, *_PARTS}]:
        durable.remove_tree(path)
    if is_whole:
        for path in staging.iterdir():
            durable.remove_tree(path)
        return
    wanted = set(room.catalogue.missing())
    parts = [one for name in _PARTS for one in (staging / name).glob("*")]
    for path in [one for one in parts if one.name not in wanted]:
        durable.remove(path)


def _clean_strays(room: Room, spared: set[Digest]) -> None:
    """Remove blobs that have no name, since a run was killed before it gave or removed them."""
    durable.sweep(room.blobs.root)
    named = room.catalogue.named() | spared
    room.remove([one for one in room.blobs if one not in named])
