"""What the sequencer checks before it lets a publisher's role file in."""

from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from typing import Final

from tuf.api.exceptions import RepositoryError
from tuf.api.metadata import Metadata, TargetFile, Targets

from core.assignment import assignment_path, is_assignment_path, place_of
from core.errors import RefusedError, UsageError
from core.names import parse_pack_id
from core.trust.edit import parse
from core.trust.roles import MAX_TARGETS_BYTES, PUBLISHER_PERIOD, publisher_of
from core.withdrawal import check_withdrawals

# A snapshot names every role and has to stay within its bound.
MAX_DELEGATIONS: Final = 200
# A publisher's clock may be that much ahead of the hub's.
_CLOCK_AHEAD: Final = timedelta(days=31)


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
        RefusedError: not signed by enough of the role's keys, not the next version, expired or
            valid for too long, too large, or it names or delegates paths that are not the role's.
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
    if new.expires > now + PUBLISHER_PERIOD + _CLOCK_AHEAD:
        raise RefusedError(
            "The role file of {role} is valid for more than a year.",
            hint="Check the clock of the machine that signed it.",
            role=role,
        )
    delegated = delegator.get_delegated_role(role)
    patterns: list[str] = getattr(delegated, "paths", None) or []
    _check_paths(new, role, patterns)
    _check_delegations(new, role, patterns)
    return new


def _check_paths(new: Targets, role: str, patterns: list[str]) -> None:
    for path, target in new.targets.items():
        if is_assignment_path(path):
            _check_assignment(path, role, patterns, target)
            continue
        pack = parse_pack_id(path)
        check_withdrawals(target.custom, pack)
        if not any(_matches(pack, pattern) for pattern in patterns):
            raise RefusedError(
                "{role} may not publish {pack}.",
                hint="A publisher signs only packs of its own place.",
                role=role,
                pack=pack,
            )


def _check_assignment(path: str, role: str, patterns: list[str], target: TargetFile) -> None:
    """Check that an assignment is the publisher's own: only a place itself speaks for it."""
    place_of(path)
    if path not in map(assignment_path, patterns) or target.custom is not None:
        raise RefusedError(
            "{role} may not publish {path}.",
            hint="A publisher assigns only under the name of its own place.",
            role=role,
            path=path,
        )


def _check_delegations(new: Targets, role: str, patterns: list[str]) -> None:
    """Check that a publisher delegates only places within its own, under their own names.

    Names of roles are shared by the whole repository: without this, one province could take the
    name of another one's county, and every node would refuse that county's packs.
    """
    if new.delegations is None:
        return
    ones = new.delegations.roles
    if ones is None or len(ones) > MAX_DELEGATIONS:
        raise RefusedError(
            "{role} delegates to more than {limit} others.", role=role, limit=MAX_DELEGATIONS
        )
    for name, one in ones.items():
        pattern = one.paths[0] if one.paths and len(one.paths) == 1 else ""
        covered = pattern not in patterns and any(_matches(pattern, wide) for wide in patterns)
        # A province's own packs (gd/-) go by the name of the province.
        named = name != role and _is_place(name, pattern)
        if not covered or not one.terminating or not named:
            raise RefusedError(
                "{role} may not delegate to {name}.",
                hint="A publisher delegates only to places within its own, such as gd to"
                " gd.zhuhai for gd/zhuhai/*.",
                role=role,
                name=repr(name[:100]),
            )


def _is_place(name: str, pattern: str) -> bool:
    try:
        publisher = publisher_of(pattern.removesuffix("/*"))
    except UsageError:
        return False
    return (publisher.role, publisher.pattern) == (name, pattern)


def _matches(path: str, pattern: str) -> bool:
    # As TUF has it: segment by segment, "*" never crosses a "/".
    given, wanted = path.split("/"), pattern.split("/")
    return len(given) == len(wanted) and all(
        fnmatchcase(one, other) for one, other in zip(given, wanted, strict=True)
    )
