"""What the repository says now: its signed roles, read and verified from the files.

The timestamp decides: a role or snapshot that it does not lead to is not published, whatever
lies in ``metadata/``. So a publication that was interrupted is simply done again.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeVar

from tuf.api.exceptions import RepositoryError
from tuf.api.metadata import Metadata, Root, Signed, Snapshot, Targets, Timestamp

from core.errors import NoStateError, RefusedError
from core.tip import Tip, encode_tip
from core.trust import roles
from core.trust.edit import parse
from core.trusted_time import parse_moment
from hub.decide import walk
from hub.repository import Readable

S = TypeVar("S", bound=Signed)

_LAST_ROOT: Final = 10_000


@dataclass(frozen=True)
class Published:
    """The verified state of a repository.

    Attributes:
        first_root: bytes of root version 1, which name the hub.
        root_bytes: bytes of the newest root.
        roles: publishers' roles by name.
        lapsed: names of roles whose newest file is not here, or not signed by the keys that they
            have now: a delegation was changed, and the publisher has to sign again.
    """

    first_root: bytes
    root: Root
    root_bytes: bytes
    timestamp: Timestamp
    timestamp_bytes: bytes
    snapshot: Snapshot
    snapshot_bytes: bytes
    targets: Targets
    roles: dict[str, Targets]
    lapsed: tuple[str, ...] = ()

    @property
    def issued(self) -> datetime | None:
        """When the timestamp was signed."""
        text = self.timestamp.unrecognized_fields.get(roles.ISSUED_FIELD)
        return parse_moment(text) if isinstance(text, str) else None

    @property
    def tip(self) -> bytes:
        """The tip that belongs to this state."""
        version = self.snapshot.version
        return encode_tip(
            Tip(self.root.version, self.timestamp_bytes, version, self.snapshot_bytes)
        )


def load_published(repository: Readable) -> Published:
    """Read and verify the repository's metadata.

    Raises:
        NoStateError: there is none.
        RefusedError: a file is missing, damaged or not signed by the keys that the root names.
    """
    first, newest, root = load_roots(repository)
    stamp = _read(repository, roles.TIMESTAMP_PATH, roles.MAX_TIMESTAMP_BYTES)
    timestamp = _verified(stamp, Timestamp, roles.MAX_TIMESTAMP_BYTES, root, "timestamp")
    path = roles.metadata_path("snapshot", timestamp.snapshot_meta.version)
    snap = _read(repository, path, roles.MAX_SNAPSHOT_BYTES)
    snapshot = _verified(snap, Snapshot, roles.MAX_SNAPSHOT_BYTES, root, "snapshot")
    versions = {name.removesuffix(".json"): one.version for name, one in snapshot.meta.items()}
    targets = _role(repository, "targets", versions["targets"], root)
    found: dict[str, Targets] = {}
    lapsed: list[str] = []
    for name, delegator in walk(targets, found):
        if name in versions:
            role = _delegated(repository, name, versions[name], delegator)
            if role is None:
                lapsed.append(name)
            else:
                found[name] = role
    return Published(
        first, root, newest, timestamp, stamp, snapshot, snap, targets, found, tuple(lapsed)
    )


def load_roots(repository: Readable) -> tuple[bytes, bytes, Root]:
    """Follow the chain of roots; give the first one's bytes, the newest one's, and it parsed.

    Raises:
        NoStateError: there is no root.
        RefusedError: one is damaged or not signed by the one before.
    """
    first = repository.read(roles.metadata_path("root", 1), roles.MAX_ROOT_BYTES)
    if first is None:
        raise NoStateError("The repository has no root.", hint="Make one with: packhorse hub init")
    newest, root = first, parse(first, Root, roles.MAX_ROOT_BYTES)
    _verify(first, root, "root")
    for version in range(2, _LAST_ROOT):
        data = repository.read(roles.metadata_path("root", version), roles.MAX_ROOT_BYTES)
        if data is None:
            break
        following = parse(data, Root, roles.MAX_ROOT_BYTES)
        _verify(data, root, "root")
        _verify(data, following, "root")
        newest, root = data, following
    return first, newest, root


def _role(repository: Readable, name: str, version: int, delegator: Root | Targets) -> Targets:
    data = _read(repository, roles.metadata_path(name, version), roles.MAX_TARGETS_BYTES)
    return _verified(data, Targets, roles.MAX_TARGETS_BYTES, delegator, name)


def _delegated(repository: Readable, name: str, version: int, delegator: Targets) -> Targets | None:
    # Whoever changes a publisher's keys, or loses its file, must not stop everybody else.
    path = roles.metadata_path(name, version)
    try:
        data = _read(repository, path, roles.MAX_TARGETS_BYTES)
        role = _verified(data, Targets, roles.MAX_TARGETS_BYTES, delegator, name)
    except RefusedError:
        return None
    return role if role.version == version else None


def published_role(repository: Readable, name: str, snapshot: Snapshot) -> Targets | None:
    """Give the newest file of a publisher's role, whoever signed it; None when it never had one.

    For order only: versions go up even where keys or delegations have changed meanwhile.

    Raises:
        RefusedError: it is missing or damaged.
    """
    meta = snapshot.meta.get(f"{name}.json")
    if meta is None:
        return None
    data = _read(repository, roles.metadata_path(name, meta.version), roles.MAX_TARGETS_BYTES)
    return parse(data, Targets, roles.MAX_TARGETS_BYTES)


def _read(repository: Readable, path: str, limit: int) -> bytes:
    data = repository.read(path, limit)
    if data is None:
        raise RefusedError(
            "The repository's file {path} is missing.",
            hint="Restore the repository from a mirror or a backup.",
            path=path,
        )
    return data


def _verified(data: bytes, kind: type[S], limit: int, delegator: Root | Targets, name: str) -> S:
    signed = parse(data, kind, limit)
    _verify(data, delegator, name)
    return signed


def _verify(data: bytes, delegator: Root | Targets, name: str) -> None:
    metadata: Metadata[Any] = Metadata.from_bytes(data)
    try:
        delegator.verify_delegate(name, metadata.signed_bytes, metadata.signatures)
    except (RepositoryError, ValueError) as error:
        raise RefusedError(
            "The repository's {name} file is damaged or not signed by its keys.",
            hint="Restore the repository from a mirror or a backup.",
            name=name,
        ) from error
