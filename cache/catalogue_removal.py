"""Taking a whole pack out of the catalogue, and what that would give back."""

import json
import sqlite3
from collections.abc import Collection
from typing import Final

from cache import catalogue_wanted
from core.wanted import EVERYTHING

# Of what several packs have, nothing is given back by one of them.
_OWN: Final = """
    SELECT pack, sum(size) FROM (
        SELECT DISTINCT version.pack AS pack, blob.id, blob.size FROM version
        JOIN file ON version_id = version.id JOIN blob ON blob.id = blob_id
        WHERE held AND version.pack IN (SELECT value FROM json_each(?))
        AND NOT EXISTS (SELECT 1 FROM file AS other JOIN version AS its ON its.id = other.version_id
            WHERE other.blob_id = blob.id AND its.pack <> version.pack))
    GROUP BY pack
"""
_WITH_ANY: Final = """
    SELECT DISTINCT pack FROM version JOIN file ON version_id = version.id
    JOIN blob ON blob.id = blob_id WHERE held AND digest IN (SELECT value FROM json_each(?))
"""


def own_bytes(connection: sqlite3.Connection, packs: Collection[str]) -> dict[str, int]:
    """Give, for each of these packs, the bytes of what is here for it alone."""
    return dict(connection.execute(_OWN, (json.dumps(sorted(packs)),)).fetchall())


def with_any(connection: sqlite3.Connection, digests: Collection[str]) -> set[str]:
    """Name the packs that have any of these blobs, of which they are here."""
    rows = connection.execute(_WITH_ANY, (json.dumps(sorted(digests)),))
    return {pack for (pack,) in rows.fetchall()}


def hide(connection: sqlite3.Connection, pack: str) -> None:
    """Let a pack be neither served nor named; the caller has begun a transaction."""
    connection.execute("DELETE FROM served WHERE pack = ?", (pack,))
    connection.execute("DELETE FROM pack WHERE id = ?", (pack,))
    catalogue_wanted.replace(connection, pack, EVERYTHING)


def drop(connection: sqlite3.Connection, pack: str) -> tuple[list[str], list[str]]:
    """Remove a hidden pack's versions; the caller has begun a transaction.

    Returns:
        Digests of their manifests, and of blobs that are here and that nothing names any more.
    """
    manifests = connection.execute(
        "DELETE FROM version WHERE pack = ? RETURNING manifest", (pack,)
    ).fetchall()
    blobs = connection.execute(
        "DELETE FROM blob WHERE id NOT IN (SELECT blob_id FROM file) RETURNING digest, held"
    ).fetchall()
    return [one for (one,) in manifests], [digest for digest, held in blobs if held]
