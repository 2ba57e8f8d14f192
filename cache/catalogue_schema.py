"""The catalogue's structure: what this node holds of which version of which pack.

A pack has versions (each one activated manifest), a version has items and files, an item needs
files, a file is a blob, and a blob is held or not. Three things are derived and kept up to date
by the writer, because the portal asks for them at every page: what a version or an item still
lacks, a pack's newest version, and from which version each item is served. So is the index of
words (``cache.catalogue_search``). What publishers withdrew is not derived from manifests
(``cache.catalogue_withdrawals``), nor is what is wanted of a pack (``cache.catalogue_wanted``).
"""

from typing import Final

from cache import catalogue_forms, catalogue_renditions, catalogue_wanted
from cache.catalogue_search import TABLE
from cache.catalogue_withdrawals import TABLE as WITHDRAWALS
from cache.databases import Migration

MIGRATIONS: Final = (
    Migration(
        "first tables",
        (
            """CREATE TABLE blob (
                id INTEGER PRIMARY KEY,
                digest TEXT NOT NULL UNIQUE,
                size INTEGER NOT NULL,
                held INTEGER NOT NULL DEFAULT 0 CHECK (held IN (0, 1))
            ) STRICT""",
            # activation: rises with every activation, so a publisher may go back a version
            """CREATE TABLE version (
                id INTEGER PRIMARY KEY,
                pack TEXT NOT NULL,
                version INTEGER NOT NULL,
                activation INTEGER NOT NULL UNIQUE,
                manifest TEXT NOT NULL UNIQUE,
                title TEXT NOT NULL,
                language TEXT NOT NULL,
                section TEXT NOT NULL,
                stage TEXT NOT NULL,
                subject TEXT NOT NULL,
                edition TEXT NOT NULL,
                grade TEXT NOT NULL,
                volume TEXT NOT NULL,
                valid_until TEXT,
                size INTEGER NOT NULL DEFAULT 0,
                missing INTEGER NOT NULL DEFAULT 0,
                lacking INTEGER NOT NULL DEFAULT 0
            ) STRICT""",
            "CREATE INDEX version_pack ON version (pack, activation)",
            # size, missing: bytes of distinct blobs that are wanted; lacking: how many blobs are
            # not here, of a version of those that are wanted, of an item of those that it needs
            # in whatever rendition
            """CREATE TABLE item (
                id INTEGER PRIMARY KEY,
                version_id INTEGER NOT NULL REFERENCES version ON DELETE CASCADE,
                name TEXT NOT NULL,
                position INTEGER NOT NULL,
                kind TEXT NOT NULL,
                title TEXT NOT NULL,
                entry TEXT NOT NULL,
                valid_until TEXT,
                size INTEGER NOT NULL DEFAULT 0,
                missing INTEGER NOT NULL DEFAULT 0,
                lacking INTEGER NOT NULL DEFAULT 0,
                UNIQUE (version_id, name)
            ) STRICT""",
            """CREATE TABLE file (
                id INTEGER PRIMARY KEY,
                version_id INTEGER NOT NULL REFERENCES version ON DELETE CASCADE,
                path TEXT NOT NULL,
                blob_id INTEGER NOT NULL REFERENCES blob,
                type TEXT NOT NULL,
                UNIQUE (version_id, path)
            ) STRICT""",
            "CREATE INDEX file_blob ON file (blob_id)",
            """CREATE TABLE item_file (
                item_id INTEGER NOT NULL REFERENCES item ON DELETE CASCADE,
                file_id INTEGER NOT NULL REFERENCES file ON DELETE CASCADE,
                PRIMARY KEY (item_id, file_id)
            ) STRICT, WITHOUT ROWID""",
            "CREATE INDEX item_file_file ON item_file (file_id)",
            """CREATE TABLE pack (
                id TEXT PRIMARY KEY,
                newest INTEGER NOT NULL REFERENCES version
            ) STRICT, WITHOUT ROWID""",
            """CREATE TABLE served (
                pack TEXT NOT NULL,
                name TEXT NOT NULL,
                item_id INTEGER NOT NULL REFERENCES item,
                PRIMARY KEY (pack, name)
            ) STRICT, WITHOUT ROWID""",
            "CREATE UNIQUE INDEX served_item ON served (item_id)",
        ),
    ),
    Migration(
        "search",
        (
            TABLE,
            "CREATE INDEX item_position ON item (version_id, position)",
        ),
    ),
    Migration("withdrawals", (WITHDRAWALS,)),
    Migration(
        "renditions",
        (
            *catalogue_renditions.TABLES,
            catalogue_wanted.TABLE,
            # 0 where an earlier release read the manifest, which knew no renditions nor cues.
            "ALTER TABLE version ADD COLUMN described INTEGER NOT NULL DEFAULT 0",
            # Whether the pack lacks something without it; and, of an item, whether it does.
            "ALTER TABLE file ADD COLUMN wanted INTEGER NOT NULL DEFAULT 1",
            "ALTER TABLE item_file ADD COLUMN wanted INTEGER NOT NULL DEFAULT 1",
            # Whether the item needs it in whatever rendition.
            "ALTER TABLE item_file ADD COLUMN always INTEGER NOT NULL DEFAULT 1",
        ),
    ),
    Migration("forms", (catalogue_forms.TABLE,)),
)
