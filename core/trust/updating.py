"""How python-tuf is asked what follows: with bounds, a moment of ours, and files as we have them.

Nodes and mirroring hubs alike; they differ in where they read what no tip carries.
"""

from abc import abstractmethod
from collections.abc import Iterator
from datetime import datetime
from typing import Final

from tuf.api.exceptions import DownloadHTTPError
from tuf.ngclient import FetcherInterface, Updater, UpdaterConfig

from core.errors import PackhorseError
from core.tip import Tip
from core.trust import roles
from core.trust.reference_time import set_reference_time

BASE: Final = "metadata/"
_TIMESTAMP: Final = "timestamp"
_NOT_FOUND: Final = 404


class MetadataFetcher(FetcherInterface):
    """Gives metadata to one ``Updater``.

    Args:
        tip: what the tip says, unverified; None where the upstream has none.
        tip_name: what to call the tip in errors.
        missing: the error with which ``_read`` says that a file is not there.

    Attributes:
        last: name of the file that was given last, for the words of errors.
        failure: our own error that python-tuf was told about as a failed download.
    """

    def __init__(self, tip: Tip | None, tip_name: str, missing: type[PackhorseError]) -> None:
        self._tip = tip
        self._tip_name = tip_name
        self._missing = missing
        self.last = ""
        self.failure: PackhorseError | None = None

    @abstractmethod
    def _read(self, url: str, role: str, version: str) -> bytes:
        """Read a file that the tip does not carry.

        Args:
            url: its path in the repository.
            role: of which role it is.
            version: which version; empty for the timestamp.

        Raises:
            PackhorseError: it is not there, too large, or could not be read.
        """

    def _kept(self, url: str, role: str) -> bytes | None:
        """Give a file that need not be fetched; python-tuf verifies it again."""
        del url, role
        return None

    def _fetch(self, url: str) -> Iterator[bytes]:
        self.failure = None
        self.last = url
        version, _, role = url.removeprefix(BASE).removesuffix(".json").partition(".")
        if not role:
            role, version = version, ""
        found = self._kept(url, role)
        if found is not None:
            return iter([found])
        found = self._from_tip(role, version)
        if found is not None:
            self.last = self._tip_name
            return iter([found])
        if role == "root" and self._tip is not None and int(version) > self._tip.root:
            raise DownloadHTTPError("the tip knows no newer root", _NOT_FOUND)
        try:
            return iter([self._read(url, role, version)])
        except PackhorseError as error:
            # A missing root means that the present one is the newest, unless the tip knows it.
            if isinstance(error, self._missing) and role == "root" and self._tip is None:
                raise DownloadHTTPError(str(error), _NOT_FOUND) from error
            self.failure = error
            raise

    def _from_tip(self, role: str, version: str) -> bytes | None:
        if self._tip is None:
            return None
        if role == _TIMESTAMP:
            return self._tip.timestamp
        if role == "snapshot" and version == str(self._tip.snapshot_version):
            return self._tip.snapshot
        return None


def begin_update(
    folder: str, fetcher: MetadataFetcher, root: bytes | None, moment: datetime
) -> Updater:
    """Begin an update of the metadata in a folder; nothing is fetched yet.

    Args:
        folder: python-tuf's.
        fetcher: gives it files.
        root: by which trust begins; None for the one in the folder.
        moment: against which expiry is judged.

    Raises:
        RepositoryError: the folder's own root is damaged.
    """
    config = UpdaterConfig(
        root_max_length=roles.MAX_ROOT_BYTES,
        timestamp_max_length=roles.MAX_TIMESTAMP_BYTES,
        snapshot_max_length=roles.MAX_SNAPSHOT_BYTES,
        targets_max_length=roles.MAX_TARGETS_BYTES,
    )
    updater = Updater(folder, BASE, fetcher=fetcher, config=config, bootstrap=root)
    set_reference_time(updater, moment)
    return updater
