"""The questions that the catalogue's readers ask, in SQL."""

from typing import Final

from cache.catalogue_forms import OF_NEWEST
from cache.catalogue_renditions import OPENED_BY, SOUND_ALONE
from cache.catalogue_withdrawals import WITHDRAWN

PACKS: Final = f"""
    SELECT pack.id, version, manifest, title, language, section, stage, subject, edition, grade,
        volume, valid_until, {OF_NEWEST} AS form,
        (SELECT count(*) FROM item WHERE version_id = newest) AS items,
        CASE WHEN EXISTS (SELECT 1 FROM withdrawal WHERE withdrawal.pack = version.pack)
            THEN (SELECT count(*) FROM item WHERE version_id = newest AND {WITHDRAWN})
            ELSE 0 END AS withdrawn,
        (SELECT count(*) FROM served WHERE served.pack = pack.id) AS served,
        (SELECT count(*) FROM served JOIN item ON item.id = item_id
            WHERE served.pack = pack.id AND version_id = newest) AS current,
        (SELECT count(*) FROM served JOIN item ON item.id = item_id
            WHERE served.pack = pack.id AND version_id = newest
            AND {SOUND_ALONE.format(item="item")}) AS sound_alone,
        size, missing
    FROM pack JOIN version ON version.id = newest
"""  # noqa: S608 - only our own texts
ITEMS: Final = f"""
    SELECT pack.id AS pack, listed.name AS id, its.version, version.version AS newest,
        listed.position, ifnull(here.title, listed.title) AS title,
        ifnull(here.kind, listed.kind) AS kind,
        CASE WHEN here.id IS NULL THEN listed.entry
            ELSE {OPENED_BY.format(item="here")} END AS entry,
        CASE WHEN here.id IS NULL THEN listed.valid_until ELSE here.valid_until END AS valid_until,
        here.id IS NOT NULL AND {SOUND_ALONE.format(item="here")} AS sound_alone,
        listed.size, listed.missing
    FROM pack JOIN version ON version.id = newest
    JOIN item AS listed ON listed.version_id = newest
    LEFT JOIN served ON served.pack = pack.id AND served.name = listed.name
    LEFT JOIN item AS here ON here.id = served.item_id
    LEFT JOIN version AS its ON its.id = here.version_id
    WHERE pack.id = ?
"""  # noqa: S608 - only our own texts
POSITION: Final = """
    SELECT position FROM pack JOIN item ON version_id = newest WHERE pack.id = ? AND name = ?
"""
FILES: Final = """
    SELECT served.pack, served.name AS item, version, path, digest, blob.size, type
    FROM served JOIN item ON item.id = served.item_id JOIN version ON version.id = item.version_id
    JOIN item_file ON item_file.item_id = item.id JOIN file ON file.id = file_id
    JOIN blob ON blob.id = blob_id
    WHERE served.pack = ? AND served.name = ? AND held
"""
SERVED_TYPE: Final = """
    SELECT type FROM blob JOIN file ON blob_id = blob.id JOIN item_file ON file_id = file.id
    JOIN served USING (item_id) WHERE digest = ? AND held ORDER BY type LIMIT 1
"""
# Of a version that may be superseded.
PINNED_TYPE: Final = f"""
    SELECT type FROM blob JOIN file ON blob_id = blob.id JOIN item_file ON file_id = file.id
    JOIN item ON item.id = item_id JOIN version ON version.id = item.version_id
    WHERE digest = ? AND held AND NOT {WITHDRAWN} ORDER BY type LIMIT 1
"""  # noqa: S608 - only our own texts
