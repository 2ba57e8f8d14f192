"""By which right a key publishes: the delegations of a repository, walked and verified.

The sequencer verifies everything again. What is read here is verified so that a publisher never
signs on top of what somebody else put in its place.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final, TypeVar

from securesystemslib.exceptions import UnverifiedSignatureError
from securesystemslib.signer import CryptoSigner
from tuf.api.exceptions import RepositoryError
from tuf.api.metadata import DelegatedRole, Metadata, Root, Signed, Snapshot, Targets, Timestamp

from core.errors import RefusedError, UsageError
from core.names import PackId
from core.trust import roles
from core.trust.edit import parse
from packager.remote import Remote

_MAX_ROOTS: Final = 1000
_MAX_ROLES: Final = 1000
_LIMITS: Final[dict[type[Signed], int]] = {
    Timestamp: roles.MAX_TIMESTAMP_BYTES,
    Snapshot: roles.MAX_SNAPSHOT_BYTES,
    Targets: roles.MAX_TARGETS_BYTES,
}
S = TypeVar("S", bound=Signed)


@dataclass(frozen=True)
class Authority:
    """The right to publish a pack.

    Attributes:
        role: the publisher's role.
        pattern: the path pattern that the repository gives it.
        current: its present version, None before its first.
    """

    role: str
    pattern: str
    current: Targets | None


def find_authority(
    remote: Remote, signer: CryptoSigner, pack: PackId, *, after_another: bool = False
) -> Authority:
    """Find the role in which a key may publish a pack.

    Args:
        remote: the repository.
        signer: the key.
        pack: what is to be published.
        after_another: whether the role may have been signed by another key last.

    Raises:
        UsageError: the key is nobody's here, or may not publish this pack.
        RefusedError: the repository's signatures are not right.
    """
    key = signer.public_key.keyid
    mine: list[str] = []
    for role, delegated, current in _roles(remote):
        if key not in delegated.keyids:
            continue
        mine.append(role)
        for pattern in delegated.paths or []:
            if roles.may_publish(roles.Publisher(role, pattern), pack):
                found = Authority(role, pattern, current)
                return _checked(remote, found, delegated, signer, after_another=after_another)
    if mine:
        raise UsageError(
            "This key publishes for {roles}, which may not publish {pack}.",
            hint="Correct the id in pack.toml, or take the key of that place.",
            roles=", ".join(mine),
            pack=pack,
        )
    raise _nobody(remote, key)


def find_own_authority(
    remote: Remote, signer: CryptoSigner, place: str, *, after_another: bool = False
) -> Authority:
    """Find the place that a key publishes for, to sign what belongs to the place itself.

    Args:
        remote: the repository.
        signer: the key.
        place: which one, such as ``gd/zhuhai``, when the key has several; empty for its only one.
        after_another: whether the role may have been signed by another key last.

    Raises:
        UsageError: the key is nobody's here, or it is not clear for which place.
        RefusedError: the repository's signatures are not right.
    """
    key = signer.public_key.keyid
    mine = [
        (Authority(role, pattern, current), delegated)
        for role, delegated, current in _roles(remote)
        if key in delegated.keyids
        for pattern in delegated.paths or []
    ]
    if not mine:
        raise _nobody(remote, key)
    wanted = [one for one in mine if not place or roles.publisher_of(place).role == one[0].role]
    if len(wanted) != 1:
        raise UsageError(
            "This key publishes for {roles}: say for which one with --place.",
            hint="A place is written as the hub has it, such as gd/zhuhai, or gd for a province.",
            roles=", ".join(one.role for one, _ in mine),
        )
    found, delegated = wanted[0]
    return _checked(remote, found, delegated, signer, after_another=after_another)


def published_roles(remote: Remote) -> list[tuple[str, Targets]]:
    """Give every publisher's role as it is published, each verified.

    Raises:
        RefusedError: the repository's signatures are not right.
    """
    return [(role, current) for role, _, current in _roles(remote) if current is not None]


def _checked(
    remote: Remote,
    found: Authority,
    delegated: DelegatedRole,
    signer: CryptoSigner,
    *,
    after_another: bool,
) -> Authority:
    if delegated.threshold > 1:
        raise UsageError(
            "{role} needs {count} signatures; publishing signs with one key.",
            role=found.role,
            count=delegated.threshold,
        )
    if found.current is None or after_another:
        return found
    return replace(found, current=_mine(remote, found.role, found.current.version, signer))


def _nobody(remote: Remote, key: str) -> UsageError:
    return UsageError(
        "This key may not publish in {name}: nobody there delegates to it.",
        hint="Take the publisher's key that `packhorse hub init` made, or have this key (id"
        " {key}) added by whoever keeps the repository's targets key.",
        name=remote.name,
        key=key,
    )


def find_published(remote: Remote, pack: PackId) -> Targets | None:
    """Find the role that publishes a pack now, whoever holds its key; None when nobody does.

    Raises:
        RefusedError: the repository's signatures are not right.
    """
    for role, delegated, current in _roles(remote):
        if current is not None and pack in current.targets:
            patterns = (roles.Publisher(role, pattern) for pattern in delegated.paths or [])
            if any(roles.may_publish(one, pack) for one in patterns):
                return current
    return None


def _mine(remote: Remote, role: str, version: int, signer: CryptoSigner) -> Targets:
    """Read the role anew, and see that this very key signed it.

    Nothing here pins the root: whoever can write into the repository could put up a chain of
    their own, have a key sign on top of it, and take the signature to the true repository.
    """
    path = roles.metadata_path(role, version)
    data = remote.read(path, roles.MAX_TARGETS_BYTES) or b""
    found = _parsed(path, data, Targets, roles.MAX_TARGETS_BYTES)
    if not _is_signed_by(signer, data):
        raise RefusedError(
            "{path} in the repository was not signed by your key.",
            hint="If a colleague published for {role} last, or your key is new, make sure of it"
            " and add --after-another-key.",
            path=path,
            role=role,
        )
    return found


def _is_signed_by(signer: CryptoSigner, data: bytes) -> bool:
    metadata: Metadata[Any] = Metadata.from_bytes(data)
    signature = metadata.signatures.get(signer.public_key.keyid)
    if signature is None:
        return False
    try:
        signer.public_key.verify_signature(signature, metadata.signed_bytes)
    except UnverifiedSignatureError:
        return False
    return True


def _parsed(path: str, data: bytes, kind: type[S], limit: int) -> S:
    try:
        return parse(data, kind, limit)
    except RefusedError as error:
        raise RefusedError(
            "{path} in the repository is damaged: {reason}",
            hint="Ask whoever keeps the repository.",
            path=path,
            reason=str(error),
        ) from error


def _roles(remote: Remote) -> Iterator[tuple[str, DelegatedRole, Targets | None]]:
    """Walk the publishers' roles, breadth first, each verified by the one that delegates."""
    root = _newest_root(remote)
    timestamp = _load(remote, roles.TIMESTAMP_PATH, root, Timestamp)
    version = timestamp.snapshot_meta.version
    path = roles.metadata_path("snapshot", version)
    snapshot = _load(remote, path, root, Snapshot)
    waiting: list[tuple[str, Targets]] = [("targets", _targets(remote, root, "targets", snapshot))]
    seen = {"targets"}
    while waiting:
        _, delegator = waiting.pop(0)
        for role, delegated in _delegated(delegator):
            if role in seen or len(seen) > _MAX_ROLES:
                continue
            seen.add(role)
            current = None
            if f"{role}.json" in snapshot.meta:
                current = _targets(remote, delegator, role, snapshot)
                waiting.append((role, current))
            yield role, delegated, current


