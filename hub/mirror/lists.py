"""Roles, releases and assignments of a state: fetched, verified, stored raw.

They are named by version or digest, and nobody looks at them before the timestamp leads there;
so each is stored as soon as it is verified. What is wrong with one publisher stops no other.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Final

from tuf.api.exceptions import LengthOrHashMismatchError
from tuf.api.metadata import DelegatedRole, TargetFile, Targets

from core.assignment import MAX_ASSIGNMENT_BYTES, is_assignment_path, place_of
from core.digest import parse_digest
from core.errors import PackhorseError, RefusedError
from core.names import PackId, parse_pack_id
from core.release import MAX_RELEASE_BYTES, bundle_path, decode_release, release_path
from core.trust import roles
from core.trust.edit import parse
from core.trust.roles import Publisher, may_publish
from hub.decide import walk
from hub.mirror.trusting import State
from hub.mirror.upstream import MissingError, Upstream
from hub.published import Published, load_published
from hub.repository import Repository
from hub.stick.contents import Bundle

_ROOT: Final = re.compile(r"metadata/\d+\.root\.json\Z")
_METADATA: Final = re.compile(r"metadata/\d+\.[a-z0-9-]{1,64}(?:\.[a-z0-9-]{1,64})?\.json\Z")
MOST_PROBLEMS: Final = 50


@dataclass
class Lists:
    """What a state says.

    Attributes:
        published: its roles, verified.
        bundles: those of the packs that are mirrored, the smallest first.
        named: paths of all files that the state leads to, bundles included.
        problems: what is wrong with single publishers or packs.
    """

    published: Published
    bundles: list[Bundle] = field(default_factory=list)
    named: set[str] = field(default_factory=set)
    problems: list[PackhorseError] = field(default_factory=list)

    def note(self, problem: PackhorseError) -> None:
        """Note a problem, of which there may be any number."""
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(problem)


def gather(
    repository: Repository, upstream: Upstream, state: State, patterns: Sequence[str]
) -> Lists:
    """Bring the lists of a state here.

    Args:
        repository: where they are stored.
        upstream: where they come from.
        state: verified.
        patterns: of the ids of the packs whose bundles are wanted.

    Raises:
        RefusedError: the targets role is damaged.
        UnavailableError: the line or the upstream failed.
    """
    overlay = _Overlay(repository, upstream, state)
    published = load_published(overlay)
    lists = Lists(published, problems=overlay.problems)
    for name in published.lapsed:
        lists.note(_lapsed(name))
        overlay.drop_damaged(_role_path(published, name))
        lists.named |= _left_by(repository, name)
    known = {roles.metadata_path("targets", published.targets.version)}
    known |= {_role_path(published, name) for name in published.roles}
    for path in known & overlay.fetched.keys():
        repository.put(path, overlay.fetched[path])
    for path, data in state.files.items():
        if path != roles.TIMESTAMP_PATH and repository.read(path, len(data) + 1) != data:
            repository.put(path, data)
    lists.named |= known | state.files.keys()
    lists.named |= {roles.metadata_path("root", n) for n in range(1, published.root.version + 1)}
    for path, target in _signed(published, lists):
        with_release = not is_assignment_path(path)
        try:
            data = _target(repository, upstream, path, target)
        except (RefusedError, MissingError) as error:
            lists.note(error)
            continue
        lists.named.add(_file_of(path, target))
        if with_release:
            _take_release(lists, path, data, patterns)
    lists.bundles.sort(key=lambda one: (one.link.length, one.path))
    return lists


def withdraws(before: Published | None, after: Published) -> bool:
    """Say whether a state takes back, or gives back, anything that the one before did not.

    Of a publisher that cannot be read in it nothing is known.
    """
    lost = set(after.lapsed)
    return before is not None and _customs(before, lost) != _customs(after, lost)


def _customs(published: Published, lost: Collection[str]) -> dict[str, object]:
    return {
        path: target.custom
        for name, role in published.roles.items()
        # Whom a lost one has delegated to is lost with it.
        if name not in lost and name.partition(".")[0] not in lost
        for path, target in role.targets.items()
        if target.custom is not None
    }


class _Overlay:
    """The repository as it would be with a new state, read through the upstream."""

    def __init__(self, repository: Repository, upstream: Upstream, state: State) -> None:
        self._repository = repository
        self._upstream = upstream
        self._state = state
        self.fetched: dict[str, bytes] = {}
        self.problems: list[PackhorseError] = []

    def read(self, path: str, limit: int) -> bytes | None:
        if path in self._state.files:
            return self._state.files[path]
        if not _METADATA.match(path):
            # A role's name, by whoever delegates to it.
            return None
        found = self._repository.read(path, limit)
        if found is not None or _ROOT.match(path):
            return found
        try:
            self.fetched[path] = self._upstream.read(path, limit)
        except (MissingError, RefusedError) as error:
            self.problems.append(error)
            return None
        return self.fetched[path]

    def drop_damaged(self, path: str) -> None:
        """Remove a role file that is another one than the upstream's; the next round brings it."""
        if not _METADATA.match(path) or path in self.fetched:
            return
        with suppress(MissingError, RefusedError):
            right = self._upstream.read(path, roles.MAX_TARGETS_BYTES)
            if self._repository.read_range(path, 0, roles.MAX_TARGETS_BYTES + 1) != right:
                self._repository.remove(path)


