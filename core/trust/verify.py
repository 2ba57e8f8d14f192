"""What the sequencer checks before it lets a publisher's role file in."""

from datetime import datetime
from fnmatch import fnmatchcase

from tuf.api.exceptions import RepositoryError
from tuf.api.metadata import Metadata, Targets

from core.errors import RefusedError
from core.names import parse_pack_id
from core.trust.edit import parse
from core.trust.roles import MAX_TARGETS_BYTES


def verify_role(
    data: bytes, role: str, delegator: Targets, current: Targets | None, now: datetime
) -> Targets:
    """Verify a publisher's new role file.

    Args:
        data: the file's bytes.
        role: the role it claims to be.
        delegator: the verified role that delegates to it.
        current: the role's present version, None when it has none.
        now: trusted now.

    Raises:
        RefusedError: not signed by enough of the role's keys, not the next version, expired,
            too large, or it names paths that are not the role's.
    """
    new = parse(data, Targets, MAX_TARGETS_BYTES)
    metadata = Metadata[Targets].from_bytes(data)
    try:
        delegator.verify_delegate(role, metadata.signed_bytes, metadata.signatures)
    except (RepositoryError, ValueError) as error:
        raise RefusedError(
            "The role file of {role} is not signed by its publisher's key.",
            hint="Sign with the key that the hub delegates to.",
            role=role,
        ) from error
    expected = current.version + 1 if current else 1
    if new.version != expected:
        raise RefusedError(
            "The role file of {role} has version {found}, the next one is {expected}.",
            hint="Someone else published meanwhile: publish again.",
            role=role,
            found=new.version,
            expected=expected,
        )
    if new.is_expired(now):
        raise RefusedError("The role file of {role} has expired.", role=role)
    _check_paths(new, role, delegator)
    return new


def _check_paths(new: Targets, role: str, delegator: Targets) -> None:
    delegated = delegator.get_delegated_role(role)
    patterns: list[str] = getattr(delegated, "paths", None) or []
    for path in new.targets:
        pack = parse_pack_id(path)
        if not any(_matches(pack, pattern) for pattern in patterns):
            raise RefusedError(
                "{role} may not publish {pack}.",
                hint="A publisher signs only packs of its own place.",
                role=role,
                pack=pack,
            )


def _matches(path: str, pattern: str) -> bool:
    # As TUF has it: segment by segment, "*" never crosses a "/".
    given, wanted = path.split("/"), pattern.split("/")
    return len(given) == len(wanted) and all(
        fnmatchcase(one, other) for one, other in zip(given, wanted, strict=True)
    )
