"""One round of trust: refresh, list all packs, read releases; on a stage, committed at its end."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Final, NamedTuple

from tuf.api.exceptions import (
    DownloadError,
    ExpiredMetadataError,
    LengthOrHashMismatchError,
    RepositoryError,
)
from tuf.api.metadata import Metadata, Root, Snapshot, TargetFile, Timestamp
from tuf.api.serialization import DeserializationError

from cache.clock import Clock
from cache.state import StateDirectory
from core.assignment import MAX_ASSIGNMENT_BYTES, Assignment, decode_assignment, place_of
from core.digest import Digest, digest_of, parse_digest
from core.errors import PackhorseError, RefusedError
from core.names import PackId
from core.release import MAX_RELEASE_BYTES, Release, decode_release, release_path
from core.tip import Tip
from core.trust import roles
from core.trust.updating import begin_update
from core.trusted_time import trusted_now
from sync.source import Source, SourceError
from sync.trust.fetcher import TipFetcher
from sync.trust.floor import Floor, raised, read_floor, rotated, write_floor
from sync.trust.listing import AssignmentTarget, PackTarget, Walk
from sync.trust.polling import Base, Poll, ask
from sync.trust.reach import Reach
from sync.trust.stage import Stage, enrolment_root
from sync.trust.words import worded

if TYPE_CHECKING:
    from tuf.ngclient import Updater

_LOCAL: Final = "the metadata on this node"


class TrustedTime(NamedTuple):
    """The moment against which expiry is judged, and whether the clock verified it."""

    moment: datetime
    clock_verified: bool


def current_time(state: StateDirectory, clock: Clock) -> TrustedTime:
    """Give trusted time as it stands."""
    return _time(read_floor(state.root), clock)


def _time(floor: Floor, clock: Clock) -> TrustedTime:
    return TrustedTime(*trusted_now(floor.moment, clock.wall(), synchronised=clock.synchronised()))


class TrustSession:
    """A stage on which one source's metadata are verified.

    Args:
        state: the node's state directory.
        clock: the machine's clocks.
        source: the upstream.

    Attributes:
        time: trusted time.
        problems: what is wrong with single publishers; the others are not affected.
        assignments: those that any publisher signs, after ``packs``.
        unread: publishers whose file cannot be read, after ``packs``.
    """

    def __init__(self, state: StateDirectory, clock: Clock, source: Source) -> None:
        self._state = state
        self._clock = clock
        self._source = source
        self._root = enrolment_root(state.trust)
        self._floor = read_floor(state.root)
        self._stage = Stage(state.trust)
        self._updater: Updater | None = None
        self._fetcher = TipFetcher(source, None)
        self._used: set[str] = set()
        self._read: dict[Digest, Assignment] = {}
        self._listed = False
        self._sound = True
        self._then: Callable[[], None] | None = None
        self.time = _time(self._floor, clock)
        self.problems: list[PackhorseError] = []
        self.assignments: list[AssignmentTarget] = []
        self.unread: list[roles.Publisher] = []

    @property
    def damaged(self) -> list[str]:
        """Files of the node's own state that cannot be read and are fetched again."""
        return self._stage.damaged

    @property
    def is_complete(self) -> bool:
        """Whether the node has metadata to go on with when the tip has not changed."""
        names = ("timestamp.json", "snapshot.json")
        return not self.damaged and all((self._stage.metadata / one).is_file() for one in names)

    def poll(self, known: str) -> Poll:
        """Ask whether anything is new.

        Args:
            known: what the last poll of this upstream said to remember; empty to ask for all.

        Raises:
            SourceError: the line or the upstream failed.
            RefusedError: the tip is damaged or too large.
        """
        found = ask(self._source, self._base(), known)
        if known and found.tip and self._is_here(found.tip):
            # The first answer to a question that was not asked before.
            return found._replace(tip=None)
        return found

    def take(self, poll: Poll) -> None:
        """Verify what a poll brought; raises as ``refresh``."""
        if poll.is_changed:
            self._take_new(poll)
        else:
            self._take_again()
        verified = (self._stage.metadata / "snapshot.json").read_bytes()
        if poll.base.data == verified and poll.base != self._base():
            self._stage.polled.write_bytes(verified)

    def _take_new(self, poll: Poll) -> None:
        try:
            self.refresh(poll.tip, poll.path)
        except RefusedError:
            # Perhaps the upstream's tips are made against another snapshot by now.
            self._stage.polled.unlink(missing_ok=True)
            raise

    def _take_again(self) -> None:
        try:
            self.refresh_unchanged()
        except RefusedError as error:
            if isinstance(error.__cause__, ExpiredMetadataError):
                raise
            # The upstream has nothing new, so it is this node's own files that are spoilt.
            self.refresh(ask(self._source, Base(), "").tip)

    def refresh(self, tip: Tip | None, path: str = roles.TIP_PATH) -> None:
        """Verify root, timestamp, snapshot and targets.

        Args:
            tip: what the tip says; None to ask for the files themselves.
            path: where the tip was.

        Raises:
            RefusedError: something is not signed, expired, older than what was seen, damaged.
            UnavailableError: a file could not be fetched.
        """
        held = self._stage.metadata if tip else None
        self._run(TipFetcher(self._source, tip, path, held=held))

    def refresh_unchanged(self) -> None:
        """Verify again what is here, when the tip has not changed; needs no upstream.

        Raises:
            RefusedError: it has expired meanwhile.
            UnavailableError: a file that was missing could not be fetched.
        """
        self._run(TipFetcher(self._source, self._local_tip(), _LOCAL, self._stage.metadata))

    def packs(self, reach: Reach | None = None) -> list[PackTarget]:
        """List the packs that publishers sign, with what is wrong in ``problems``.

        Args:
            reach: which publishers count here; None for all.

        Raises:
            SourceError: the line failed.
        """
        if self._updater is None:
            raise RuntimeError
        walk = Walk(self._updater, self._fetcher, self._stage.metadata)
        if reach is None or reach.is_everywhere():
            walk.go(_all)
        else:
            walk.go(reach.assigns)
            read = self._readable(walk.listing().assignments)
            walk.go(_all if read is None else lambda one: reach.publishes(one, read))
        found = walk.listing()
        self.problems += found.problems
        self._listed = not found.problems
        self.assignments = found.assignments
        self.unread = found.unread
        return found.packs

    def _readable(self, ones: Sequence[AssignmentTarget]) -> list[Assignment] | None:
        """Read assignments; None where one cannot be read, so that nobody knows what is wanted."""
        try:
            return [self.assignment(one) for one in ones]
        except PackhorseError as error:
            if isinstance(error, SourceError) and not error.is_of_the_file:
                raise
            return None

    def assignment(self, one: AssignmentTarget) -> Assignment:
        """Read and verify an assignment.

        Raises:
            RefusedError: it is not what was signed.
            UnavailableError: it could not be fetched.
        """
        digest = _digest_of(one.target)
        if one.target.length > MAX_ASSIGNMENT_BYTES:
            raise RefusedError("The assignment of {place} is too large.", place=place_of(one.path))
        if digest not in self._read:
            data = self._kept(digest, one.target, one.path)
            self._read[digest] = decode_assignment(data, one.path)
        return self._read[digest]

    def release(self, pack: PackTarget) -> Release:
        """Read and verify a pack's release.

        Raises:
            RefusedError: it is not what was signed.
            UnavailableError: it could not be fetched.
        """
        digest = _digest_of(pack.target)
        if pack.target.length > MAX_RELEASE_BYTES:
            raise RefusedError("The release of {pack} is too large.", pack=pack.pack)
        release = decode_release(self._kept(digest, pack.target, pack.pack))
        if release.pack != pack.pack:
            raise RefusedError("The release of {pack} is of another pack.", pack=pack.pack)
        return release

    def _kept(self, digest: Digest, target: TargetFile, name: str) -> bytes:
        """Give a target's bytes: those that an earlier run verified, else fetched."""
        self._used.add(digest)
        kept = self._stage.releases / digest
        if kept.is_file():
            return kept.read_bytes()
        path = release_path(PackId(name), digest)
        data = self._source.read(path, target.length)
        _verify(target, data, path)
        kept.write_bytes(data)
        return data

    def commit_soon(self, then: Callable[[], None]) -> None:
        """Call ``then`` once what was verified is durable."""
        self._then = then

    def commit(self) -> None:
        """Keep what was verified, durably; nothing of what is older than what was seen."""
        if not self._sound:
            self.discard()
            return
        if self._listed:
            for path in self._stage.releases.iterdir():
                if path.name not in self._used:
                    path.unlink()
        if self._floor != read_floor(self._state.root):
            write_floor(self._state.root, self._floor)
        self._stage.commit()
        if self._then is not None:
            self._then()

    def discard(self) -> None:
        """Keep nothing."""
        self._stage.discard()

    def _run(self, fetcher: TipFetcher) -> None:
        self._fetcher = fetcher
        try:
            try:
                self._refresh()
            except ExpiredMetadataError:
                if not self._recover():
                    raise
                self._refresh()
        except (RepositoryError, DownloadError) as error:
            raise worded(error, fetcher, _LOCAL) from error
        self._sound = False
        self._floor = raised(self._floor, self._trusted_root(), self._stage.metadata)
        self._sound = True
        self.time = _time(self._floor, self._clock)

    def _refresh(self) -> None:
        folder = str(self._stage.metadata)
        updater = begin_update(folder, self._fetcher, self._root, self.time.moment)
        updater.refresh()
        self._updater = updater

    def _recover(self) -> bool:
        """Lower the floor of time when a new root gives the timestamp other keys."""
        floor = rotated(self._floor, self._trusted_root())
        if floor.moment >= self._floor.moment:
            return False
        self._floor = floor
        self.time = _time(floor, self._clock)
        return True

    def _is_here(self, tip: Tip) -> bool:
        """Say whether all that a tip holds is here: a round may have ended after the timestamp."""
        names = ("timestamp.json", "snapshot.json")
        here = [(self._stage.metadata / name).read_bytes() for name in names]
        return here == [tip.timestamp, tip.snapshot]

    def _base(self) -> Base:
        try:
            data = self._stage.polled.read_bytes()
            return Base(Metadata[Snapshot].from_bytes(data).signed.version, data)
        except (FileNotFoundError, DeserializationError):
            return Base()

    def _trusted_root(self) -> Root:
        return Metadata[Root].from_bytes((self._stage.metadata / "root.json").read_bytes()).signed

    def _local_tip(self) -> Tip:
        timestamp = (self._stage.metadata / "timestamp.json").read_bytes()
        version = Metadata[Timestamp].from_bytes(timestamp).signed.snapshot_meta.version
        snapshot = (self._stage.metadata / "snapshot.json").read_bytes()
        Metadata[Snapshot].from_bytes(snapshot)
        roots = (self._stage.metadata / "root_history").glob("*.root.json")
        root = max(int(path.name.partition(".")[0]) for path in roots)
        return Tip(root, timestamp, version, snapshot)


@contextmanager
def open_trust(state: StateDirectory, clock: Clock, source: Source) -> Iterator[TrustSession]:
    """Open a stage; what was verified is kept, unless it shows the node an older world.

    Raises:
        NoStateError: the node is not enrolled.
        RefusedError: from inside; a rollback keeps nothing.
    """
    session = TrustSession(state, clock, source)
    try:
        yield session
    except PackhorseError:
        session.commit()
        raise
    except BaseException:
        session.discard()
        raise
    session.commit()


def _all(pattern: str) -> bool:
    del pattern
    return True


def _digest_of(target: TargetFile) -> Digest:
    return parse_digest(str(target.hashes.get("sha256", "")))


def _verify(target: TargetFile, data: bytes, path: str) -> None:
    try:
        target.verify_length_and_hashes(data)
    except LengthOrHashMismatchError as error:
        raise RefusedError(
            "{file} is damaged or not what was signed.",
            hint="It is fetched again at the next poll.",
            file=path,
            found=digest_of(data),
        ) from error
