"""The catalogue's readers: the portal, and the agent's status. Standard library only.

A reader follows the catalogue: when a rebuilt one takes its place it is opened at the next
question. Where there is none yet, everything is empty. A damaged catalogue is an
``UnavailableError``: the agent rebuilds it, and the page says so meanwhile.
"""

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cache.catalogue_search import HITS, match_of
from cache.catalogue_withdrawals import EVERY, OF_PACK, WITHDRAWN, grouped
from cache.databases import DamagedError, open_reader, sqlite_in_words
from core.digest import Digest
from core.errors import UnavailableError
from core.withdrawal import Withdrawal, covering, covering_pack

MAX_ITEMS: Final = 10_000
"""As many items as a manifest may list."""


@dataclass(frozen=True, slots=True)
class CataloguePack:
    """A pack, as its newest activated version describes it.

    Attributes:
        version: the newest version's number.
        manifest: digest of its manifest.
        title: text by language.
        items: how many items it lists.
        withdrawn: how many of them are withdrawn at that version.
        served: how many of them can be opened, at whatever version.
        current: how many of them are served from this very version.
        size: bytes of its distinct blobs.
        missing: bytes of those that are wanted and not here.
        withdrawal: what took the whole pack back, or all of this version; None if nothing did.
    """

    id: str
    version: int
    manifest: Digest
    title: Mapping[str, str]
    language: str
    section: str
    stage: str
    subject: str
    edition: str
    grade: str
    volume: str
    valid_until: str | None
    items: int
    served: int
    current: int
    size: int
    missing: int
    withdrawn: int = 0
    withdrawal: Withdrawal | None = None

    @property
    def available(self) -> int:
        """How many items there are but for those that are withdrawn."""
        return self.items - self.withdrawn


@dataclass(frozen=True, slots=True)
class CatalogueItem:
    """An item, as the served version describes it, or the newest when none is served.

    Attributes:
        version: the version that is served; None when the item is not here yet.
        newest: the version that the pack would like to serve.
        entry: path of the file that opens it.
        size: bytes of its blobs in the newest version.
        missing: bytes of those that are not here.
        withdrawal: what took it back; None when it is served or only not here yet.
    """

    pack: str
    id: str
    version: int | None
    newest: int
    position: int
    title: Mapping[str, str]
    kind: str
    entry: str
    valid_until: str | None
    size: int
    missing: int
    withdrawal: Withdrawal | None = None

    @property
    def is_served(self) -> bool:
        """Say whether it can be opened now."""
        return self.version is not None


@dataclass(frozen=True, slots=True)
class CatalogueFile:
    """A file of a served item."""

    pack: str
    item: str
    version: int
    path: str
    digest: Digest
    size: int
    type: str


@dataclass(frozen=True, slots=True)
class CatalogueHit:
    """A pack or an item that a search found.

    Attributes:
        item: the item's id; None for a pack.
        kind: the item's kind; empty for a pack.
        is_served: whether it, or any item of the pack, can be opened now.
        is_withdrawn: whether it is not, because its publisher took it back.
    """

    pack: str
    pack_title: Mapping[str, str]
    item: str | None
    title: Mapping[str, str]
    kind: str
    is_served: bool
    is_withdrawn: bool = False


