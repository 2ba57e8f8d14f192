"""Taking offers: what a publisher signed elsewhere comes here to be published (``core.offer``).

Order: the role is verified as the sequencer would, and kept; then come the files that it names,
each verified before it gets its name in the repository; then the role goes to ``incoming/``.
Killed at any point, whoever offers asks again what lacks.
"""

import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

from tuf.api.exceptions import LengthOrHashMismatchError
from tuf.api.metadata import TargetFile, Targets

from cache import durable
from cache.clock import Clock
from core.assignment import MAX_ASSIGNMENT_BYTES, is_assignment_path
from core.bundle.frame import spans
from core.digest import parse_digest
from core.errors import ExhaustedError, NoStateError, PackhorseError, RefusedError
from core.names import PackId
from core.offer import MAX_PIECE_BYTES, MOST_LACKING, Answer, Held
from core.release import MAX_RELEASE_BYTES, decode_release, release_path
from core.text import human_bytes
from core.trust import roles
from core.trust.edit import parse
from core.trust.verify import verify_role
from hub.checks import check_releases
from hub.decide import delegator_of, signing_time
from hub.layout import INCOMING, HubDirectory
from hub.published import Published, load_published, published_role
from hub.refusals import ConflictError, DamagedError, ForbiddenError
from hub.repository import DirectoryRepository, Repository
from hub.stick.contents import Bundle

_ROLE: Final = re.compile(r"[a-z0-9-]{1,64}(?:\.[a-z0-9-]{1,64})?\Z")
_FLOOR: Final = 1024 * 1024 * 1024
_CHUNK: Final = 1024 * 1024


class _Named(NamedTuple):
    """A file that a role leads to."""

    path: str
    length: int
    content: TargetFile | Bundle


