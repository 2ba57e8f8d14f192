"""Who may publish a pack, and whether that key lies at the hub."""

from pathlib import Path
from typing import NamedTuple

from tuf.api.metadata import DelegatedRole, Targets

from core.errors import PackhorseError
from core.names import PackId
from core.trust import roles
from hub.decide import walk
from hub.keys import load_key
from hub.layout import HubDirectory
from hub.published import Published


class Right(NamedTuple):
    """A role that may publish a pack; ``key`` is its key at the hub, None when it is elsewhere."""

    role: str
    key: Path | None


def rights(published: Published, directory: HubDirectory, pack: PackId) -> list[Right]:
    """Give the roles that may publish a pack, those whose key is here first."""
    found = [
        Right(name, _key(directory, name, role))
        for name, delegator in walk(published.targets, published.roles)
        if (role := _delegated(delegator, name)) is not None and _covers(name, role, pack)
    ]
    return sorted(found, key=lambda right: right.key is None)


def _delegated(delegator: Targets, name: str) -> DelegatedRole | None:
    delegations = delegator.delegations
    return (delegations.roles or {}).get(name) if delegations else None


def _covers(name: str, role: DelegatedRole, pack: PackId) -> bool:
    return any(
        roles.may_publish(roles.Publisher(name, pattern), pack) for pattern in role.paths or []
    )


def _key(directory: HubDirectory, name: str, role: DelegatedRole) -> Path | None:
    path = directory.publisher_key(name)
    try:
        signer = load_key(path)
    except (PackhorseError, OSError):
        return None
    return path if signer.public_key.keyid in role.keyids else None