_PACKS: Final = f"""
    SELECT pack.id, version, manifest, title, language, section, stage, subject, edition, grade,
        volume, valid_until,
        (SELECT count(*) FROM item WHERE version_id = newest) AS items,
        CASE WHEN EXISTS (SELECT 1 FROM withdrawal WHERE withdrawal.pack = version.pack)
            THEN (SELECT count(*) FROM item WHERE version_id = newest AND {WITHDRAWN})
            ELSE 0 END AS withdrawn,
        (SELECT count(*) FROM served WHERE served.pack = pack.id) AS served,
        (SELECT count(*) FROM served JOIN item ON item.id = item_id
            WHERE served.pack = pack.id AND version_id = newest) AS current,
        size, missing
    FROM pack JOIN version ON version.id = newest
"""  # noqa: S608 - only our own texts
_ITEMS: Final = """
    SELECT pack.id AS pack, listed.name AS id, its.version, version.version AS newest,
        listed.position, ifnull(here.title, listed.title) AS title,
        ifnull(here.kind, listed.kind) AS kind, ifnull(here.entry, listed.entry) AS entry,
        CASE WHEN here.id IS NULL THEN listed.valid_until ELSE here.valid_until END AS valid_until,
        listed.size, listed.missing
    FROM pack JOIN version ON version.id = newest
    JOIN item AS listed ON listed.version_id = newest
    LEFT JOIN served ON served.pack = pack.id AND served.name = listed.name
    LEFT JOIN item AS here ON here.id = served.item_id
    LEFT JOIN version AS its ON its.id = here.version_id
    WHERE pack.id = ?
"""
_POSITION: Final = """
    SELECT position FROM pack JOIN item ON version_id = newest WHERE pack.id = ? AND name = ?
"""
_FILES: Final = """
    SELECT served.pack, served.name AS item, version, path, digest, blob.size, type
    FROM served JOIN item ON item.id = served.item_id JOIN version ON version.id = item.version_id
    JOIN item_file ON item_file.item_id = item.id JOIN file ON file.id = file_id
    JOIN blob ON blob.id = blob_id
    WHERE served.pack = ? AND served.name = ?
"""
_SERVED_TYPE: Final = """
    SELECT type FROM blob JOIN file ON blob_id = blob.id JOIN item_file ON file_id = file.id
    JOIN served USING (item_id) WHERE digest = ? ORDER BY type LIMIT 1
"""


_NOTHING_WITHDRAWN: Final = """
    CREATE TEMP VIEW IF NOT EXISTS withdrawal (pack, item, version, reason, at)
    AS SELECT '', '', 0, '', '' WHERE 0
"""
_NO_STAND_IN: Final = "DROP VIEW IF EXISTS temp.withdrawal"


