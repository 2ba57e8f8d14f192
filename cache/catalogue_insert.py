"""How a manifest becomes rows."""

import json
from bisect import bisect_left
from collections.abc import Iterator
from typing import Final

from sqlite_utils import Database

from cache import catalogue_forms, catalogue_renditions
from core.digest import Digest
from core.manifest import Manifest

_DETAILS: Final = (
    "pack", "version", "language", "section", "stage", "subject", "edition", "grade", "volume",
    "valid_until",
)  # fmt: skip
_LAST_CHARACTER: Final = chr(0x10FFFF)


def insert_version(database: Database, manifest: Manifest, digest: Digest, activation: int) -> int:
    """Insert a version with its items and files, nothing of it counted yet; give its row.

    Args:
        database: the catalogue, in a transaction.
        manifest: the version.
        digest: of the manifest's bytes.
        activation: number of this activation.
    """
    row = {name: getattr(manifest, name) for name in _DETAILS}
    table = database.table("version")
    table.insert({
        **row, "title": _text(manifest.title), "manifest": digest, "activation": activation,
        "described": 1,
    })  # fmt: skip
    version = int(next(table.rows_where("manifest = ?", [digest], select="id"))["id"])
    database.table("blob").insert_all(
        ({"digest": digest, "size": size} for digest, size in manifest.digests().items()),
        ignore=True,
    )
    database.conn.executemany(
        "INSERT INTO file (version_id, path, blob_id, type)"
        " SELECT ?, ?, id, ? FROM blob WHERE digest = ?",
        ((version, file.path, file.type, file.digest) for file in manifest.files),
    )
    _insert_items(database, manifest, version)
    catalogue_renditions.insert(database.conn, manifest, version)
    catalogue_forms.insert(database.conn, manifest, version)
    return version


def _insert_items(database: Database, manifest: Manifest, version: int) -> None:
    database.table("item").insert_all(
        {
            "version_id": version,
            "name": item.id,
            "position": position,
            "kind": item.kind,
            "title": _text(item.title),
            "entry": item.entry,
            "valid_until": item.valid_until,
        }
        for position, item in enumerate(manifest.items)
    )
    database.conn.executemany(
        "INSERT INTO item_file (item_id, file_id)"
        " SELECT item.id, file.id FROM item JOIN file USING (version_id) WHERE version_id = ?"
        " AND name = ? AND path = ?",
        ((version, name, path) for name, path in item_paths(manifest)),
    )


def item_paths(manifest: Manifest) -> Iterator[tuple[str, str]]:
    """Give (item, path) for every file that each item needs, once.

    The same as ``Manifest.files_of`` for all items together, in time that grows with the answer.
    """
    paths = [file.path for file in manifest.files]
    for item in manifest.items:
        needed = {item.entry}
        for name in item.paths:
            if name.endswith("/"):
                end = bisect_left(paths, name + _LAST_CHARACTER)
                needed.update(paths[bisect_left(paths, name) : end])
            else:
                needed.add(name)
        for path in sorted(needed):
            yield item.id, path


def _text(titles: dict[str, str]) -> str:
    return json.dumps(titles, ensure_ascii=False, sort_keys=True)
