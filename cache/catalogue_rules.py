"""The catalogue's rules as SQL: what is lacking, what is served, what is still needed."""

from typing import Final

from cache.catalogue_withdrawals import WITHDRAWN

_COUNT: Final = """
    UPDATE {table} SET (size, missing, lacking) = (
        SELECT ifnull(sum(size), 0), ifnull(sum(size * (1 - held)), 0), ifnull(sum(1 - held), 0)
        FROM (SELECT DISTINCT blob.id, blob.size, blob.held FROM {files}))
    WHERE {mine} = :version
"""
COUNT_VERSION: Final = _COUNT.format(
    table="version",
    files="file JOIN blob ON blob.id = blob_id WHERE version_id = version.id",
    mine="id",
)
COUNT_ITEMS: Final = _COUNT.format(
    table="item",
    files="item_file JOIN file ON file.id = file_id JOIN blob ON blob.id = blob_id"
    " WHERE item_id = item.id",
    mine="version_id",
)
# Of several rows of a group, SQLite takes the other columns from the one with the maximum.
SERVE: Final = f"""
    INSERT INTO served (pack, name, item_id)
    SELECT pack, name, item_id FROM (
        SELECT version.pack AS pack, item.name AS name, item.id AS item_id, max(activation)
        FROM item JOIN version ON version.id = item.version_id
        JOIN pack ON pack.id = version.pack
        JOIN item AS listed ON listed.version_id = pack.newest AND listed.name = item.name
        WHERE version.pack = :pack AND item.lacking = 0 AND NOT {WITHDRAWN} GROUP BY item.name)
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
