"""What belongs on a stick: the repository's metadata whole, and the packs of a group's schools."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

from tuf.api.metadata import TargetFile, Targets

from core.assigning import wanted, wanted_by_group
from core.assignment import (
    MAX_ASSIGNMENT_BYTES,
    Assignment,
    assignment_file,
    decode_assignment,
    is_assignment_path,
)
from core.digest import parse_digest
from core.errors import RefusedError, UsageError
from core.names import PackId
from core.release import (
    MAX_RELEASE_BYTES,
    BundleLink,
    Release,
    bundle_path,
    decode_release,
    release_path,
)
from core.trust import roles
from hub.decide import walk
from hub.published import Published
from hub.registry.schools import School
from hub.repository import Repository

_NAMED: Final = 20


class Bundle(NamedTuple):
    """A bundle that belongs on the stick."""

    release: Release
    link: BundleLink

    @property
    def path(self) -> str:
        """Where it lies."""
        return bundle_path(self.link.index)


class Small(NamedTuple):
    """A small file that belongs on the stick; ``data`` where it was verified already."""

    path: str
    limit: int
    data: bytes | None = None


@dataclass(frozen=True)
class Contents:
    """What belongs on a stick.

    Attributes:
        small: files in the order in which they are to be written: what leads to others last.
        bundles: of the packs that were chosen.
        packs: their ids.
        expires: the moment when the first of the signatures that they need expires.
        first_to_expire: name of the role whose signature that is.
        schools: schools of the group; None when no group was named.
    """

    small: list[Small]
    bundles: list[Bundle]
    packs: list[str]
    expires: datetime
    first_to_expire: str
    schools: frozenset[str] | None


def gather(
    repository: Repository,
    published: Published,
    group: str = "",
    schools: Mapping[str, School] | None = None,
) -> Contents:
    """Choose what belongs on a stick.

    Args:
        repository: the hub's.
        published: its verified state.
        group: name of the group whose packs are wanted; empty for all packs.
        schools: what the hub knows of schools, by id.

    Raises:
        RefusedError: a file of the repository is missing or damaged.
        UsageError: there is no such group.
    """
    targets = {name: role for name, role in published.roles.items() if role.targets}
    packs = {
        PackId(path): (name, target)
        for name, role in targets.items()
        for path, target in role.targets.items()
        if not is_assignment_path(path)
    }
    members: frozenset[str] | None = None
    chosen: Iterable[PackId] = packs
    if group:
        assignments = list(_assignments(repository, targets.values()))
        members, chosen = _of_group(group, assignments, schools or {}, list(packs))
    found = sorted(chosen)
    releases = [_release(repository, pack, packs[pack][1]) for pack in found]
    name, expires = _first_expiry(published, {packs[pack][0] for pack in found})
    return Contents(
        small=[*_targets(targets.values()), *_metadata(repository, published)],
        bundles=[Bundle(release, link) for release in releases for link in release.bundles],
        packs=list(found),
        expires=expires,
        first_to_expire=name,
        schools=members,
    )


def _of_group(
    group: str,
    assignments: list[Assignment],
    schools: Mapping[str, School],
    packs: list[PackId],
) -> tuple[frozenset[str], set[PackId]]:
    """Give a group's schools, and the packs that any of them should hold.

    The packs of schools that an assignment's group names follow from the assignments alone;
    those of schools that only the hub's table puts into the group, from each school's place.
    """
    named = {one for a in assignments for one in a.groups.get(group, [])}
    listed = {one.id for one in schools.values() if group in one.groups}
    by_group = wanted_by_group(assignments, group, packs)
    if by_group is None and not listed:
        raise _no_group(group, assignments, schools)
    chosen = set(by_group or {})
    for school in listed - named:
        own = wanted(assignments, school, schools[school].place, packs)
        chosen.update(packs if own is None else own)
    return frozenset(named | listed), chosen


def _no_group(
    group: str, assignments: list[Assignment], schools: Mapping[str, School]
) -> UsageError:
    known = {name for one in assignments for name in one.groups}
    known.update(name for school in schools.values() for name in school.groups)
    return UsageError(
        "There is no group {group}.",
        hint="The groups are: {known}." if known else "No groups were made: see pack assign.",
        group=repr(group[:100]),
        known=", ".join(sorted(known)[:_NAMED]),
    )


def _assignments(repository: Repository, targets: Iterable[Targets]) -> Iterator[Assignment]:
    for role in targets:
        for path, target in role.targets.items():
            if is_assignment_path(path):
                file = assignment_file(path, parse_digest(target.hashes["sha256"]))
                data = _read(repository, file, MAX_ASSIGNMENT_BYTES)
                yield decode_assignment(data, path)


def _release(repository: Repository, pack: PackId, target: TargetFile) -> Release:
    path = release_path(pack, parse_digest(target.hashes["sha256"]))
    return decode_release(_read(repository, path, MAX_RELEASE_BYTES))


def _read(repository: Repository, path: str, limit: int) -> bytes:
    data = repository.read(path, limit)
    if data is None:
        raise missing(path)
    return data


def missing(path: str) -> RefusedError:
    """Say that a file of the repository is missing."""
    return RefusedError(
        "The repository's file {path} is missing.",
        hint="Restore the repository from a mirror or a backup.",
        path=path,
    )


def _targets(targets: Iterable[Targets]) -> Iterator[Small]:
    """Give every release and assignment: they are small, and a node asks for all."""
    for role in targets:
        for path, target in role.targets.items():
            is_assignment = is_assignment_path(path)
            limit = MAX_ASSIGNMENT_BYTES if is_assignment else MAX_RELEASE_BYTES
            yield Small(release_path(PackId(path), parse_digest(target.hashes["sha256"])), limit)


def _metadata(repository: Repository, published: Published) -> Iterator[Small]:
    for version in range(1, published.root.version + 1):
        yield Small(roles.metadata_path("root", version), roles.MAX_ROOT_BYTES)
    for name, meta in published.snapshot.meta.items():
        role = name.removesuffix(".json")
        path = roles.metadata_path(role, meta.version)
        # A mirror has no file of a role that nobody delegates to any more.
        if role in {"targets", *published.roles} or repository.size(path) is not None:
            yield Small(path, roles.MAX_TARGETS_BYTES)
    snapshot = roles.metadata_path("snapshot", published.snapshot.version)
    yield Small(snapshot, roles.MAX_SNAPSHOT_BYTES, published.snapshot_bytes)
    yield Small(roles.TIMESTAMP_PATH, roles.MAX_TIMESTAMP_BYTES, published.timestamp_bytes)
    yield Small(roles.TIP_PATH, 0, published.tip)


def _first_expiry(published: Published, used: set[str]) -> tuple[str, datetime]:
    """Give the role that expires first of those that the chosen packs need."""
    parents = {
        name: next((n for n, role in published.roles.items() if role is delegator), "")
        for name, delegator in walk(published.targets, published.roles)
    }
    needed: set[str] = set()
    for name in used:
        while name and name not in needed:
            needed.add(name)
            name = parents.get(name, "")  # noqa: PLW2901 - climbs to the top
    moments = {
        "root": published.root.expires,
        "targets": published.targets.expires,
        "snapshot": published.snapshot.expires,
        "timestamp": published.timestamp.expires,
        **{name: published.roles[name].expires for name in needed},
    }
    return min(moments.items(), key=lambda one: one[1])