class CatalogueReader:
    """Reads the catalogue that ``path`` names at each moment."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None
        self._identity: tuple[int, int] | None = None
        self._is_older = True
        self._packs: list[CataloguePack] = []
        self._packs_state: tuple[list[int], tuple[int, int] | None] | None = None

    def packs(self) -> list[CataloguePack]:
        """Give all packs, by id."""
        # Counts every item, and is asked for by everyone who comes; so it is kept until the
        # writer has committed something.
        state = [row[0] for row in self._rows("PRAGMA data_version")], self._identity
        if state != self._packs_state:
            withdrawn = self._withdrawals()
            rows = self._rows(f"{_PACKS} ORDER BY pack.id")
            self._packs = [_pack(row, withdrawn.get(row["id"], [])) for row in rows]
            self._packs_state = state
        return list(self._packs)

    def pack(self, pack: str) -> CataloguePack | None:
        """Give one pack, or None."""
        rows = self._rows(f"{_PACKS} WHERE pack.id = ?", pack)
        withdrawn = self._withdrawals(pack).get(pack, []) if rows else []
        return next((_pack(row, withdrawn) for row in rows), None)

    def has_packs(self) -> bool:
        """Say whether there is any pack."""
        return bool(self._rows("SELECT 1 FROM pack LIMIT 1"))

    def items(self, pack: str, first: int = 0, count: int = MAX_ITEMS) -> list[CatalogueItem]:
        """Give a pack's items in teaching order, those that are not here included.

        Args:
            pack: its id.
            first: how many to leave out at the beginning.
            count: how many to give at most.
        """
        sql = f"{_ITEMS} AND listed.position >= ? AND listed.position < ? ORDER BY listed.position"
        withdrawn = self._withdrawals(pack).get(pack, [])
        return [_item(row, withdrawn) for row in self._rows(sql, pack, first, first + count)]

    def around(self, pack: str, item: str) -> list[CatalogueItem]:
        """Give an item and those just before and after it; nothing when there is none."""
        found = self._rows(_POSITION, pack, item)
        return self.items(pack, found[0]["position"] - 1, 3) if found else []

    def item(self, pack: str, item: str) -> CatalogueItem | None:
        """Give one item, or None."""
        rows = self._rows(f"{_ITEMS} AND listed.name = ?", pack, item)
        withdrawn = self._withdrawals(pack).get(pack, []) if rows else []
        return next((_item(row, withdrawn) for row in rows), None)

    def files(self, pack: str, item: str) -> list[CatalogueFile]:
        """Give the files of a served item by path; none when it is not served."""
        return [_file(row) for row in self._rows(f"{_FILES} ORDER BY path", pack, item)]

    def file(self, pack: str, item: str, path: str) -> CatalogueFile | None:
        """Give one file of a served item, or None."""
        return next(map(_file, self._rows(f"{_FILES} AND path = ?", pack, item, path)), None)

    def digest_served(self, digest: str) -> str | None:
        """Give the media type of a blob that some served item names, or None."""
        return next((str(row["type"]) for row in self._rows(_SERVED_TYPE, digest)), None)

    def search(self, query: str, limit: int) -> list[CatalogueHit]:
        """Give packs, then items, whose titles, subject or grade have all words of a query.

        Args:
            query: whatever a person typed; what follows ``MAX_QUERY`` characters is not read.
            limit: how many to give at most.
        """
        exact, loose = match_of(query), match_of(query, loose=True)
        for match in dict.fromkeys((exact, loose)):
            rows = self._rows(HITS, match, limit) if match else []
            if rows:
                return [_hit(row) for row in rows]
        return []

    def __del__(self) -> None:
        # A reader may be made for one question and dropped.
        self.close()

    def close(self) -> None:
        """Close the file; the next question opens it again."""
        if self._connection is not None:
            self._connection.close()
        self._connection = self._identity = self._packs_state = None
        self._is_older = True

    def _withdrawals(self, pack: str | None = None) -> dict[str, list[Withdrawal]]:
        rows = self._rows(EVERY) if pack is None else self._rows(OF_PACK, pack)
        return grouped(tuple(row) for row in rows)

    def _rows(self, sql: str, *values: str | int) -> list[sqlite3.Row]:
        try:
            connection = self._current()
            if connection is None:
                return []
            with sqlite_in_words(self._path, reading=True):
                return connection.execute(sql, values).fetchall()
        except DamagedError as error:
            self.close()
            raise _in_repair() from error

    def _current(self) -> sqlite3.Connection | None:
        """Give a connection to the file that the name stands for now."""
        try:
            status = self._path.stat()
            if self._identity != (status.st_dev, status.st_ino):
                self.close()
                self._connection = open_reader(self._path)
                self._connection.row_factory = sqlite3.Row
                self._identity = status.st_dev, status.st_ino
            if self._is_older and self._connection is not None:
                self._stand_in(self._connection)
        except FileNotFoundError:
            self.close()
        return self._connection

    def _stand_in(self, connection: sqlite3.Connection) -> None:
        """Read a catalogue that an earlier release wrote and the agent has not brought up yet."""
        has_table = "SELECT 1 FROM main.sqlite_master WHERE name = 'withdrawal'"
        with sqlite_in_words(self._path, reading=True):
            self._is_older = connection.execute(has_table).fetchone() is None
            # The file itself is open for reading only; the view is this connection's own.
            connection.execute("PRAGMA query_only=OFF")
            connection.execute(_NOTHING_WITHDRAWN if self._is_older else _NO_STAND_IN)
            connection.execute("PRAGMA query_only=ON")


def _in_repair() -> UnavailableError:
    return UnavailableError("The list of lessons is being repaired.", hint="Try again in a minute.")


def _titled(row: sqlite3.Row, *names: str) -> dict[str, Any]:
    try:
        return {**dict(row), **{name: json.loads(row[name]) for name in ("title", *names)}}
    except (TypeError, ValueError) as error:
        raise _in_repair() from error


def _pack(row: sqlite3.Row, withdrawn: list[Withdrawal]) -> CataloguePack:
    withdrawal = covering_pack(withdrawn, row["version"])
    return CataloguePack(**_titled(row), withdrawal=withdrawal)


def _item(row: sqlite3.Row, withdrawn: list[Withdrawal]) -> CatalogueItem:
    served = row["version"] is not None
    withdrawal = None if served else covering(withdrawn, row["id"], row["newest"])
    return CatalogueItem(**_titled(row), withdrawal=withdrawal)


def _hit(row: sqlite3.Row) -> CatalogueHit:
    values = _titled(row, "pack_title")
    served = bool(values["is_served"])
    flags = {"is_served": served, "is_withdrawn": bool(values["is_withdrawn"]) and not served}
    return CatalogueHit(**{**values, **flags})


def _file(row: sqlite3.Row) -> CatalogueFile:
    return CatalogueFile(**dict(row))