def _delegated(targets: Targets) -> list[tuple[str, DelegatedRole]]:
    delegations = targets.delegations
    return list((delegations.roles or {}).items()) if delegations else []


def _newest_root(remote: Remote) -> Root:
    newest: bytes | None = None
    path = ""
    for version in range(1, _MAX_ROOTS):
        following = roles.metadata_path("root", version)
        data = remote.read(following, roles.MAX_ROOT_BYTES)
        if data is None:
            break
        newest, path = data, following
    if newest is None:
        raise RefusedError("{name} has no root.", name=remote.name)
    root = _parsed(path, newest, Root, roles.MAX_ROOT_BYTES)
    _verify(root, "root", newest, path)
    return root


def _targets(remote: Remote, delegator: Root | Targets, role: str, snapshot: Snapshot) -> Targets:
    meta = snapshot.meta.get(f"{role}.json")
    version = meta.version if meta else 1
    path = roles.metadata_path(role, version)
    targets = _load(remote, path, delegator, Targets, role)
    if targets.version != version:
        raise RefusedError("{path} in the repository is of another version.", path=path)
    return targets


def _load(remote: Remote, path: str, delegator: Root | Targets, kind: type[S], role: str = "") -> S:
    limit = _LIMITS[kind]
    data = remote.read(path, limit)
    if data is None:
        raise RefusedError(
            "{path} is missing in the repository.",
            hint="Run `packhorse hub sign` at the hub, then try again.",
            path=path,
        )
    signed = _parsed(path, data, kind, limit)
    _verify(delegator, role or kind.type, data, path)
    return signed


def _verify(delegator: Root | Targets, role: str, data: bytes, path: str) -> None:
    metadata: Metadata[Any] = Metadata.from_bytes(data)
    try:
        delegator.verify_delegate(role, metadata.signed_bytes, metadata.signatures)
    except (RepositoryError, ValueError) as error:
        raise RefusedError(
            "{path} in the repository is not signed as it should be.",
            hint="Do not publish there. Ask whoever keeps the repository.",
            path=path,
        ) from error
