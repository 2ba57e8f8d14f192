"""Renditions and cues in the catalogue: kept as the manifest gives them, each rendition counted.

An item is here when the files that it needs in whatever rendition are, and any one rendition is
whole: its own file and its pictures.
"""

import sqlite3
from collections.abc import Callable
from typing import Any, Final

import msgspec

from cache import catalogue_forms
from core.codec import json_decoder
from core.cues import Cue
from core.digest import Digest
from core.manifest import Manifest
from core.rendition import Rendition

TABLES: Final = (
    # position: from the best on; lacking: how many of its blobs are not here
    """CREATE TABLE rendition (
        id INTEGER PRIMARY KEY,
        item_id INTEGER NOT NULL REFERENCES item ON DELETE CASCADE,
        position INTEGER NOT NULL,
        name TEXT NOT NULL,
        path TEXT NOT NULL,
        document TEXT NOT NULL,
        wanted INTEGER NOT NULL DEFAULT 1 CHECK (wanted IN (0, 1)),
        lacking INTEGER NOT NULL DEFAULT 0,
        UNIQUE (item_id, position)
    ) STRICT""",
    """CREATE TABLE rendition_file (
        rendition_id INTEGER NOT NULL REFERENCES rendition ON DELETE CASCADE,
        file_id INTEGER NOT NULL REFERENCES file ON DELETE CASCADE,
        PRIMARY KEY (rendition_id, file_id)
    ) STRICT, WITHOUT ROWID""",
    "CREATE INDEX rendition_file_file ON rendition_file (file_id)",
    """CREATE TABLE cue (
        item_id INTEGER PRIMARY KEY REFERENCES item ON DELETE CASCADE,
        document TEXT NOT NULL
    ) STRICT""",
)
STAND_INS: Final = {
    "rendition": "id, item_id, position, name, path, document, wanted, lacking",
    "rendition_file": "rendition_id, file_id",
    "cue": "item_id, document",
}
"""The columns of the tables that a catalogue of an earlier release has not."""
SHOWN_BY: Final = (
    "({item}.lacking = 0 AND (NOT EXISTS (SELECT 1 FROM rendition WHERE item_id = {item}.id)"
    " OR EXISTS (SELECT 1 FROM rendition WHERE item_id = {item}.id AND rendition.lacking = 0)))"
)
"""Whether a row of ``item`` can be shown."""
SOUND_ALONE: Final = (
    "({item}.kind = 'video' AND EXISTS (SELECT 1 FROM rendition WHERE item_id = {item}.id)"
    " AND NOT EXISTS (SELECT 1 FROM rendition WHERE item_id = {item}.id"
    " AND rendition.lacking = 0 AND rendition.name <> 'audio'))"
)
"""Whether of a row of ``item`` that can be shown, a video, only the sound is here."""
OPENED_BY: Final = """
    CASE WHEN EXISTS (SELECT 1 FROM rendition WHERE item_id = {item}.id AND path = {item}.entry)
    THEN (SELECT path FROM rendition WHERE item_id = {item}.id AND lacking = 0
        ORDER BY position LIMIT 1)
    ELSE {item}.entry END
"""
"""Path of the file that opens a row of ``item`` which can be shown."""
RENDITIONS: Final = """
    SELECT rendition.id, document, lacking FROM served JOIN rendition USING (item_id)
    WHERE pack = ? AND served.name = ? ORDER BY position
"""
RENDITION_FILES: Final = """
    SELECT file.path, digest FROM served JOIN rendition USING (item_id)
    JOIN rendition_file ON rendition_id = rendition.id
    JOIN file ON file.id = file_id JOIN blob ON blob.id = blob_id
    WHERE pack = ? AND served.name = ?
"""
CUES: Final = "SELECT document FROM served JOIN cue USING (item_id) WHERE pack = ? AND name = ?"
COUNT_RENDITIONS: Final = """
    UPDATE rendition SET lacking = (
        SELECT ifnull(sum(1 - held), 0) FROM (SELECT DISTINCT blob.id, held FROM rendition_file
            JOIN file ON file.id = file_id JOIN blob ON blob.id = blob_id
            WHERE rendition_id = rendition.id))
    WHERE item_id IN (SELECT id FROM item WHERE version_id = :version)
"""
_ALWAYS: Final = """
    UPDATE item_file SET always = 0
    WHERE item_id IN (SELECT item_id FROM rendition JOIN item ON item.id = item_id
            WHERE version_id = :version)
        AND EXISTS (SELECT 1 FROM rendition_file JOIN rendition ON rendition.id = rendition_id
            WHERE rendition_file.file_id = item_file.file_id
            AND rendition.item_id = item_file.item_id)
"""
_UNDESCRIBED: Final = "SELECT id, manifest FROM version WHERE NOT described ORDER BY activation"
_encoder: Final = msgspec.json.Encoder()
_cues: Final = json_decoder(list[Cue])
_rendition: Final = json_decoder(Rendition)


def insert(connection: sqlite3.Connection, manifest: Manifest, version: int) -> None:
    """Insert the renditions and cues of a version whose items and files are there."""
    for item in manifest.items:
        if not item.renditions and not item.cues:
            continue
        (number,) = connection.execute(
            "SELECT id FROM item WHERE version_id = ? AND name = ?", (version, item.id)
        ).fetchone()
        if item.cues:
            text = _encoder.encode(item.cues).decode()
            connection.execute("INSERT INTO cue VALUES (?, ?)", (number, text))
        for position, one in enumerate(item.renditions):
            row = connection.execute(
                "INSERT INTO rendition (item_id, position, name, path, document)"
                " VALUES (?, ?, ?, ?, ?)",
                (number, position, one.name, one.path, _encoder.encode(one).decode()),
            ).lastrowid
            connection.executemany(
                "INSERT INTO rendition_file SELECT ?, id FROM file"
                " WHERE version_id = ? AND path = ?",
                ((row, version, path) for path in one.files),
            )
    connection.execute(_ALWAYS, {"version": version})


def describe_missing(
    connection: sqlite3.Connection, manifest: Callable[[Digest], Manifest]
) -> list[int]:
    """Add what an earlier release did not read; the caller has begun a transaction.

    Args:
        connection: of the catalogue's writer.
        manifest: gives a manifest in effect.

    Returns:
        The rows of the versions that have to be counted again.
    """
    rows = connection.execute(_UNDESCRIBED).fetchall()
    for version, digest in rows:
        read = manifest(Digest(digest))
        insert(connection, read, version)
        catalogue_forms.insert(connection, read, version)
        connection.execute("UPDATE version SET described = 1 WHERE id = ?", (version,))
    return [int(version) for version, _ in rows]


def decode_rendition(document: str) -> Rendition:
    """Give a rendition back.

    Raises:
        ValueError: the row is damaged.
    """
    return _rendition.decode(document)


def decode_cues(document: Any) -> list[Cue]:  # noqa: ANN401 - a damaged row gives anything
    """Give an item's cues back.

    Raises:
        ValueError: the row is damaged.
    """
    return _cues.decode(document)
