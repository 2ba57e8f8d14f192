"""The catalogue's rules as SQL: what is wanted, what is lacking, what is served, what is needed."""

import json
import sqlite3
from typing import Final

from cache.catalogue_renditions import COUNT_RENDITIONS, SHOWN_BY, SOUND_ALONE
from cache.catalogue_withdrawals import GONE, WITHDRAWN
from core.rendition import wanted_of

_WANTED_OF_ITEM: Final = """
    UPDATE item_file SET wanted = EXISTS (
        SELECT 1 FROM rendition_file JOIN rendition ON rendition.id = rendition_id
        WHERE rendition_file.file_id = item_file.file_id
        AND rendition.item_id = item_file.item_id AND rendition.wanted)
    WHERE NOT always AND item_id IN (SELECT id FROM item WHERE version_id = :version)
"""
# Of a pack that is here for some of its items alone, what belongs to no item is not wanted.
_WANTED: Final = """
    UPDATE file SET wanted = CASE
        WHEN NOT EXISTS (SELECT 1 FROM item_file WHERE file_id = file.id) THEN :items IS NULL
        ELSE EXISTS (SELECT 1 FROM item_file JOIN item ON item.id = item_id
            WHERE file_id = file.id AND item_file.wanted
            AND (:items IS NULL OR item.name IN (SELECT value FROM json_each(:items))))
        END
    WHERE version_id = :version
"""
_SIZE: Final = """
    UPDATE version SET size = (
        SELECT ifnull(sum(size), 0) FROM (SELECT DISTINCT blob.id, blob.size FROM file
            JOIN blob ON blob.id = blob_id WHERE version_id = version.id AND wanted))
    WHERE id = :version
"""
# What is withdrawn counts for the size, but is not lacking.
_NOT_GONE: Final = f"""
    UPDATE file SET wanted = 0 WHERE version_id = :version AND wanted AND (
        EXISTS (SELECT 1 FROM version WHERE id = :version AND {GONE})
        OR EXISTS (SELECT 1 FROM item_file WHERE file_id = file.id)
        AND NOT EXISTS (SELECT 1 FROM item_file JOIN item ON item.id = item_id
            JOIN version ON version.id = item.version_id
            WHERE file_id = file.id AND item_file.wanted AND NOT {WITHDRAWN}
            AND (:items IS NULL OR item.name IN (SELECT value FROM json_each(:items)))))
"""  # noqa: S608 - only our own texts
_HAS_GONE: Final = """
    SELECT 1 FROM withdrawal JOIN version USING (pack) WHERE version.id = :version LIMIT 1
"""
_LACK: Final = """
    UPDATE version SET (missing, lacking) = (
        SELECT ifnull(sum(size), 0), count(*) FROM (SELECT DISTINCT blob.id, blob.size FROM file
            JOIN blob ON blob.id = blob_id WHERE version_id = version.id AND wanted AND NOT held))
    WHERE id = :version
"""
_COUNT_ITEMS: Final = """
    UPDATE item SET (size, missing, lacking) = (
        SELECT ifnull(sum(size * wanted), 0), ifnull(sum(size * wanted * (1 - held)), 0),
            ifnull(sum(always * (1 - held)), 0)
        FROM (SELECT blob.id, blob.size, blob.held, max(item_file.wanted) AS wanted,
                max(always) AS always
            FROM item_file JOIN file ON file.id = file_id JOIN blob ON blob.id = blob_id
            WHERE item_id = item.id GROUP BY blob.id))
    WHERE version_id = :version
"""
# While only the sound of a newer version is here and pictures are to come, an older one that has
# them is better. All such rank below 0.
_RANK: Final = f"""activation - CASE WHEN item.missing > 0 AND {SOUND_ALONE.format(item="item")}
            THEN 1 << 40 ELSE 0 END"""
