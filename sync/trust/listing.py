"""Listing all packs and assignments of a repository, by python-tuf's public interface alone.

``Updater.get_targetinfo`` loads and verifies the roles that may speak for a path. So each
publisher is probed with a path of its pattern that is no pack; then its verified file tells the
names of its targets, and ``get_targetinfo`` says for each name whose word counts. A publisher
whose file is missing, damaged or expired is a problem of its own. One that does not concern this
node is not read at all.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import quote

from tuf.api.exceptions import DownloadError, RepositoryError
from tuf.api.metadata import DelegatedRole, Metadata, TargetFile, Targets
from tuf.ngclient import Updater

from core.assignment import is_assignment_path, place_of
from core.errors import PackhorseError, RefusedError
from core.names import PackId, parse_pack_id
from core.trust.roles import Publisher
from sync.source import SourceError
from sync.trust.fetcher import TipFetcher
from sync.trust.words import worded

Concerns = Callable[[str], bool]

_MAX_ROLES: Final = 1024
# No pack's last segment, but every pattern's star matches it.
_PROBE: Final = "-"


class PackTarget(NamedTuple):
    """A pack, and the verified description of its release."""

    pack: PackId
    target: TargetFile


class AssignmentTarget(NamedTuple):
    """An assignment's path, and the verified description of its file."""

    path: str
    target: TargetFile


class Listing(NamedTuple):
    """What a repository's publishers sign.

    Attributes:
        packs: sorted.
        assignments: sorted.
        problems: what is wrong with single publishers; the others are not affected.
        unread: those of them whose file cannot be read, so that nobody knows what they sign.
    """

    packs: list[PackTarget]
    assignments: list[AssignmentTarget]
    problems: list[PackhorseError]
    unread: list[Publisher]


class Walk:
    """Lists packs and assignments, publisher by publisher.

    Args:
        updater: refreshed.
        fetcher: what gives it files.
        metadata: its directory.
    """

    def __init__(self, updater: Updater, fetcher: TipFetcher, metadata: Path) -> None:
        self._updater = updater
        self._fetcher = fetcher
        self._metadata = metadata
        self._seen: set[str] = set()
        self._passed: dict[str, DelegatedRole] = {}
        self.packs: dict[str, PackTarget] = {}
        self.assignments: dict[str, AssignmentTarget] = {}
        self.problems: list[PackhorseError] = []
        self.unread: list[Publisher] = []

    def go(self, concerns: Concerns) -> None:
        """Read the publishers that concern this node, of those not read yet.

        Args:
            concerns: says of a path pattern whether its publisher's word may count here.

        Raises:
            SourceError: the line failed.
        """
        if not self._seen:
            self._enter("targets", None, concerns)
        waiting, self._passed = self._passed, {}
        for role in waiting.values():
            self._follow(role, concerns)

    def listing(self) -> Listing:
        """Give what was found."""
        packs = [self.packs[one] for one in sorted(self.packs)]
        assignments = [self.assignments[one] for one in sorted(self.assignments)]
        return Listing(packs, assignments, self.problems, self.unread)

    def _enter(self, role: str, own: DelegatedRole | None, concerns: Concerns) -> None:
        """Take the targets of a role that was verified, and go on to those it delegates to."""
        if role in self._seen or len(self._seen) >= _MAX_ROLES:
            return
        self._seen.add(role)
        file = self._metadata / f"{quote(role, '')}.json"
        signed = Metadata[Targets].from_bytes(file.read_bytes()).signed
        for path in signed.targets:
            if own is None or own.is_delegated_path(path):
                self._take(path)
            else:
                self.problems.append(_not_its_own(role, path))
        delegations = signed.delegations
        for delegated in (delegations.roles or {}).values() if delegations else ():
            self._follow(delegated, concerns)

    def _follow(self, role: DelegatedRole, concerns: Concerns) -> None:
        if not role.paths:
            self.problems.append(
                RefusedError(
                    "The packs of {role} cannot be listed: it has no path patterns.",
                    hint="Update Packhorse on this machine.",
                    role=role.name,
                )
            )
        elif not any(concerns(pattern) for pattern in role.paths):
            self._passed[role.name] = role
        elif all(self._probe(role.name, pattern) for pattern in role.paths):
            self._enter(role.name, role, concerns)
        else:
            self.unread += [Publisher(role.name, pattern) for pattern in role.paths]

    def _probe(self, role: str, pattern: str) -> bool:
        self._fetcher.last = ""
        try:
            self._updater.get_targetinfo(pattern.replace("*", _PROBE))
        except (RepositoryError, DownloadError) as error:
            self._note(error, f"the role file of {role}")
            return False
        return (self._metadata / f"{quote(role, '')}.json").is_file()

    def _take(self, path: str) -> None:
        self._fetcher.last = ""
        is_assignment = is_assignment_path(path)
        try:
            name = place_of(path) if is_assignment else parse_pack_id(path)
            target = self._updater.get_targetinfo(path)
        except RefusedError as error:
            self.problems.append(error)
        except (RepositoryError, DownloadError) as error:
            self._note(error, path)
        else:
            if target is None:
                return
            if is_assignment:
                self.assignments[name] = AssignmentTarget(path, target)
            else:
                self.packs[name] = PackTarget(PackId(name), target)

    def _note(self, error: RepositoryError | DownloadError, what: str) -> None:
        """Note what is wrong with one publisher; a line that failed stops the whole list."""
        problem = worded(error, self._fetcher, what)
        if isinstance(problem, SourceError):
            if not problem.is_of_the_file:
                raise problem from error
            # The line is up: it is the repository that is not what was signed.
            problem = RefusedError(problem.template, hint=problem.hint_template, **problem.fields)
        self.problems.append(problem)


def _not_its_own(role: str, path: str) -> RefusedError:
    return RefusedError(
        "{role} signs {pack}, which it may not publish.",
        hint="It is left out; tell whoever keeps the key of {role}.",
        role=role,
        pack=path[:200],
    )