class Offers:
    """Takes offers for one hub.

    Args:
        directory: the hub's.
        repository: its file tree.
        clock: tells the time.
    """

    def __init__(self, directory: HubDirectory, repository: Repository, clock: Clock) -> None:
        """Take nothing yet."""
        self._folder = directory.offers
        self._parts = self._folder / "parts"
        if isinstance(repository, DirectoryRepository):
            # On its own disk, so that what is whole only gets its name.
            self._parts = repository.root / ".offers"
        self._repository = repository
        self._clock = clock

    def offer(self, role: str, data: bytes) -> Answer:
        """Take a signed role file; say what lacks before it can be published.

        Raises:
            ForbiddenError: nobody has delegated to that role here.
            ConflictError: another publication of it waits.
            RefusedError: the sequencer would refuse it.
            DamagedError: what is published here cannot be read.
            ExhaustedError: the disk is full.
        """
        published = self._published()
        delegator = None
        if _ROLE.match(role):
            delegator = delegator_of(role, published.targets, published.roles)
        if delegator is None:
            raise ForbiddenError("Nobody has delegated to {role} here.", role=repr(role[:100]))
        current = published.roles.get(role)
        if current is None:
            current = published_role(self._repository, role, published.snapshot)
        if current is not None and self._is_published(role, current.version, data):
            return Answer()
        now = signing_time(self._clock.wall(), published.issued)
        new = verify_role(data, role, delegator, current, now)
        for folder in (self._folder, self._parts):
            durable.make_directory(folder)
        self._forget_other(role, data, new)
        durable.write_file(self._file(role), data)
        self._finish_whole(new)
        lacks = [self._held(one) for one in self._lacking(new)]
        if lacks:
            return Answer(lacks[:MOST_LACKING])
        check_releases(self._repository, new, current)
        self._hand_in(f"{INCOMING}/{role}.{new.version}.json", role, data)
        durable.remove(self._file(role))
        return Answer()

    def piece(self, role: str, path: str, at: int, data: bytes) -> Held:
        """Take a piece of a file that an offered role names; say how much of it is here.

        Raises:
            ConflictError: no such role is offered, or it names no such file that lacks.
            RefusedError: the file is not what was signed.
            ExhaustedError: the disk is full.
        """
        one = self._find(role, path)
        part = self._part(one)
        have = part.stat().st_size if part.is_file() else 0
        if at != have:
            return self._held(one)
        if len(data) > min(MAX_PIECE_BYTES, one.length - have):
            raise RefusedError("The piece of {path} is too long.", path=path[:200])
        self._check_room(len(data))
        with durable.open_staging(part) as file:
            file.seek(have)
            file.write(data)
            durable.checkpoint(file, part)
        if have + len(data) < one.length:
            return self._held(one)
        self._finish(one, part)
        return Held(one.path, one.length, one.length)

    def _published(self) -> Published:
        try:
            return load_published(self._repository)
        except (NoStateError, RefusedError) as error:
            # No verdict on what is offered: a mirror may not have anything yet.
            raise DamagedError(error.template, hint=error.hint_template, **error.fields) from error

    def _forget_other(self, role: str, data: bytes, new: Targets) -> None:
        """Remove what had come for another offer of the role, which nobody makes any more."""
        try:
            before = self._file(role).read_bytes()
        except FileNotFoundError:
            return
        if before == data:
            return
        kept = {self._part(one) for one in self._lacking(new)}
        with suppress(RefusedError):
            old = parse(before, Targets, roles.MAX_TARGETS_BYTES)
            for part in {self._part(one) for one in self._lacking(old)} - kept:
                durable.remove(part)

    def _file(self, role: str) -> Path:
        return self._folder / f"{role}.json"

    def _part(self, one: _Named) -> Path:
        return self._parts / hashlib.sha256(one.path.encode()).hexdigest()

    def _held(self, one: _Named) -> Held:
        part = self._part(one)
        return Held(one.path, one.length, part.stat().st_size if part.is_file() else 0)

    def _is_published(self, role: str, version: int, data: bytes) -> bool:
        path = roles.metadata_path(role, version)
        return self._repository.read(path, roles.MAX_TARGETS_BYTES) == data

    def _lacking(self, new: Targets) -> Iterator[_Named]:
        """Give the files that a role leads to and that are not here, as far as that is known."""
        for path, target in new.targets.items():
            is_pack = not is_assignment_path(path)
            limit = MAX_RELEASE_BYTES if is_pack else MAX_ASSIGNMENT_BYTES
            file = release_path(PackId(path), parse_digest(str(target.hashes.get("sha256", ""))))
            data = self._repository.read(file, limit)
            if data is None:
                if target.length > limit:
                    raise RefusedError("The release file of {pack} is too large.", pack=path)
                yield _Named(file, target.length, target)
            elif is_pack:
                release = decode_release(data)
                for bundle in (Bundle(release, link) for link in release.bundles):
                    if self._repository.size(bundle.path) != bundle.link.length:
                        yield _Named(bundle.path, bundle.link.length, bundle)

    def _find(self, role: str, path: str) -> _Named:
        if _ROLE.match(role):
            try:
                data = self._file(role).read_bytes()
            except FileNotFoundError:
                data = b""
            if data:
                new = parse(data, Targets, roles.MAX_TARGETS_BYTES)
                for one in self._lacking(new):
                    if one.path == path:
                        return one
        raise ConflictError(
            "No role is offered that lacks {path}.",
            hint="Offer the role first, and bring what the answer names.",
            path=repr(path[:200]),
        )

    def _finish_whole(self, new: Targets) -> None:
        """Give what came whole its name, where this was killed before it could."""
        for one in self._lacking(new):
            part = self._part(one)
            if part.is_file() and part.stat().st_size >= one.length:
                self._finish(one, part)

    def _finish(self, one: _Named, part: Path) -> None:
        try:
            _verify(one, part)
        except PackhorseError:
            durable.remove(part)
            raise
        if isinstance(self._repository, DirectoryRepository):
            place = self._repository.root / one.path
            durable.make_directory(place.parent)
            durable.replace(part, place)
        else:
            self._repository.put(one.path, part.read_bytes())
            durable.remove(part)

    def _hand_in(self, path: str, role: str, data: bytes) -> None:
        waiting = self._repository.read(path, roles.MAX_TARGETS_BYTES)
        if waiting is None:
            self._repository.put(path, data)
        elif waiting != data:
            raise ConflictError(
                "Another publication of {role} waits for the sequencer.",
                hint="Publish again in a minute.",
                role=role,
            )

    def _check_room(self, length: int) -> None:
        status = os.statvfs(self._parts)
        room = status.f_bavail * status.f_frsize
        if room < _FLOOR + length:
            raise ExhaustedError(
                "The hub's disk has {room} left, which it keeps free.",
                hint="Whoever runs the hub has to make room; then it goes on from here.",
                room=human_bytes(room),
            )


def _verify(one: _Named, part: Path) -> None:
    """Verify a whole file.

    Raises:
        RefusedError: it is not what was signed.
    """
    wrong = RefusedError("{path} is not what was signed.", hint="Publish again.", path=one.path)
    with part.open("rb") as file:
        if isinstance(one.content, TargetFile):
            try:
                one.content.verify_length_and_hashes(file)
            except LengthOrHashMismatchError as error:
                raise wrong from error
            return
        link, release = one.content.link, one.content.release
        for block in spans(file.read(link.index_length), link, release):
            found, left = hashlib.sha256(), block.length
            while left and (chunk := file.read(min(_CHUNK, left))):
                found.update(chunk)
                left -= len(chunk)
            if left or found.digest() != block.digest:
                raise wrong
