"""The catalogue's readers: the portal, and the agent's status. Standard library only.

A reader follows the catalogue: when a rebuilt one takes its place it is opened at the next
question. Where there is none yet, everything is empty. A damaged catalogue is an
``UnavailableError``: the agent rebuilds it, and the page says so meanwhile.
"""

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cache.catalogue_forms import STAND_INS as FORM_STAND_INS
from cache.catalogue_forms import known
from cache.catalogue_questions import FILES, ITEMS, PACKS, PINNED_TYPE, POSITION, SERVED_TYPE
from cache.catalogue_renditions import (
    CUES,
    RENDITION_FILES,
    RENDITIONS,
    STAND_INS,
    decode_cues,
    decode_rendition,
)
from cache.catalogue_search import HITS, match_of
from cache.catalogue_withdrawals import EVERY, OF_PACK, grouped
from cache.databases import DamagedError, open_reader, sqlite_in_words
from core.cues import Cue
from core.digest import Digest
from core.errors import UnavailableError
from core.rendition import Rendition
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
        form: one of ``core.forms.FORMS``, or empty.
        items: how many items it lists.
        withdrawn: how many of them are withdrawn at that version.
        served: how many of them can be opened, at whatever version.
        current: how many of them are served from this very version.
        sound_alone: of how many of those, videos, only the sound is here.
        size: bytes of its distinct blobs that are wanted.
        missing: bytes of those that are not here.
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
    sound_alone: int = 0
    form: str = ""
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
        entry: path of the file that opens it; of renditions, the best that is here.
        size: bytes of its blobs in the newest version, without unwanted renditions.
        missing: bytes of those that are not here.
        sound_alone: whether it is a video of which only the sound is here.
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
    sound_alone: bool = False
    withdrawal: Withdrawal | None = None

    @property
    def is_served(self) -> bool:
        """Say whether it can be opened now."""
        return self.version is not None

    @property
    def is_enough(self) -> bool:
        """Say whether a wish for it is done: it is here, with pictures if any are to come."""
        return self.is_served and not (self.sound_alone and self.missing)


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
class CatalogueRendition:
    """A rendition of a served item.

    Attributes:
        rendition: what it is.
        digest: of its file.
        here: whether its file and all its pictures are.
        pictures: digests of the pictures by their paths.
    """

    rendition: Rendition
    digest: Digest
    here: bool
    pictures: Mapping[str, Digest]


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


_STAND_INS: Final = {"withdrawal": "pack, item, version, reason, at", **STAND_INS, **FORM_STAND_INS}


