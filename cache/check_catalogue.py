"""Checks of the catalogue against the blobs and the manifests it was made from."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final, NamedTuple

from cache import catalogue_wanted, catalogue_withdrawals, manifest_list
from cache.blobs import BlobStore, Condition
from cache.catalogue import Catalogue
from cache.catalogue_schema import MIGRATIONS
from cache.catalogue_withdrawals import EVERY, WITHDRAWN
from cache.databases import DamagedError, open_reader, require_sound, sqlite_in_words
from cache.finding import Finding
from cache.manifest_list import Listed
from cache.state import StateDirectory
from core.digest import Digest
from core.errors import RefusedError
from core.manifest import MAX_MANIFEST_BYTES, decode_manifest

# All that a catalogue says, without the numbers of its rows.
_SAYINGS: Final = """
    SELECT pack, version, manifest, title, language, section, stage, subject, edition, grade,
        volume, valid_until, size, missing, lacking
    FROM version ORDER BY activation;
    SELECT manifest, name, position, kind, item.title, entry, item.valid_until, item.size,
        item.missing, item.lacking
    FROM item JOIN version ON version.id = version_id ORDER BY 1, 2;
    SELECT manifest, item.name, rendition.position, rendition.name, rendition.path, document,
        wanted, rendition.lacking
    FROM rendition JOIN item ON item.id = item_id JOIN version ON version.id = version_id
    ORDER BY 1, 2, 3;
    SELECT manifest, item.name, rendition.position, file.path FROM rendition_file
    JOIN rendition ON rendition.id = rendition_id JOIN item ON item.id = item_id
    JOIN file ON file.id = file_id JOIN version ON version.id = file.version_id
    ORDER BY 1, 2, 3, 4;
    SELECT manifest, item.name, document FROM cue JOIN item ON item.id = item_id
    JOIN version ON version.id = version_id ORDER BY 1, 2;
    SELECT manifest, path, digest, blob.size, type, wanted
    FROM file JOIN version ON version.id = version_id JOIN blob ON blob.id = blob_id ORDER BY 1, 2;
    SELECT manifest, name, path, item_file.wanted, always FROM item_file
    JOIN item ON item.id = item_id JOIN file ON file.id = file_id
    JOIN version ON version.id = file.version_id ORDER BY 1, 2, 3;
    SELECT served.pack, served.name, manifest FROM served JOIN item ON item.id = item_id
    JOIN version ON version.id = version_id ORDER BY 1, 2;
    SELECT pack.id, manifest FROM pack JOIN version ON version.id = newest ORDER BY 1;
    SELECT pack, item, version, reason, at FROM withdrawal ORDER BY 1, 2, 3;
    SELECT pack, renditions, items FROM wanted ORDER BY 1
"""
_SERVED_THOUGH_WITHDRAWN: Final = f"""
    SELECT DISTINCT version.pack, item.name FROM served JOIN item ON item.id = item_id
    JOIN version ON version.id = version_id WHERE {WITHDRAWN} ORDER BY 1, 2 LIMIT 20