def _signed(published: Published, lists: Lists) -> Iterator[tuple[str, TargetFile]]:
    """Give what each publisher signs under its own patterns."""
    for name, delegator in walk(published.targets, published.roles):
        role = published.roles.get(name)
        patterns = _patterns(delegator, name)
        for path, target in role.targets.items() if role else ():
            if may_sign(name, patterns, path):
                yield path, target
            else:
                lists.note(_not_its_own(name, path))


def may_sign(role: str, patterns: Iterable[str], path: str) -> bool:
    """Say whether a role with these path patterns may sign a target."""
    return any(may_publish(Publisher(role, one), PackId(path)) for one in patterns)


def _patterns(delegator: Targets, name: str) -> list[str]:
    delegated: dict[str, DelegatedRole] = {}
    if delegator.delegations is not None:
        delegated = delegator.delegations.roles or {}
    return (delegated[name].paths or []) if name in delegated else []


def _take_release(lists: Lists, path: str, data: bytes, patterns: Sequence[str]) -> None:
    try:
        pack = parse_pack_id(path)
        release = decode_release(data)
    except RefusedError as error:
        lists.note(error)
        return
    if release.pack == pack and any(fnmatchcase(pack, one) for one in patterns):
        lists.bundles += [Bundle(release, link) for link in release.bundles]
        lists.named |= {bundle_path(link.index) for link in release.bundles}


def _target(repository: Repository, upstream: Upstream, path: str, target: TargetFile) -> bytes:
    """Give a signed file: from here, or fetched and stored."""
    limit = MAX_ASSIGNMENT_BYTES if is_assignment_path(path) else MAX_RELEASE_BYTES
    if target.length > limit:
        raise RefusedError("The release file of {pack} is too large.", pack=path)
    file = _file_of(path, target)
    data = repository.read(file, limit)
    if data is not None and _is(target, data):
        return data
    data = upstream.read(file, target.length)
    if not _is(target, data):
        raise RefusedError("{file} is damaged or not what was signed.", file=file)
    repository.put(file, data)
    return data


def _left_by(repository: Repository, name: str) -> set[str]:
    """Give what the newest file of a publisher that was ever right leads to, and itself.

    Its publisher will sign again; what is here of its packs must not come over the line twice.
    """
    versions = (one.partition(".") for one in repository.names("metadata"))
    here = [int(one) for one, _, rest in versions if rest == f"{name}.json" and one.isdecimal()]
    for path in (roles.metadata_path(name, one) for one in sorted(here, reverse=True)):
        with suppress(RefusedError):
            data = repository.read(path, roles.MAX_TARGETS_BYTES) or b""
            found = parse(data, Targets, roles.MAX_TARGETS_BYTES).targets
            return {path}.union(*(_leads_to(repository, *one) for one in found.items()))
    return set()


def _leads_to(repository: Repository, path: str, target: TargetFile) -> set[str]:
    file = _file_of(path, target)
    data = repository.read(file, max(MAX_RELEASE_BYTES, MAX_ASSIGNMENT_BYTES))
    if data is None or is_assignment_path(path):
        return {file}
    return {file, *(bundle_path(link.index) for link in decode_release(data).bundles)}


def _file_of(path: str, target: TargetFile) -> str:
    """Give where a signed file lies.

    Raises:
        RefusedError: its name is that of no pack and no assignment, or it has no digest.
    """
    if is_assignment_path(path):
        place_of(path)
    else:
        parse_pack_id(path)
    return release_path(PackId(path), parse_digest(str(target.hashes.get("sha256", ""))))


def _is(target: TargetFile, data: bytes) -> bool:
    try:
        target.verify_length_and_hashes(data)
    except LengthOrHashMismatchError:
        return False
    return True


def _role_path(published: Published, name: str) -> str:
    return roles.metadata_path(name, published.snapshot.meta[f"{name}.json"].version)


def _lapsed(name: str) -> RefusedError:
    return RefusedError(
        "The role {role} is damaged, or not signed by the keys it has now.",
        hint="Its publisher must publish again; until then it is left out.",
        role=name,
    )


def _not_its_own(name: str, path: str) -> RefusedError:
    return RefusedError(
        "{role} signs {pack}, which it may not publish.",
        hint="It is left out; tell whoever keeps the key of {role}.",
        role=name,
        pack=path[:200],
    )
