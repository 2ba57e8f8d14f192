"""The catalogue's writer: used by the agent's side alone; the portal has ``catalogue_reader``.

Rules:
    - A verified manifest may be activated at once. Each item is served from the newest activated
      version in which it is here, and never from two versions. It is here when the files that it
      needs in whatever rendition are, and any one rendition is; while only its sound is, and
      pictures are to come, an older version that has them counts as newer.
    - What the newest version no longer lists is no longer served, nor is what was withdrawn.
    - ``blob_arrived`` comes after the blob is durable; ``drop_unneeded`` and ``blobs_lost`` come
      before blobs are removed. So a row never names a blob that is not there.
"""

import json
import sqlite3
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from cache import (
    catalogue_removal,
    catalogue_renditions,
    catalogue_search,
    catalogue_wanted,
    catalogue_withdrawals,
    manifest_list,
)
from cache.catalogue_insert import insert_version
from cache.catalogue_rules import NEEDED, PINNED, SERVE, UNNEEDED, count, hold
from cache.databases import DamagedError, sqlite_in_words, transaction
from core.digest import Digest
from core.manifest import MAX_FILES, Manifest
from core.wanted import EVERYTHING, Portion
from core.withdrawal import Withdrawal


@dataclass(frozen=True, slots=True)
class Ready:
    """An item that can be served from now on, at this version."""

    pack: str
    item: str
    version: int