# Of several rows of a group, SQLite takes the other columns from the one with the maximum.
SERVE: Final = f"""
    INSERT INTO served (pack, name, item_id)
    SELECT pack, name, item_id FROM (
        SELECT version.pack AS pack, item.name AS name, item.id AS item_id, max({_RANK})
        FROM item JOIN version ON version.id = item.version_id
        JOIN pack ON pack.id = version.pack
        JOIN item AS listed ON listed.version_id = pack.newest AND listed.name = item.name
        WHERE version.pack = :pack AND {SHOWN_BY.format(item="item")} AND NOT {WITHDRAWN}
        GROUP BY item.name)
"""  # noqa: S608 - only our own texts
# Deltas are made from whole versions, so the newest whole one stays until its successor is here.
NEEDED: Final = """
    SELECT newest FROM pack
    UNION SELECT version_id FROM served JOIN item ON item.id = item_id
    UNION SELECT id FROM (
        SELECT version.id, max(activation) FROM version WHERE lacking = 0 GROUP BY version.pack)
    UNION SELECT id FROM (
        SELECT version.id, max(activation) FROM version JOIN pack ON pack.id = version.pack
        WHERE version.id <> newest AND version.pack NOT IN
            (SELECT pack FROM version WHERE lacking = 0)
        GROUP BY version.pack)
"""
PINNED: Final = """
    SELECT version_id FROM file JOIN blob ON blob.id = blob_id
    WHERE held AND digest IN (SELECT value FROM json_each(?))
"""
"""The versions that have any of these blobs (a JSON list)."""
UNNEEDED: Final = f"""
    SELECT digest FROM blob WHERE held AND digest NOT IN (SELECT value FROM json_each(?))
    AND id NOT IN (SELECT blob_id FROM file WHERE version_id IN ({NEEDED}))
"""  # noqa: S608 - only our own texts
"""The blobs that are here for versions alone which stay because of others, those left out."""
_HELD: Final = """
    UPDATE version SET missing = missing + :sign * :size, lacking = lacking + :sign
    WHERE id IN (SELECT version_id FROM file WHERE blob_id = :blob AND wanted)
"""
_HELD_BY_RENDITIONS: Final = """
    UPDATE rendition SET lacking = lacking + :sign
    WHERE id IN (SELECT rendition_id FROM rendition_file JOIN file ON file.id = file_id
        WHERE blob_id = :blob)
"""
_HELD_BY_ITEMS: Final = """
    UPDATE item SET missing = missing + :sign * :size * its.wanted,
        lacking = lacking + :sign * its.always
    FROM (SELECT item_id, max(item_file.wanted) AS wanted, max(always) AS always
        FROM item_file JOIN file ON file.id = file_id WHERE blob_id = :blob GROUP BY item_id)
        AS its
    WHERE item.id = its.item_id RETURNING item.id
"""
_OF_ITEMS: Final = """
    SELECT rendition.id, item_id, name FROM rendition
    WHERE item_id IN (SELECT id FROM item WHERE version_id = ?) ORDER BY item_id, position
"""
_SET_WANTED: Final = "UPDATE rendition SET wanted = ? WHERE id = ?"


def count(connection: sqlite3.Connection, version: int) -> None:
    """Settle what is wanted of a version, and what of that is lacking."""
    row = connection.execute(
        "SELECT renditions, items FROM wanted JOIN version USING (pack) WHERE id = ?", (version,)
    ).fetchone()
    renditions, items = row or ("[]", None)
    _choose_renditions(connection, version, json.loads(renditions))
    values = {"version": version, "items": items}
    for sql in (COUNT_RENDITIONS, _WANTED_OF_ITEM, _COUNT_ITEMS, _WANTED, _SIZE):
        connection.execute(sql, values)
    if connection.execute(_HAS_GONE, values).fetchone():
        connection.execute(_NOT_GONE, values)
    connection.execute(_LACK, values)


def hold(connection: sqlite3.Connection, digest: str, held: int) -> list[int]:
    """Change whether a blob is here, and what depends on it; give the items that have it."""
    row = connection.execute(
        "UPDATE blob SET held = ? WHERE digest = ? AND held <> ? RETURNING id, size",
        (held, digest, held),
    ).fetchone()
    if row is None:
        return []
    values = {"blob": row[0], "size": row[1], "sign": -1 if held else 1}
    connection.execute(_HELD, values)
    connection.execute(_HELD_BY_RENDITIONS, values)
    return [int(item) for (item,) in connection.execute(_HELD_BY_ITEMS, values).fetchall()]


def _choose_renditions(connection: sqlite3.Connection, version: int, names: list[str]) -> None:
    there: dict[int, dict[str, int]] = {}
    for rendition, item, name in connection.execute(_OF_ITEMS, (version,)):
        there.setdefault(item, {})[name] = rendition
    connection.executemany(
        _SET_WANTED,
        (
            (int(name in chosen), rendition)
            for its in there.values()
            for chosen in [wanted_of(names, list(its))]
            for name, rendition in its.items()
        ),
    )
