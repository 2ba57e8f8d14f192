"""What the catalogue says to other nodes of the network: which packs and blobs they may have.

What is withdrawn is not given away, as it is not served. Standard library only.
"""

from typing import Final

from cache.catalogue_reader import CatalogueReader
from cache.catalogue_withdrawals import WITHDRAWN
from core.peers import MOST_ITEMS, MOST_PACKS, Share

_WHOLE: Final = "item.missing = 0 AND item.lacking = 0"
_PACKS: Final = f"""
    SELECT pack.id AS pack, version.version AS version, version.lacking = 0 AND NOT EXISTS (
        SELECT 1 FROM item WHERE version_id = newest AND NOT ({_WHOLE}) AND NOT {WITHDRAWN})
        AS is_whole
    FROM pack JOIN version ON version.id = newest ORDER BY version.activation DESC LIMIT ?
"""  # noqa: S608 - only our own texts
_ITEMS: Final = f"""
    SELECT name FROM item JOIN version ON version.id = version_id JOIN pack ON newest = version.id
    WHERE pack.id = ? AND {_WHOLE} AND NOT {WITHDRAWN} ORDER BY position LIMIT ?
"""  # noqa: S608 - only our own texts
# A file of no item is withdrawn with its whole version.
_GIVEN: Final = f"""
    SELECT 1 FROM version WHERE manifest = ?
    UNION ALL SELECT 1 FROM blob JOIN file ON blob_id = blob.id
    JOIN version ON version.id = file.version_id
    LEFT JOIN item_file ON item_file.file_id = file.id LEFT JOIN item ON item.id = item_id
    WHERE digest = ? AND held AND NOT ifnull({WITHDRAWN}, 0) LIMIT 1
"""  # noqa: S608 - only our own texts


class SharingReader(CatalogueReader):
    """Reads what other nodes may have."""

    def shares(self) -> dict[str, Share]:
        """Give what is here of each pack's newest version; the newest packs, if they are many.

        Raises:
            UnavailableError: the catalogue is being repaired.
        """
        found: dict[str, Share] = {}
        left = MOST_ITEMS
        for row in self._rows(_PACKS, MOST_PACKS):
            items: list[str] | None = None
            if not row["is_whole"]:
                items = [one["name"] for one in self._rows(_ITEMS, row["pack"], left)]
                left -= len(items)
            found[row["pack"]] = Share(row["version"], items)
        return found

    def is_given(self, digest: str) -> bool:
        """Say whether a blob is here for something that is not withdrawn, or is a manifest.

        Raises:
            UnavailableError: the catalogue is being repaired.
        """
        return bool(self._rows(_GIVEN, digest, digest))
