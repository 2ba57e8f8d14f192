"""Making and changing role files. Every function returns new bytes or new objects."""

import copy
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

from securesystemslib.signer import Signer
from tuf.api.exceptions import RepositoryError
from tuf.api.metadata import (
    DelegatedRole,
    Delegations,
    Metadata,
    MetaFile,
    Root,
    Signed,
    Snapshot,
    TargetFile,
    Targets,
    Timestamp,
)
from tuf.api.serialization import DeserializationError
from tuf.api.serialization.json import JSONSerializer

from core.errors import RefusedError
from core.names import PackId
from core.trust import roles
from core.trust.roles import Publisher
from core.trusted_time import format_moment
from core.withdrawal import Withdrawal, check_withdrawals, custom_of, with_one_more

S = TypeVar("S", bound=Signed)
Offline = TypeVar("Offline", Root, Targets)

_COMPACT = JSONSerializer(compact=True)


def sign(signed: Root | Targets | Snapshot | Timestamp, signers: Iterable[Signer]) -> bytes:
    """Sign a role with every signer and give the file's bytes."""
    metadata: Metadata[Any] = Metadata(signed)
    for signer in signers:
        metadata.sign(signer, append=True)
    return metadata.to_bytes(_COMPACT)


def parse(data: bytes, kind: type[S], limit: int) -> S:
    """Parse a role file; its signatures are not checked here.

    Raises:
        RefusedError: too large, malformed, or of another type.
    """
    if len(data) > limit:
        raise RefusedError("A signed file is too large: {size} bytes.", size=len(data))
    try:
        signed = Metadata.from_bytes(data).signed
    except (DeserializationError, RepositoryError, RecursionError) as error:
        raise RefusedError("A signed file cannot be read: {reason}.", reason=error) from error
    if not isinstance(signed, kind):
        raise RefusedError(
            "A signed file is of type {found}, not {wanted}.",
            found=signed.type,
            wanted=kind.__name__.lower(),
        )
    return signed


def new_root(
    signers: Mapping[str, Sequence[Signer]], thresholds: Mapping[str, int], now: datetime
) -> Root:
    """Make version 1 of a root.

    Args:
        signers: the signers of root, targets, snapshot and timestamp.
        thresholds: signatures needed, by role; 1 where not given.
        now: trusted now; the root lives two years.
    """
    root = Root(version=1, expires=_expiry(now, roles.ROOT_PERIOD), consistent_snapshot=True)
    for role, ones in signers.items():
        for signer in ones:
            root.add_key(signer.public_key, role)
        root.roles[role].threshold = thresholds.get(role, 1)
    return root


def new_targets(now: datetime) -> Targets:
    """Make version 1 of a targets role, top-level or a publisher's, with nothing in it."""
    return Targets(version=1, expires=_expiry(now, roles.TARGETS_PERIOD))


def delegate(
    targets: Targets, publisher: Publisher, signers: Sequence[Signer], threshold: int = 1
) -> Targets:
    """Give ``publisher`` its right to sign; terminating, so nobody else can speak for its paths."""
    result = copy.deepcopy(targets)
    delegations = result.delegations or Delegations(keys={}, roles={})
    keys = {signer.public_key.keyid: signer.public_key for signer in signers}
    role = DelegatedRole(
        publisher.role, list(keys), threshold, terminating=True, paths=[publisher.pattern]
    )
    delegations.keys.update(keys)
    delegations.roles = {**(delegations.roles or {}), publisher.role: role}
    result.delegations = delegations
    return result


def put_release(
    targets: Targets,
    pack: PackId,
    release: bytes,
    now: datetime,
    withdrawals: Sequence[Withdrawal] = (),
) -> Targets:
    """Give the publisher's next role version, with ``release`` as the pack's newest.

    Args:
        targets: the role's present version.
        pack: the release's.
        release: its bytes.
        now: trusted now.
        withdrawals: what stays withdrawn of the pack; anything else comes back.
    """
    result = _next(targets, now)
    target = TargetFile.from_data(pack, release, ["sha256"])
    result.targets[pack] = _with_custom(target, withdrawals)
    return result


def put_withdrawal(
    targets: Targets, pack: PackId, withdrawal: Withdrawal, now: datetime
) -> Targets:
    """Give the publisher's next role version, with something of a pack withdrawn.

    Raises:
        RefusedError: what is withdrawn of it already cannot be read, or is too much.
    """
    before = check_withdrawals(targets.targets[pack].custom, pack)
    return put_withdrawals(targets, pack, with_one_more(before, withdrawal), now)


def put_withdrawals(
    targets: Targets, pack: PackId, withdrawals: Sequence[Withdrawal], now: datetime
) -> Targets:
    """Give the publisher's next role version, with exactly this of a pack withdrawn.

    Raises:
        RefusedError: it is too much.
    """
    result = _next(targets, now)
    result.targets[pack] = _with_custom(result.targets[pack], withdrawals)
    check_withdrawals(result.targets[pack].custom, pack)
    return result


def put_assignment(targets: Targets, path: str, assignment: bytes | None, now: datetime) -> Targets:
    """Give the publisher's next role version, with another assignment or none.

    Args:
        targets: the role's present version.
        path: the assignment's path (``core.assignment.assignment_path``).
        assignment: its bytes; None to take it away.
        now: trusted now.
    """
    result = _next(targets, now)
    result.targets.pop(path, None)
    if assignment is not None:
        result.targets[path] = TargetFile.from_data(path, assignment, ["sha256"])
    return result


def prolonged(role: Offline, period: timedelta, now: datetime) -> Offline:
    """Give the next version of a root or of the targets role, which says the same for longer."""
    result = copy.deepcopy(role)
    result.version += 1
    result.expires = _expiry(now, period)
    return result


def next_snapshot(
    previous: Snapshot | None, versions: Mapping[str, int], now: datetime
) -> Snapshot:
    """Make the snapshot that names ``versions`` of the targets roles, by role name."""
    meta = {f"{role}.json": MetaFile(version) for role, version in sorted(versions.items())}
    return Snapshot(
        version=previous.version + 1 if previous else 1,
        expires=_expiry(now, roles.SNAPSHOT_PERIOD),
        meta=meta,
    )


def next_timestamp(previous: Timestamp | None, snapshot_version: int, now: datetime) -> Timestamp:
    """Make the timestamp that names a snapshot; carries its issue time, signed."""
    return Timestamp(
        version=previous.version + 1 if previous else 1,
        expires=_expiry(now, roles.TIMESTAMP_PERIOD),
        snapshot_meta=MetaFile(snapshot_version),
        unrecognized_fields={roles.ISSUED_FIELD: format_moment(now)},
    )


def _next(targets: Targets, now: datetime) -> Targets:
    result = copy.deepcopy(targets)
    result.version += 1
    result.expires = _expiry(now, roles.PUBLISHER_PERIOD)
    return result


def _with_custom(target: TargetFile, withdrawals: Sequence[Withdrawal]) -> TargetFile:
    custom = custom_of(withdrawals)
    target.unrecognized_fields.pop("custom", None)
    if custom is not None:
        target.unrecognized_fields["custom"] = custom
    return target


def _expiry(now: datetime, period: timedelta) -> datetime:
    # TUF knows whole seconds only.
    return (now + period).replace(microsecond=0)
