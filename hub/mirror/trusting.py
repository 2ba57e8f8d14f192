"""The state that follows the one that is shown here: python-tuf decides, in a folder of its own.

It begins from the files that are shown, which are durable, so that nothing older is accepted
whatever happened to that folder.
"""

import shutil
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

from tuf.api.exceptions import (
    BadVersionNumberError,
    DownloadError,
    DownloadLengthMismatchError,
    ExpiredMetadataError,
    RepositoryError,
    UnsignedMetadataError,
)
from tuf.api.metadata import Metadata, Root, Snapshot, Timestamp
from tuf.api.serialization import DeserializationError

from core.errors import PackhorseError, RefusedError, UnavailableError
from core.tip import Tip
from core.trust import roles
from core.trust.updating import BASE, MetadataFetcher, begin_update
from hub.mirror.upstream import MissingError, Upstream
from hub.repository import Repository

_KEPT: Final = "Nothing new is taken until that is right again; what is here is served on."


@dataclass(frozen=True)
class State:
    """A verified state.

    Attributes:
        files: raw files by path: roots, targets, snapshot, timestamp.
        snapshot: the snapshot's version.
        root: the newest root's version.
    """

    files: dict[str, bytes] = field(repr=False)
    snapshot: int
    root: int


def follow(
    repository: Repository, upstream: Upstream, tip: Tip | None, folder: Path, now: datetime
) -> State:
    """Verify what an upstream says.

    Args:
        repository: what is shown here; it has at least the first root.
        upstream: where it is asked for.
        tip: what the upstream's tip says; None where it has none.
        folder: for python-tuf; what is in it goes.
        now: the moment against which expiry is judged.

    Raises:
        RefusedError: something is not signed, expired, older than what is shown, or too large.
        UnavailableError: a file could not be fetched.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    fetcher = _Fetcher(repository, upstream, tip)
    _seed(repository, folder)
    first = repository.read(roles.metadata_path("root", 1), roles.MAX_ROOT_BYTES)
    try:
        begin_update(str(folder), fetcher, first, now).refresh()
    except (RepositoryError, DownloadError) as error:
        raise _worded(error, fetcher) from error
    state = _state(folder)
    shutil.rmtree(folder, ignore_errors=True)
    return state


class _Fetcher(MetadataFetcher):
    def __init__(self, repository: Repository, upstream: Upstream, tip: Tip | None) -> None:
        super().__init__(tip, roles.TIP_PATH, MissingError)
        self._repository = repository
        self._upstream = upstream

    def _kept(self, url: str, role: str) -> bytes | None:
        # Roots were verified when they were stored.
        return self._repository.read(url, roles.largest(role)) if role == "root" else None

    def _read(self, url: str, role: str, version: str) -> bytes:
        del version
        return self._upstream.read(url, roles.largest(role))


def _seed(repository: Repository, folder: Path) -> None:
    """Let python-tuf know what is shown, so that nothing older is accepted."""
    stamp = repository.read(roles.TIMESTAMP_PATH, roles.MAX_TIMESTAMP_BYTES)
    if stamp is None:
        return
    try:
        _seed_from(repository, folder, stamp)
    except DeserializationError:
        # Damaged here: what the mirror remembers keeps older states out.
        shutil.rmtree(folder)
        folder.mkdir()


def _seed_from(repository: Repository, folder: Path, stamp: bytes) -> None:
    (folder / "timestamp.json").write_bytes(stamp)
    version = Metadata[Timestamp].from_bytes(stamp).signed.snapshot_meta.version
    path = roles.metadata_path("snapshot", version)
    snapshot = repository.read(path, roles.MAX_SNAPSHOT_BYTES)
    if snapshot is None:
        return
    (folder / "snapshot.json").write_bytes(snapshot)
    targets = Metadata[Snapshot].from_bytes(snapshot).signed.meta["targets.json"].version
    path = roles.metadata_path("targets", targets)
    if (data := repository.read(path, roles.MAX_TARGETS_BYTES)) is not None:
        (folder / "targets.json").write_bytes(data)


def _state(folder: Path) -> State:
    files = {
        f"{BASE}{path.name}": path.read_bytes()
        for path in (folder / "root_history").glob("*.root.json")
    }
    root = Metadata[Root].from_bytes((folder / "root.json").read_bytes()).signed
    # The first one by which trust began may be the only one.
    files.setdefault(roles.metadata_path("root", root.version), (folder / "root.json").read_bytes())
    stamp, snap = ((folder / f"{one}.json").read_bytes() for one in ("timestamp", "snapshot"))
    snapshot = Metadata[Snapshot].from_bytes(snap).signed
    targets = roles.metadata_path("targets", snapshot.meta["targets.json"].version)
    files |= {
        targets: (folder / "targets.json").read_bytes(),
        roles.metadata_path("snapshot", snapshot.version): snap,
        roles.TIMESTAMP_PATH: stamp,
    }
    return State(files, snapshot.version, root.version)


def older(file: str) -> RefusedError:
    """Say that an upstream shows something else than what has to follow."""
    return RefusedError(
        "{file} is not of the version that it should be: someone may be replaying old files.",
        hint=_KEPT,
        file=file,
    )


def _worded(error: RepositoryError | DownloadError, fetcher: _Fetcher) -> PackhorseError:
    file = fetcher.last or roles.TIMESTAMP_PATH
    if isinstance(error, DownloadLengthMismatchError):
        return RefusedError("{file} is larger than allowed.", hint=_KEPT, file=file)
    if isinstance(error, DownloadError):
        return fetcher.failure or UnavailableError("{file} could not be fetched.", file=file)
    if isinstance(error, ExpiredMetadataError):
        return RefusedError(
            "The signature of {file} has expired: the upstream shows an old state.",
            hint="Its hub must sign again; what is here is served on.",
            file=file,
        )
    if isinstance(error, BadVersionNumberError):
        return older(file)
    if isinstance(error, UnsignedMetadataError):
        return RefusedError("{file} is not signed by the right keys.", hint=_KEPT, file=file)
    return RefusedError("{file} is damaged or not what was signed.", hint=_KEPT, file=file)