class Catalogue:
    """One open catalogue. ``cache.catalogue_files`` opens it.

    Args:
        connection: of its one writer.
        path: its file, for the words of errors.
        manifests: the list of manifests in effect; None while it is being read from.
    """

    def __init__(self, connection: sqlite3.Connection, path: Path, manifests: Path | None) -> None:
        self._connection = connection
        self._database = Database(connection, execute_plugins=False)
        self._path = path
        self._manifests = manifests
        self._is_index_sound = False
        try:
            with transaction(connection, path), sqlite_in_words(path, reading=True):
                catalogue_search.index_missing(connection)
        except BaseException:
            connection.close()
            raise

    def activate_manifest(
        self, manifest: Manifest, digest: Digest, held: Callable[[Digest], bool]
    ) -> list[Ready]:
        """Make a verified manifest its pack's newest version; name the items now served by it.

        Args:
            manifest: the version.
            digest: of its bytes, which are a durable blob already.
            held: says whether a blob is here, durable and whole.

        Raises:
            DamagedError: the catalogue is damaged.
            ExhaustedError: the disk is full, broken or read-only.
        """
        if not held(digest):
            raise ValueError(digest)
        if self._manifests:
            manifest_list.add(self._manifests, digest)
        with transaction(self._connection, self._path):
            previous = self._column("SELECT newest FROM pack WHERE id = ?", manifest.pack)
            version = self._version(manifest, digest)
            self._execute("INSERT OR REPLACE INTO pack VALUES (?, ?)", manifest.pack, version)
            if previous != [version]:
                self._index(previous, version)
            lacked = self._column(
                "SELECT DISTINCT digest FROM file JOIN blob ON blob.id = blob_id"
                " WHERE version_id = ? AND NOT held",
                version,
            )
            self._hold([one for one in map(Digest, lacked) if held(one)], 1)
            self._serve(manifest.pack)
            rows = self._rows(
                "SELECT pack, served.name FROM served JOIN item ON item.id = item_id"
                " WHERE version_id = ? ORDER BY position",
                version,
            )
        return [Ready(pack, name, manifest.version) for pack, name in rows]

    def blob_arrived(self, digest: Digest) -> list[Ready]:
        """Note one durable, whole blob; name the items that it completed."""
        return self.blobs_arrived([digest])

    def blobs_arrived(self, digests: Iterable[Digest]) -> list[Ready]:
        """Note durable, whole blobs in one commit; name the items that they completed.

        Raises:
            DamagedError: the catalogue is damaged.
            ExhaustedError: the disk is full, broken or read-only.
        """
        ready: list[Ready] = []
        with transaction(self._connection, self._path):
            touched = self._hold(list(digests), 1)
            before = self._column(
                "SELECT item_id FROM served WHERE item_id IN (SELECT value FROM json_each(?))",
                json.dumps(sorted(touched)),
            )
            for pack in self._packs_of(touched, most_lacking=0):
                self._serve(pack)
            # A better rendition of what is here already completes nothing.
            for item in sorted(touched.difference(before)):
                rows = self._rows(
                    "SELECT served.pack, served.name, version FROM served"
                    " JOIN item ON item.id = item_id JOIN version ON version.id = version_id"
                    " WHERE item_id = ?",
                    item,
                )
                ready.extend(Ready(*row) for row in rows)
        return ready

    def blobs_lost(self, digests: Iterable[Digest]) -> None:
        """Note that blobs are damaged or gone; the caller removes them afterwards.

        Raises:
            DamagedError: the catalogue is damaged.
            ExhaustedError: the disk is full, broken or read-only.
        """
        with transaction(self._connection, self._path):
            touched = self._hold(list(digests), 0)
            for pack in self._packs_of(touched, most_lacking=MAX_FILES):
                self._serve(pack)

    def withdraw(self, pack: str, withdrawals: list[Withdrawal]) -> bool:
        """Let exactly these be a pack's withdrawals, whether it is here or not.

        Of several about the same, the last counts.

        What is withdrawn is not served from now on; what was and is no more is served again,
        as far as it is here.

        Returns:
            Whether that changes anything.

        Raises:
            DamagedError: the catalogue is damaged.
            ExhaustedError: the disk is full, broken or read-only.
        """
        before = self.withdrawals().get(pack, [])
        places = {(one.item, one.version): one for one in withdrawals}
        after = [places[place] for place in sorted(places)]
        if after == before:
            return False
        if self._manifests:
            both = catalogue_withdrawals.joined(before, after)
            manifest_list.withdraw(self._manifests, pack, both)
        with transaction(self._connection, self._path):
            catalogue_withdrawals.replace(self._connection, pack, after)
            self._count(pack)
            self._serve(pack)
        if self._manifests:
            manifest_list.withdraw(self._manifests, pack, after)
        return True

    def withdrawals(self) -> dict[str, list[Withdrawal]]:
        """Give what is withdrawn, by pack."""
        return catalogue_withdrawals.grouped(self._rows(catalogue_withdrawals.EVERY))

    def want(self, pack: str, portion: Portion) -> bool:
        """Let exactly this be wanted of a pack, whether it is here or not.

        Nothing that is here goes; an item may be served from a newer version.

        Returns:
            Whether that changes anything.

        Raises:
            DamagedError: the catalogue is damaged.
            ExhaustedError: the disk is full, broken or read-only.
        """
        if self.wanted().get(pack, EVERYTHING) == portion:
            return False
        if self._manifests:
            manifest_list.want(self._manifests, pack, portion)
        with transaction(self._connection, self._path):
            catalogue_wanted.replace(self._connection, pack, portion)
            self._count(pack)
            self._serve(pack)
        return True

    def wanted(self) -> dict[str, Portion]:
        """Give what is wanted by pack, where it is not everything."""
        return catalogue_wanted.portions(self._rows(catalogue_wanted.EVERY))

    def describe(self, manifest: Callable[[Digest], Manifest]) -> None:
        """Read again the manifests that an earlier release read, which knew no renditions.

        Args:
            manifest: gives one in effect.

        Raises:
            DamagedError: the catalogue is damaged.
            ExhaustedError: the disk is full, broken or read-only.
        """
        with transaction(self._connection, self._path):
            older = catalogue_renditions.describe_missing(self._connection, manifest)
            for version in older:
                count(self._connection, version)
            for pack in self.packs() if older else ():
                self._serve(pack)

    def packs(self) -> set[str]:
        """Name the packs that are here."""
        return set(self._column("SELECT id FROM pack"))

    def reconcile(self, held: Callable[[Digest], bool]) -> list[Ready]:
        """Note blobs that became durable just before a kill; name the items that are ready."""
        return self.blobs_arrived([one for one in self.missing() if held(one)])

    def drop_unneeded(self, pinned: Collection[Digest] = ()) -> list[Digest]:
        """Drop superseded versions; give the blobs that the caller may now remove.

        Args:
            pinned: blobs that stay. A version that has one stays as far as it says what that is.

        Raises:
            DamagedError: the catalogue is damaged.
            ExhaustedError: the disk is full, broken or read-only.
        """
        spared = json.dumps(sorted(pinned))
        with transaction(self._connection, self._path):
            manifests = self._column(
                f"DELETE FROM version WHERE id NOT IN ({NEEDED}) AND id NOT IN ({PINNED})"  # noqa: S608
                " RETURNING manifest", spared,
            )  # fmt: skip
            blobs = self._rows(
                "DELETE FROM blob WHERE id NOT IN (SELECT blob_id FROM file) RETURNING digest, held"
            )
            left = self._column(UNNEEDED, spared) if pinned else []
            self._hold(left, 0)
        if self._manifests:
            manifest_list.discard(self._manifests, {Digest(one) for one in manifests})
        gone = {*manifests, *(digest for digest, held in blobs if held)}
        return sorted((gone - self.named()).union(left))

    def remove_pack(self, pack: str, pinned: Collection[Digest] = ()) -> list[Digest] | None:
        """Forget a pack, all its versions; give the blobs that the caller may now remove.

        Args:
            pack: its id. What is withdrawn of it stays so.
            pinned: blobs that stay.

        Returns:
            None when the pack stays, since it has one of those.

        Raises:
            DamagedError: the catalogue is damaged.
            ExhaustedError: the disk is full, broken or read-only.
        """
        with transaction(self._connection, self._path):
            if pack in catalogue_removal.with_any(self._connection, pinned):
                return None
            newest = self._column("SELECT newest FROM pack WHERE id = ?", pack)
            catalogue_removal.hide(self._connection, pack)
            self._find_no_more(newest)
            manifests, blobs = catalogue_removal.drop(self._connection, pack)
        if self._manifests:
            manifest_list.discard(self._manifests, set(map(Digest, manifests)))
            manifest_list.want(self._manifests, pack, EVERYTHING)
        return sorted({Digest(one) for one in [*manifests, *blobs]} - self.named())

    def own_bytes(self, packs: Collection[str], pinned: Collection[Digest]) -> dict[str, int]:
        """Give what removing each of these packs would give back; those with a pin are left out."""
        with sqlite_in_words(self._path):
            stay = catalogue_removal.with_any(self._connection, pinned)
            return catalogue_removal.own_bytes(self._connection, set(packs) - stay)

    def missing(self) -> list[Digest]:
        """Name the blobs that are wanted and not here."""
        return self._digests("SELECT digest FROM blob WHERE NOT held ORDER BY digest")

    def held(self) -> list[Digest]:
        """Name the blobs that are noted as here, manifests aside."""
        return self._digests("SELECT digest FROM blob WHERE held ORDER BY digest")

    def named(self) -> set[Digest]:
        """Name everything that must stay or come: blobs of any version, and manifests."""
        return set(self._digests("SELECT digest FROM blob UNION SELECT manifest FROM version"))

    def manifests(self) -> list[Digest]:
        """Name the manifests in effect, in order of activation."""
        return self._digests("SELECT manifest FROM version ORDER BY activation")

    def shares(self, pack: str) -> dict[int, float]:
        """Give of each version of a pack which share of what is wanted of it is here."""
        rows = self._rows("SELECT version, size, missing FROM version WHERE pack = ?", pack)
        return {int(version): 1 - lack / size if lack else 1.0 for version, size, lack in rows}

    def manifest_of(self, pack: str, version: int) -> Digest | None:
        """Give the manifest of a version that is here, whole or not; None for none."""
        rows = self._column(
            "SELECT manifest FROM version WHERE pack = ? AND version = ?", pack, version
        )
        return Digest(rows[0]) if rows else None

    def close(self) -> None:
        """Close the file; all that was committed is in it."""
        self._connection.close()

    def _version(self, manifest: Manifest, digest: Digest) -> int:
        """Insert a version, or find it, and make its activation the latest."""
        latest = self._column("SELECT ifnull(max(activation), 0) FROM version")[0]
        there = self._rows(
            "SELECT version.id, activation, newest FROM version"
            " JOIN pack ON pack.id = pack WHERE manifest = ?",
            digest,
        )
        if there:
            version, _, newest = there[0]
            if version != newest:
                self._execute("UPDATE version SET activation = ? WHERE id = ?", latest + 1, version)
            return int(version)
        version = insert_version(self._database, manifest, digest, latest + 1)
        count(self._connection, version)
        return version

    def _hold(self, digests: list[Digest], held: int) -> set[int]:
        """Change blobs' rows and what depends on them; give the items that have them."""
        return {item for digest in digests for item in hold(self._connection, digest, held)}

    def _count(self, pack: str) -> None:
        for version in self._column("SELECT id FROM version WHERE pack = ?", pack):
            count(self._connection, version)

    def _packs_of(self, items: set[int], most_lacking: int) -> list[str]:
        return self._column(
            "SELECT DISTINCT pack FROM version JOIN item ON version_id = version.id"
            " WHERE item.lacking <= ? AND item.id IN (SELECT value FROM json_each(?))",
            most_lacking,
            json.dumps(sorted(items)),
        )

    def _serve(self, pack: str) -> None:
        self._execute("DELETE FROM served WHERE pack = ?", pack)
        self._connection.execute(SERVE, {"pack": pack})

    def _index(self, previous: list[int], version: int) -> None:
        """Let a version be found in the place of the previous one."""
        # The index of words is SQLite's own code above tables: no check of the file finds what is
        # wrong with it, and what it says then has many names.
        try:
            with sqlite_in_words(self._path, reading=True):
                if not self._is_index_sound:
                    catalogue_search.require_sound(self._connection)
                    self._is_index_sound = True
                for one in previous:
                    catalogue_search.remove_version(self._connection, one)
                catalogue_search.add_version(self._connection, version)
        except DamagedError:
            catalogue_search.begin_anew(self._connection)

    def _find_no_more(self, versions: list[int]) -> None:
        """Take versions out of the index of words."""
        try:
            with sqlite_in_words(self._path, reading=True):
                for one in versions:
                    catalogue_search.remove_version(self._connection, one)
        except DamagedError:
            catalogue_search.begin_anew(self._connection)

    def _execute(self, sql: str, *values: object) -> None:
        self._connection.execute(sql, values)

    def _rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        with sqlite_in_words(self._path):
            return self._connection.execute(sql, values).fetchall()

    def _column(self, sql: str, *values: object) -> list[Any]:
        return [row[0] for row in self._rows(sql, *values)]

    def _digests(self, sql: str) -> list[Digest]:
        return [Digest(one) for one in self._column(sql)]