class CatalogueReader:
    """Reads the catalogue that ``path`` names at each moment."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None
        self._identity: tuple[int, int] | None = None
        self._is_older = True
        self._packs: list[CataloguePack] = []
        self._packs_state: tuple[list[int], tuple[int, int] | None] | None = None

    def state(self) -> tuple[list[int], tuple[int, int] | None]:
        """Give a mark that is another one once the writer has committed something."""
        return [row[0] for row in self._rows("PRAGMA data_version")], self._identity

    def packs(self) -> list[CataloguePack]:
        """Give all packs, by id."""
        # Counts every item, and is asked for by everyone who comes; so it is kept until the
        # writer has committed something.
        state = self.state()
        if state != self._packs_state:
            withdrawn = self._withdrawals()
            rows = self._rows(f"{PACKS} ORDER BY pack.id")
            self._packs = [_pack(row, withdrawn.get(row["id"], [])) for row in rows]
            self._packs_state = state
        return list(self._packs)

    def pack(self, pack: str) -> CataloguePack | None:
        """Give one pack, or None."""
        rows = self._rows(f"{PACKS} WHERE pack.id = ?", pack)
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
        sql = f"{ITEMS} AND listed.position >= ? AND listed.position < ? ORDER BY listed.position"
        withdrawn = self._withdrawals(pack).get(pack, [])
        return [_item(row, withdrawn) for row in self._rows(sql, pack, first, first + count)]

    def around(self, pack: str, item: str) -> list[CatalogueItem]:
        """Give an item and those just before and after it; nothing when there is none."""
        found = self._rows(POSITION, pack, item)
        return self.items(pack, found[0]["position"] - 1, 3) if found else []

    def item(self, pack: str, item: str) -> CatalogueItem | None:
        """Give one item, or None."""
        rows = self._rows(f"{ITEMS} AND listed.name = ?", pack, item)
        withdrawn = self._withdrawals(pack).get(pack, []) if rows else []
        return next((_item(row, withdrawn) for row in rows), None)

    def files(self, pack: str, item: str) -> list[CatalogueFile]:
        """Give the files of a served item by path; none when it is not served."""
        return [_file(row) for row in self._rows(f"{FILES} ORDER BY path", pack, item)]

    def file(self, pack: str, item: str, path: str) -> CatalogueFile | None:
        """Give one file of a served item, or None."""
        return next(map(_file, self._rows(f"{FILES} AND path = ?", pack, item, path)), None)

    def renditions(self, pack: str, item: str) -> list[CatalogueRendition]:
        """Give the renditions of a served item, best first; none when it has none."""
        files = {row["path"]: Digest(row["digest"])
                 for row in self._rows(RENDITION_FILES, pack, item)}  # fmt: skip
        found = []
        for row in self._rows(RENDITIONS, pack, item):
            with _in_words():
                rendition = decode_rendition(row["document"])
                pictures = {one.path: files[one.path] for one in rendition.pictures}
                found.append(CatalogueRendition(
                    rendition, files[rendition.path], not row["lacking"], pictures))  # fmt: skip
        return found

    def cues(self, pack: str, item: str) -> list[Cue]:
        """Give the marked points of a served item in order."""
        for row in self._rows(CUES, pack, item):
            with _in_words():
                return decode_cues(row["document"])
        return []

    def digest_served(self, digest: str) -> str | None:
        """Give the media type of a blob that some served item names, or None."""
        return next((str(row["type"]) for row in self._rows(SERVED_TYPE, digest)), None)

    def digest_pinned(self, digest: str) -> str | None:
        """Give the media type of a blob that is here for an item that is not withdrawn, or None.

        So what is pinned is served on, though a newer version has taken its place.
        """
        return next((str(row["type"]) for row in self._rows(PINNED_TYPE, digest)), None)

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
        there = "SELECT name FROM main.sqlite_master WHERE type = 'table'"
        with sqlite_in_words(self._path, reading=True):
            lacking = _STAND_INS.keys() - {name for (name,) in connection.execute(there)}
            self._is_older = bool(lacking)
            # The file itself is open for reading only; the views are this connection's own.
            connection.execute("PRAGMA query_only=OFF")
            for name, columns in _STAND_INS.items():
                connection.execute(f"DROP VIEW IF EXISTS temp.{name}")
                if name in lacking:
                    connection.execute(_stand_in(name, columns))
            connection.execute("PRAGMA query_only=ON")


def _stand_in(name: str, columns: str) -> str:
    nothing = ", ".join("NULL" for _ in columns.split(","))
    return f"CREATE TEMP VIEW {name} ({columns}) AS SELECT {nothing} WHERE 0"


def _in_repair() -> UnavailableError:
    return UnavailableError("The list of lessons is being repaired.", hint="Try again in a minute.")


@contextmanager
def _in_words() -> Iterator[None]:
    """Let a row that cannot be understood be a damaged catalogue."""
    try:
        yield
    except (TypeError, ValueError, KeyError) as error:
        raise _in_repair() from error


def _titled(row: sqlite3.Row, *names: str) -> dict[str, Any]:
    with _in_words():
        return {**dict(row), **{name: json.loads(row[name]) for name in ("title", *names)}}


def _pack(row: sqlite3.Row, withdrawn: list[Withdrawal]) -> CataloguePack:
    withdrawal = covering_pack(withdrawn, row["version"])
    values = _titled(row)
    return CataloguePack(**{**values, "form": known(values["form"])}, withdrawal=withdrawal)


def _item(row: sqlite3.Row, withdrawn: list[Withdrawal]) -> CatalogueItem:
    served = row["version"] is not None
    withdrawal = None if served else covering(withdrawn, row["id"], row["newest"])
    values = _titled(row)
    values["sound_alone"] = bool(values["sound_alone"])
    return CatalogueItem(**values, withdrawal=withdrawal)


def _hit(row: sqlite3.Row) -> CatalogueHit:
    values = _titled(row, "pack_title")
    served = bool(values["is_served"])
    flags = {"is_served": served, "is_withdrawn": bool(values["is_withdrawn"]) and not served}
    return CatalogueHit(**{**values, **flags})


def _file(row: sqlite3.Row) -> CatalogueFile:
    return CatalogueFile(**dict(row))