"""  # noqa: S608 - only our own texts
_HELD: Final = "SELECT digest, size FROM blob WHERE held ORDER BY digest"
_MANIFESTS: Final = "SELECT manifest FROM version ORDER BY activation"


class _Said(NamedTuple):
    """What a catalogue says: what is in effect, everything, and what it should not serve."""

    listed: Listed
    sayings: list[list[tuple[object, ...]]]
    shown: list[tuple[str, str]]


def check_catalogue(state: StateDirectory, *, deep: bool) -> Iterator[Finding]:
    """Check that the catalogue is whole, names only blobs that are here, and says the truth.

    Args:
        state: the node's state directory.
        deep: hash every blob that it names.

    Raises:
        ExhaustedError: the disk is broken.
    """
    try:
        with (
            sqlite_in_words(state.catalogue, reading=True),
            closing(open_reader(state.catalogue)) as connection,
        ):
            require_sound(connection, state.catalogue)
            connection.execute("BEGIN")
            held = {Digest(digest): size for digest, size in connection.execute(_HELD)}
            said = _said(connection) if _is_current(connection) else None
    except FileNotFoundError:
        yield from _check_absence(state)
        return
    except DamagedError:
        yield Finding("The catalogue is damaged.")
        return
    blobs = BlobStore(state.blobs)
    for digest, size in held.items():
        yield from _check_blob(blobs, digest, size, deep=deep)
    if said is None:
        # Of an earlier release, which said less; it is brought up to date at the next pull.
        return
    for pack, item in said.shown:
        yield Finding("{item} of {pack} is served, though its publisher withdrew it.",
                      fields={"pack": pack, "item": item})  # fmt: skip
    yield from _check_sayings(blobs, said.listed, held, said.sayings)
    yield from _check_list(state, said.listed)


def _is_current(connection: sqlite3.Connection) -> bool:
    known = {migration.name for migration in MIGRATIONS}
    return known <= {name for (name,) in connection.execute("SELECT name FROM migration")}


def _said(connection: sqlite3.Connection) -> _Said:
    manifests = [Digest(one) for (one,) in connection.execute(_MANIFESTS)]
    withdrawals = catalogue_withdrawals.grouped(connection.execute(EVERY))
    wanted = catalogue_wanted.portions(connection.execute(catalogue_wanted.EVERY))
    return _Said(
        Listed(manifests, withdrawals, wanted),
        _sayings(connection),
        connection.execute(_SERVED_THOUGH_WITHDRAWN).fetchall(),
    )


def _check_absence(state: StateDirectory) -> Iterator[Finding]:
    if state.manifests.exists():
        yield Finding("The catalogue is missing.")


def _check_blob(blobs: BlobStore, digest: Digest, size: int, *, deep: bool) -> Iterator[Finding]:
    there = blobs.size(digest)
    condition = Condition.WHOLE
    if there is None:
        condition = Condition.MISSING
    elif there != size:
        condition = Condition.DAMAGED
    elif deep:
        condition = blobs.verify(digest)
    if condition is not Condition.WHOLE:
        template = (
            "The blob {digest} is missing, though the catalogue names it."
            if condition is Condition.MISSING
            else "The blob {digest} is damaged."
        )
        yield Finding(template, fields={"digest": digest}, blob=digest)


def _check_sayings(
    blobs: BlobStore,
    listed: Listed,
    held: dict[Digest, int],
    sayings: list[list[tuple[object, ...]]],
) -> Iterator[Finding]:
    """Compare the catalogue with one that is made afresh from the same manifests and blobs."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    with closing(connection):
        for migration in MIGRATIONS:
            for statement in migration.statements:
                connection.execute(statement)
        fresh = Catalogue(connection, Path(":memory:"), None)
        for pack, ones in listed.withdrawals.items():
            fresh.withdraw(pack, ones)
        for pack, portion in listed.wanted.items():
            fresh.want(pack, portion)
        manifests = listed.manifests
        for digest in manifests:
            try:
                manifest = decode_manifest(blobs.read(digest, limit=MAX_MANIFEST_BYTES))
            except RefusedError as error:
                reason = str(error)
                yield Finding(
                    "A manifest cannot be read: {reason}", fields={"reason": reason}, blob=digest
                )
                return
            fresh.activate_manifest(manifest, digest, lambda one: one in held or one in manifests)
        if _sayings(connection) != sayings:
            yield Finding("The catalogue does not say what the manifests say.")


def _check_list(state: StateDirectory, listed: Listed) -> Iterator[Finding]:
    try:
        # It may name more: it is written before the catalogue has a manifest or a withdrawal.
        found = manifest_list.read_list(state.manifests)
    except RefusedError as error:
        yield Finding("{reason}", fields={"reason": str(error)})
        return
    fields: dict[str, object] = {"file": state.manifests.name}
    if not set(listed.manifests) <= set(found.manifests):
        yield Finding("{file} lacks manifests that the catalogue has.", fields=fields)
    for pack, ones in listed.withdrawals.items():
        if not set(ones) <= set(found.withdrawals.get(pack, [])):
            yield Finding("{file} lacks withdrawals that the catalogue has.", fields=fields)
            return


def _sayings(connection: sqlite3.Connection) -> list[list[tuple[object, ...]]]:
    return [connection.execute(sql).fetchall() for sql in _SAYINGS.split(";")]
