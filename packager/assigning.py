"""What an assignment changes, for which groups, before it is published."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import msgspec
from tuf.api.metadata import TargetFile, Targets

from core.assigning import Wanted, matches, wanted
from core.assignment import (
    EVERYBODY,
    MAX_ASSIGNMENT_BYTES,
    Assignment,
    assignment_file,
    decode_assignment,
    is_assignment_path,
)
from core.digest import parse_digest
from core.errors import RefusedError
from core.manifest import Manifest
from core.names import PackId, parse_pack_id
from core.release import Release
from packager.authority import published_roles
from packager.fetch import fetch_manifest, published_release, read_target
from packager.remote import Remote


@dataclass(frozen=True)
class Repository:
    """What is published, as far as an assignment is about it.

    Attributes:
        packs: every published pack, with the release that its role names.
        manifest_of: reads the manifest of a release.
        assignments: those of every publisher that can be read.
        problems: what is wrong with the others.
    """

    packs: dict[PackId, Callable[[], Release | None]]
    manifest_of: Callable[[Release], Manifest]
    assignments: list[Assignment]
    problems: list[RefusedError] = field(default_factory=list)


@dataclass(frozen=True)
class GroupChange:
    """What changes for one group.

    Attributes:
        group: its name; ``*`` for schools that are in none.
        schools: how many it has from now on.
        joined: schools that are new in it.
        left: schools that are no longer in it.
        added: packs that its schools take from now on.
        removed: packs that they take no longer; what they have of them stays.
        changed: packs that come sooner, later or in other renditions.
    """

    group: str
    schools: int
    joined: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    added: dict[PackId, Wanted] = field(default_factory=dict)
    removed: list[PackId] = field(default_factory=list)
    changed: dict[PackId, tuple[Wanted, Wanted]] = field(default_factory=dict)

    @property
    def none(self) -> bool:
        """Whether nothing changes."""
        return not (self.joined or self.left or self.added or self.removed or self.changed)

    def is_like(self, other: "GroupChange") -> bool:
        """Whether the same changes for its schools as for another's."""
        mine, its = ((one.added, one.removed, one.changed) for one in (self, other))
        return mine == its


def read_repository(remote: Remote) -> Repository:
    """Read which packs and assignments are published.

    Raises:
        RefusedError: the repository's signatures are not right.
    """
    found = Repository({}, partial(fetch_manifest, remote), [])
    for _, role in published_roles(remote):
        for path, target in role.targets.items():
            try:
                _take(remote, role, path, target, found)
            except RefusedError as error:
                found.problems.append(error)
    return found


def changes_of(
    old: Assignment | None, new: Assignment | None, place: str, repository: Repository
) -> list[GroupChange]:
    """Say what changes for which group, those for which nothing does left out.

    A group's packs are those of a school that is in it and in no other. A change that is the
    same for every school is said once.

    Args:
        old: what is published now.
        new: what is to be published; None to take it away.
        place: of the publisher.
        repository: what there is, and what others assign.
    """
    look = _Look(place, repository)
    everybody = look.change(EVERYBODY, old, new)
    names = [*(old.groups if old else {}), *(new.groups if new else {})]
    groups = [look.change(name, old, new) for name in dict.fromkeys(names)]
    return [
        everybody,
        *(one for one in groups if one.joined or one.left or not one.is_like(everybody)),
    ][everybody.none :]


def unmatched(assignment: Assignment, repository: Repository) -> list[str]:
    """Give the patterns that are about no published pack."""
    patterns = {rule.pack: rule for rule in assignment.rules}
    return [
        pattern
        for pattern, rule in patterns.items()
        if not any(matches(rule, pack) for pack in repository.packs)
    ]


def groups_taking(pack: PackId, repository: Repository) -> list[tuple[str, str, int]]:
    """Give who takes a pack by any assignment: place, group, and how many schools it has."""
    return [
        (one.place, group, len(one.groups.get(group, [])))
        for one in repository.assignments
        for group in dict.fromkeys(rule.group for rule in one.rules if matches(rule, pack))
    ]


def _take(remote: Remote, role: Targets, path: str, target: TargetFile, found: Repository) -> None:
    if is_assignment_path(path):
        place = assignment_file(path, parse_digest(target.hashes.get("sha256", "")))
        data = read_target(remote, target, place, MAX_ASSIGNMENT_BYTES)
        found.assignments.append(decode_assignment(data, path))
    else:
        pack = parse_pack_id(path)
        found.packs.setdefault(pack, partial(published_release, remote, role, pack))


class _Look:
    def __init__(self, place: str, repository: Repository) -> None:
        self._place = place
        self._packs = list(repository.packs)
        self._others = [one for one in repository.assignments if one.place != place]

    def change(self, group: str, old: Assignment | None, new: Assignment | None) -> GroupChange:
        before = old.groups.get(group, []) if old else []
        after = new.groups.get(group, []) if new else []
        was, will = self._wanted(group, old), self._wanted(group, new)
        return GroupChange(
            group=group,
            schools=len(after),
            joined=sorted(set(after) - set(before)),
            left=sorted(set(before) - set(after)),
            added={one: how for one, how in will.items() if one not in was},
            removed=[one for one in was if one not in will],
            changed={one: (was[one], how) for one, how in will.items() if was.get(one, how) != how},
        )

    def _wanted(self, group: str, assignment: Assignment | None) -> dict[PackId, Wanted]:
        mine = []
        if assignment is not None:
            rules = [
                msgspec.structs.replace(rule, group=EVERYBODY)
                for rule in assignment.rules
                if rule.group in {EVERYBODY, group}
            ]
            mine = [Assignment(place=self._place, rules=rules)]
        found = wanted([*mine, *self._others], "", self._place, self._packs)
        return dict.fromkeys(self._packs, Wanted()) if found is None else found
