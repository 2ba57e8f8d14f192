"""Opening the catalogue: brought up to date, or rebuilt when it is missing or damaged.

A rebuilt catalogue is another generation (``cache.generations``); whoever reads the old one
reads on until it looks again. It is made from ``manifests.json`` and the blob store alone.
"""

from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from cache import catalogue_withdrawals, generations, manifest_list
from cache.blobs import BlobStore
from cache.catalogue import Catalogue
from cache.catalogue_schema import MIGRATIONS
from cache.catalogue_withdrawals import EVERY
from cache.databases import DamagedError, examine, open_reader, open_writer, sqlite_in_words
from cache.manifest_list import Listed
from cache.state import StateDirectory
from core.digest import Digest
from core.errors import RefusedError
from core.manifest import MAX_MANIFEST_BYTES, decode_manifest
from core.withdrawal import Withdrawal


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What a rebuild found.

    Attributes:
        reason: why it was needed; empty for a node's first catalogue.
        lost: manifests that were in effect and cannot be read any more, with the reason. Their
            packs come back with the next poll, and their blobs need not be fetched again.
    """

    reason: str
    lost: dict[Digest, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Opened:
    """An open catalogue, and what had to be done for it."""

    catalogue: Catalogue
    rebuilt: Rebuilt | None


def open_catalogue(state: StateDirectory) -> Opened:
    """Open the catalogue as its writer.

    Raises:
        ExhaustedError: the disk is full, broken or read-only.
        UsageError: this user may not write there, or a newer Packhorse wrote it.
    """
    # Not thorough: it may be large, this is done before every pull, and it can be rebuilt.
    reason = examine(state.catalogue, MIGRATIONS, thorough=False)
    rebuilt = None if reason is None else rebuild(state, reason)
    generations.set_aside(state.catalogue, state.quarantine)
    catalogue, lost = _described(state)
    if lost is not None:
        rebuilt = lost
    # A sound catalogue is right where the list differs: a kill came between the two.
    listed = Listed(catalogue.manifests(), catalogue.withdrawals(), catalogue.wanted())
    if _effective(state)[0] != listed:
        manifest_list.write_list(state.manifests, listed)
    return Opened(catalogue, rebuilt)


def rebuild(state: StateDirectory, reason: str) -> Rebuilt:
    """Make a new catalogue from the manifests in effect and the blobs that are here.

    Raises:
        ExhaustedError: the disk is full, broken or read-only.
    """
    blobs = BlobStore(state.blobs)
    listed, lost = _effective(state)
    # Not to be lost even if the list is: what was withdrawn stays so.
    withdrawals = {**_salvaged(state.catalogue), **listed.withdrawals}
    generation = generations.following(state.catalogue)
    catalogue = _open(generation, None)
    with closing(catalogue):
        for pack, ones in withdrawals.items():
            catalogue.withdraw(pack, ones)
        for pack, portion in listed.wanted.items():
            catalogue.want(pack, portion)
        for digest in listed.manifests:
            try:
                data = blobs.read(digest, limit=MAX_MANIFEST_BYTES)
                catalogue.activate_manifest(decode_manifest(data), digest, blobs.has_durably)
            except RefusedError as error:
                lost[digest] = str(error)
    generations.switch(state.catalogue, generation)
    manifests = [one for one in listed.manifests if one not in lost]
    manifest_list.write_list(state.manifests, Listed(manifests, withdrawals, listed.wanted))
    return Rebuilt(reason, lost)


def _described(state: StateDirectory) -> tuple[Catalogue, Rebuilt | None]:
    """Open a sound catalogue; one of an earlier release gets what that did not read."""
    catalogue = _open(state.catalogue, state.manifests)
    blobs = BlobStore(state.blobs)
    try:
        catalogue.describe(lambda one: decode_manifest(blobs.read(one, limit=MAX_MANIFEST_BYTES)))
    except RefusedError as error:
        catalogue.close()
        rebuilt = rebuild(state, str(error))
        generations.set_aside(state.catalogue, state.quarantine)
        return _open(state.catalogue, state.manifests), rebuilt
    return catalogue, None


def _open(path: Path, manifests: Path | None) -> Catalogue:
    return Catalogue(open_writer(path, MIGRATIONS), path, manifests)


def _effective(state: StateDirectory) -> tuple[Listed, dict[Digest, str]]:
    try:
        return manifest_list.read_list(state.manifests), {}
    except RefusedError as error:
        # Nothing else says which of the stored manifests are in effect; the next poll does.
        return Listed([], {}, {}), {Digest(state.manifests.name): str(error)}


def _salvaged(path: Path) -> dict[str, list[Withdrawal]]:
    """Give the withdrawals of a catalogue that is to be replaced, as far as it can be read."""
    try:
        with closing(open_reader(path)) as connection, sqlite_in_words(path, reading=True):
            return catalogue_withdrawals.salvaged(connection.execute(EVERY).fetchall())
    except (FileNotFoundError, DamagedError):
        return {}
